import { basename } from "node:path";

/**
 * How this jit was started, as it can be typed again: `jit` where it is installed, `npx jit` in a checkout, else Node
 * and the file.
 * @param script the second word of the process's command line
 */
export function invokedAs(
  env: Readonly<Record<string, string | undefined>>,
  script: string,
  platform: NodeJS.Platform,
): string {
  if (env["npm_command"] === "exec" || env["npm_lifecycle_event"] === "npx") return "npx jit";
  // Windows starts an installed command through a shim, which names the file.
  if (basename(script) === "jit" || platform === "win32") return "jit";
  return `node ${/^[A-Za-z0-9_./-]+$/.test(script) ? script : `'${script.replaceAll("'", "'\\''")}'`}`;
}
