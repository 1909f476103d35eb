// Builds dist/: the command line as one bundle with splitting, and the hot path as a file of its own.
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { builtinModules } from "node:module";
import { relative, resolve } from "node:path";
import { init, parse } from "es-module-lexer";
import * as esbuild from "esbuild";

const { version } = JSON.parse(readFileSync("package.json", "utf8"));
const builtin = new Set(builtinModules);

/** Some packages pull Node's whole module loader in through `require`; `getBuiltinModule` is all they need. */
const banner = "const require=(n)=>process.getBuiltinModule(n);";

const common = {
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node22.13",
  // Every Node has them; written anew as `new RegExp` they are made as soon as their file is loaded, used or not.
  supported: { "regexp-unicode-property-escapes": true },
  mainFields: ["module", "main"],
  minify: !process.env.NOMIN,
  legalComments: "external",
  logLevel: "warning",
  define: {
    __JIT_VERSION__: JSON.stringify(version),
    // Beside the part that reads it (src/local/cedar.ts).
    __JIT_CEDAR__: JSON.stringify("./cedar_wasm_bg.wasm"),
    __JIT_CHECK_WORKER__: JSON.stringify("./check-worker.js"),
  },
  external: ["@duckdb/node-api", "sodium-native", "@napi-rs/keyring", "@napi-rs/keyring-*"],
  // yaml's main entry loads Node's process and buffer modules; its browser build is the same parser.
  alias: { yaml: "./node_modules/yaml/browser/index.js" },
};

rmSync("dist", { recursive: true, force: true });
mkdirSync("dist", { recursive: true });

// Each file of a bundle costs a third of a millisecond before it does anything. So what most runs need is one file (`cli`),
// what asking AWS needs is one more (`ask`), and the rest is in parts that share their chunks.
const asking = ["compose", "obtain", "commands/request", "commands/audit-end"];
const sources = (names) => names.map((name) => resolve("src/cli", `${name}.ts`));
const askFiles = new Set(sources(asking));
const heavy = new Map();
const resolved = Symbol("resolved");

/** Leaves what is imported dynamically to a file of its own, but for the files of `inside`. */
const separate = (inside) => ({
  name: "separate",
  setup(build) {
    build.onResolve({ filter: /./ }, async ({ kind, path, resolveDir, pluginData }) => {
      if (pluginData === resolved || kind !== "dynamic-import" || common.external.includes(path))
        return undefined;
      if (builtin.has(path.replace("node:", ""))) return undefined;
      const own = resolveDir.includes("node_modules") ? undefined : path;
      // A package's own dynamic imports (credential providers of the SDK) are rarely needed.
      // esbuild's own answer: `require.resolve` would give the package's CommonJS, whose names an import does not find.
      const file = (await build.resolve(path, { kind, resolveDir, pluginData: resolved })).path;
      if (inside.has(file)) return undefined;
      if (askFiles.has(file)) return { path: "./ask.js", external: true };
      const name =
        own === undefined || !path.startsWith(".")
          ? `package/${path.replace(/[^\w-]+/g, "-")}`
          : relative("src", file).replace(/\.ts$/, "");
      heavy.set(name, file);
      return { path: `./part/${name}.js`, external: true };
    });
  },
});
/** commander looks at every flag for a class of Unicode, half a millisecond of each call; ours are in ASCII. */
const plainFlags = {
  name: "plain-flags",
  setup(build) {
    build.onLoad({ filter: /commander\/lib\/option\.js$/ }, ({ path }) => {
      const code = readFileSync(path, "utf8");
      const plain = code.replace("\\p{ID_Continue}", "[\\w$]");
      if (plain === code) throw new Error("commander no longer looks for a class of Unicode");
      return { contents: plain };
    });
  },
};
/**
 * AWS's descriptions of all that S3 can be asked: with names instead of computed keys, esbuild sees that those we never use do
 * nothing, and leaves them out.
 */
const usedSchemas = {
  name: "used-schemas",
  setup(build) {
    build.onLoad({ filter: /client-\w+\/dist-es\/schemas\/schemas_0\.js$/ }, ({ path }) => {
      const code = readFileSync(path, "utf8");
      const names = new Map(
        [...code.matchAll(/^const (\w+) = (".*");$/gm)].map(([, name, text]) => [name, text]),
      );
      const plain = code.replace(/\[(_\w+)\]:/g, (key, name) =>
        names.has(name) ? `${names.get(name)}:` : key,
      );
      if (plain === code) throw new Error(`${path} has no computed keys any more`);
      return { contents: plain };
    });
  },
};
const bundle = { ...common, banner: { js: banner }, outdir: "dist", metafile: true };
const cli = await esbuild.build({
  ...bundle,
  entryPoints: { cli: "src/cli/main.ts" },
  plugins: [plainFlags, separate(new Set())],
});
const whoCalls = new Set(
  ["session/caller-fingerprint.ts", "local/believed.ts"].map((name) => resolve("src", name)),
);
const warmStatus = await esbuild.build({
  ...bundle,
  entryPoints: { "warm-status": "src/cli/compose/warm-status.ts" },
  plugins: [separate(whoCalls)],
});
const ask = await esbuild.build({
  ...bundle,
  // AWS's SDK looks for these as it is loaded, which has Node make them, 2 ms; where they are not there it does without.
  define: { ...bundle.define, ReadableStream: "undefined", crypto: "undefined" },
  stdin: {
    contents: sources(asking)
      .map((file) => `export * from ${JSON.stringify(file)};`)
      .join("\n"),
    resolveDir: ".",
  },
  entryNames: "ask",
  plugins: [usedSchemas, separate(askFiles)],
});
// No import names the file of a thread; who starts it finds it beside its own.
for (const name of ["local/check-pool", "local/check-worker"]) heavy.set(name, resolve("src", `${name}.ts`));
const parts = await esbuild.build({
  ...bundle,
  entryPoints: Object.fromEntries(heavy),
  outdir: "dist/part",
  splitting: true,
  chunkNames: "chunk/[name]-[hash]",
});
copyFileSync(
  "node_modules/@cedar-policy/cedar-wasm/web/cedar_wasm_bg.wasm",
  "dist/part/local/cedar_wasm_bg.wasm",
);
const outputs = {
  ...cli.metafile.outputs,
  ...warmStatus.metafile.outputs,
  ...ask.metafile.outputs,
  ...parts.metafile.outputs,
};
writeFileSync("dist/meta.json", JSON.stringify({ outputs }));
await esbuild.build({
  ...common,
  entryPoints: { warm: "src/session/warm.ts", "warm-exec": "src/cli/compose/warm-exec.ts" },
  outdir: "dist",
});
await init;
for (const name of readdirSync("dist", { recursive: true })) {
  if (typeof name !== "string" || !name.endsWith(".js")) continue;
  const path = `dist/${name}`;
  writeFileSync(path, rewriteBuiltins(readFileSync(path, "utf8")));
}
for (const name of ["warm", "warm-exec", "warm-status", "cli", "ask"]) {
  const code = asScript(readFileSync(`dist/${name}.js`, "utf8"));
  if (/[^\0-\x7f]/.test(code)) throw new Error(`${name} is not plain ASCII, as which it is read`);
  // By what it begins with, bin/jit.js tells whether compiled code that it kept is of this text.
  const digest = createHash("sha256").update(code).digest("hex").slice(0, 32);
  writeFileSync(`dist/${name}.cjs`, `/*${digest}*/(function(exports,$load){${code}})\n`);
  rmSync(`dist/${name}.js`);
}
chmodSync("bin/jit.js", 0o755);

/**
 * Turns each import of a Node builtin into `process.getBuiltinModule`. An ESM import of a builtin copies all of its
 * exports and so runs all its getters: `node:http` then costs 36 ms (it loads undici) against 4 ms.
 */
function rewriteBuiltins(code) {
  const [imports] = parse(code);
  let out = "";
  let at = 0;
  for (const found of imports) {
    const name = found.n?.replace(/^node:/, "");
    if (name === undefined || !builtin.has(name)) continue;
    if (found.d >= 0) {
      const got = builtinValue(name);
      out += code.slice(at, found.ss);
      // `default` beside the module's own members, without copying (and so running) its getters.
      out += `Promise.resolve(Object.create(${got},{default:{value:${got}}}))`;
      at = found.se;
      continue;
    }
    const statement = code.slice(found.ss, found.se);
    const clause = /^import\s*([\s\S]*?)\s*(?:from)?\s*["'][^"']*["']$/.exec(statement)?.[1];
    if (clause === undefined) throw new Error(`cannot read an import of ${name}: ${statement.slice(0, 120)}`);
    out += code.slice(at, found.ss) + binding(clause, name);
    at = found.se;
  }
  return out + code.slice(at);
}

/**
 * A module without static imports as what stands in a function of `exports` and `$load`, which imports: what bin/jit.js can keep V8's
 * compiled code of. esbuild's own CommonJS takes longer to begin than most of what such a file does.
 */
function asScript(code) {
  const [imports] = parse(code);
  let text = "";
  let at = 0;
  for (const { n: name, ss, d: dynamic } of imports) {
    if (dynamic === -1) throw new Error(`a file of the hot path imports ${name} as it begins`);
    if (dynamic === -2) throw new Error("a file of the hot path has no import.meta");
    text += `${code.slice(at, ss)}$load`;
    at = ss + "import".length;
  }
  text += code.slice(at);
  const parts = /^([\s\S]*)\bexport\s*\{([\s\S]*)\};?\s*$/.exec(text);
  if (parts === null) throw new Error("a file of the hot path exports nothing");
  const [, body, names] = parts;
  const exported = names.split(",").map((name) => name.trim().split(" as "));
  return `"use strict";${body}${exported.map(([own, name = own]) => `exports.${name}=${own};`).join("")}\n`;
}

/**
 * What stands for a builtin module. `child_process` costs 4 ms and `zlib` 1.6 ms, and both are mostly not used: they are loaded at
 * first use. AWS's SDK only looks for `crc32` until then.
 */
function builtinValue(name) {
  if (name === "process") return "process";
  const got = `process.getBuiltinModule(${JSON.stringify(name)})`;
  if (name === "child_process") return `new Proxy({},{get:(t,k)=>${got}[k]})`;
  if (name === "zlib") return `new Proxy({crc32:(...a)=>${got}.crc32(...a)},{get:(t,k)=>t[k]??${got}[k]})`;
  return got;
}

/** Members of builtin modules that AWS's SDK takes as it is loaded, whether it uses them or not, and for which Node loads more: 4 ms. */
function lazyMember(name, member) {
  const got = builtinValue(name);
  switch (`${name}.${member}`) {
    case "fs.ReadStream":
      return `{[Symbol.hasInstance]:(v)=>v instanceof ${got}.ReadStream}`;
    case "crypto.getRandomValues":
      return `(bytes)=>${got}.randomFillSync(bytes)`;
    case "fs/promises.readFile":
      // `fs` has the same, and is there.
      return `(...a)=>new Promise((y,n)=>${builtinValue("fs")}.readFile(...a,(e,d)=>e?n(e):y(d)))`;
    default:
      return undefined;
  }
}

function binding(clause, name) {
  const got = builtinValue(name);
  if (clause === "") return "";
  const parts = /^(?:([\w$]+)\s*,?\s*)?(?:\*\s*as\s+([\w$]+)|\{([\s\S]*)\})?$/.exec(clause);
  if (parts === null) throw new Error(`cannot read the import clause ${clause}`);
  const [, whole, namespace, named] = parts;
  const names = [];
  if (whole !== undefined) names.push(`${whole}=${got}`);
  if (namespace !== undefined) names.push(`${namespace}=${got}`);
  if (named !== undefined) {
    const fields = named
      .split(",")
      .map((field) => field.trim())
      .filter(Boolean);
    const others = [];
    for (const field of fields) {
      const [from, to = from] = field.split(/\s+as\s+/);
      const value = from === "default" ? got : lazyMember(name, from);
      if (value === undefined) others.push(from === to ? to : `${from}:${to}`);
      else names.push(`${to}=${value}`);
    }
    if (others.length > 0) names.push(`{${others.join(",")}}=${got}`);
  }
  return `const ${names.join(",")}`;
}
