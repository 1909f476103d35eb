import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

// Who may import whom: the table of CONTRIBUTING.md. `aws` and `local` implement ports that stand beside the code
// that needs them, so they may import those folders.
const allowed: Readonly<Record<string, readonly string[]>> = {
  policy: [],
  access: ["policy"],
  audit: ["access"],
  session: ["access", "audit", "policy"],
  review: ["access", "audit", "policy"],
  aws: ["access", "audit", "session", "review", "policy"],
  local: ["access", "audit", "session", "review", "policy"],
  sandbox: ["policy"],
  cli: ["policy", "access", "audit", "session", "review", "aws", "local", "sandbox"],
};

const root = resolve(import.meta.dirname, "../../src");

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name));
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, "utf8");
  const found = text.matchAll(/(?:^|\n)\s*(?:import|export)\b[^;]*?from\s+"([^"]+)"|import\("([^"]+)"\)/g);
  return [...found].map((match) => match[1] ?? match[2] ?? "");
}

const folderOf = (file: string): string => relative(root, file).split("/")[0] ?? "";

test("each folder imports only what the table allows", () => {
  const broken: string[] = [];
  for (const file of sources(root)) {
    const folder = folderOf(file);
    if (folder === "error.ts") continue;
    for (const name of importsOf(file).filter((name) => name.startsWith("."))) {
      const target = folderOf(resolve(dirname(file), name));
      if (target !== folder && target !== "error.ts" && !(allowed[folder] ?? []).includes(target)) {
        broken.push(`${relative(root, file)} imports ${name}`);
      }
    }
  }
  expect(broken).toEqual([]);
});

test("only cli/compose.ts, and the sandbox's command, name an adapter", () => {
  const broken = sources(join(root, "cli"))
    .filter((file) => !/cli\/(compose(\/[a-z-]+)?|commands\/sandbox)\.ts$/.test(file))
    .flatMap((file) => importsOf(file).map((name) => ({ file, name })))
    .filter(({ name }) => /\/(aws|local|sandbox)\//.test(name))
    .map(({ file, name }) => `${relative(root, file)} imports ${name}`);
  expect(broken).toEqual([]);
});

test("below cli nothing touches the process, prints, or reads a global clock", () => {
  const forbidden = /\bprocess\.(?!getBuiltinModule)|\bconsole\.|\bDate\.now\(|new Date\(\)|\bMath\.random\(/;
  const broken: string[] = [];
  for (const file of sources(root)) {
    const folder = folderOf(file);
    // `local` is where the platform is; the adapters of `aws` meet the network's clock.
    if (folder === "cli" || folder === "local") continue;
    const lines = readFileSync(file, "utf8").split("\n");
    for (const [index, line] of lines.entries()) {
      const code = line.replace(/\/\/.*$|^\s*\/?\*.*$/, "");
      if (forbidden.test(code)) broken.push(`${relative(root, file)}:${index + 1}: ${line.trim()}`);
    }
  }
  expect(broken).toEqual([]);
});

test("no import goes round in a circle", () => {
  const graph = new Map(
    sources(root).map((file) => [
      file,
      importsOf(file)
        .filter((name) => name.startsWith("."))
        .map((name) => resolve(dirname(file), name)),
    ]),
  );
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      circles.push([...path.slice(path.indexOf(file)), file].map((name) => relative(root, name)).join(" → "));
      return;
    }
    if (done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  expect(circles).toEqual([]);
});
