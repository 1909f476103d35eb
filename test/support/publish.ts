import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Machine, SandboxProcess } from "./jit.ts";

/**
 * Publishes the next catalog of the sandbox's organization, as its administrator does with the sandbox's own files.
 * @param change of the first catalog's text
 */
export async function publishCatalog(
  sandbox: SandboxProcess,
  admin: Machine,
  version: number,
  change: (yaml: string) => string = (yaml) => yaml,
): Promise<void> {
  const folder = join(admin.home, "organization");
  rmSync(folder, { recursive: true, force: true });
  cpSync(dirname(sandbox.catalog), folder, { recursive: true });
  const catalog = join(folder, "jit.yaml");
  writeFileSync(catalog, change(readFileSync(catalog, "utf8").replace("version: 1", `version: ${version}`)));
  for (const words of [
    ["sign", catalog, "--key", join(folder, "admin.jwk")],
    ["publish", catalog],
  ]) {
    const { code, stderr } = await admin.jit(["catalog", ...words]);
    if (code !== 0) throw new Error(`catalog ${words[0]}: ${stderr}`);
  }
}
