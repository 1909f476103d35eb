import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { useSandbox, why } from "../support/fixture.ts";

// What a warm `jit credentials` loads is pinned: a builtin module more, and every `aws …` of every user waits for it.
const { machine } = useSandbox();
const folder = mkdtempSync(join(tmpdir(), "jit-modules-"));
const preload = join(folder, "list.cjs");
const node = process.env["JIT_TEST_NODE"] ?? process.execPath;
const root = resolve(import.meta.dirname, "../..");

writeFileSync(
  preload,
  `process.on("exit", () => process.getBuiltinModule("fs").writeFileSync(process.env.LIST, process.moduleLoadList.join("\\n")));`,
);
writeFileSync(join(folder, "empty.mjs"), "");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Modules of Node that a script loads, beyond those of an empty one. */
function loaded(args: readonly string[], env: NodeJS.ProcessEnv): readonly string[] {
  const list = (script: readonly string[]): string[] => {
    const file = join(folder, "list.txt");
    const done = spawnSync(node, ["--require", preload, ...script], {
      env: { ...env, LIST: file },
      encoding: "utf8",
    });
    expect(done.status).toBe(0);
    return readFileSync(file, "utf8").split("\n");
  };
  const none = new Set(list([join(folder, "empty.mjs")]));
  return list(args).filter((name) => !none.has(name));
}

/** What compiled code is taken with. */
const always = "NativeModule vm";

test("a warm `jit credentials` loads no module of Node that an empty script does not load, but one", async () => {
  const alice = await machine("alice");
  expect((await alice.jit(["request", "customers:read", ...why])).code).toBe(0);
  const warm = [join(root, "bin/jit.js"), "credentials", "customers:read"];
  expect(loaded(warm, alice.environment())).toEqual([always]);
});

test("a warm `jit exec` loads no module of Node that starting its command does not load", async () => {
  const alice = await machine("alice");
  expect((await alice.jit(["request", "customers:read", ...why])).code).toBe(0);
  const bare = join(folder, "spawn.cjs");
  writeFileSync(
    bare,
    `process.on("SIGTERM", () => undefined);
     require("node:child_process").spawn("true", [], { stdio: "inherit" }).once("exit", () => process.exit());`,
  );
  const needed = new Set([...loaded([bare], alice.environment()), always]);
  const warm = [join(root, "bin/jit.js"), "exec", "customers:read", "--", "true"];
  expect(loaded(warm, alice.environment()).filter((name) => !needed.has(name))).toEqual([]);
});

test("`--version`, `--help` and `status` load neither network nor cryptography", async () => {
  const alice = await machine("alice");
  expect((await alice.jit(["request", "customers:read", ...why])).code).toBe(0);
  for (const word of ["--version", "--help", "status"]) {
    const names = loaded([join(root, "bin/jit.js"), word], alice.environment());
    expect(names.filter((name) => /\b(?:net|http|tls|crypto|child_process|tty|stream)\b/.test(name))).toEqual(
      [],
    );
  }
});

test("a cold request loads nothing of Node that AWS's SDK only looks for", async () => {
  const alice = await machine("alice");
  expect((await alice.jit(["request", "orders:read", ...why])).code).toBe(0);
  const cold = [join(root, "bin/jit.js"), "request", "customers:read", ...why];
  const names = loaded(cold, alice.environment());
  expect(names).toContain("NativeModule https");
  const unused = /webstreams|webcrypto|perf_hooks|fs\/promises|fs\/streams|readline|undici|zlib/;
  expect(names.filter((name) => unused.test(name))).toEqual([]);
});

test("the file of a cold request holds no reader of YAML, and none of S3's operations that are not asked for", () => {
  const { outputs } = JSON.parse(readFileSync(join(root, "dist/meta.json"), "utf8"));
  const { inputs } = outputs["dist/ask.js"];
  const names = Object.keys(inputs);
  expect(names.filter((name) => /node_modules\/yaml\//.test(name))).toEqual([]);
  const schemas = names.find((name) => name.endsWith("client-s3/dist-es/schemas/schemas_0.js")) ?? "";
  // As it is published, it has 138,475 bytes, of which esbuild alone leaves half.
  expect(inputs[schemas].bytesInOutput).toBeLessThan(30_000);
});

test("no file of the hot path has V8 make up classes of Unicode while it parses it", () => {
  for (const name of ["warm.cjs", "warm-exec.cjs", "warm-status.cjs"])
    expect(readFileSync(join(root, "dist", name), "utf8")).not.toMatch(/\\p\{\w+\}[^"`]*\/[a-z]*[uv]/);
});

test("the file that answers a warm call imports nothing", () => {
  expect(readFileSync(join(root, "dist/warm.cjs"), "utf8")).not.toMatch(
    /\bimport\b|getBuiltinModule|\brequire\(/,
  );
});

describe("what V8 compiled of the file that answers a warm call", () => {
  const hot = readFileSync(join(root, "dist/warm.cjs"), "latin1");
  const mark = `${hot.slice(2, 34)} ${statSync(join(root, "dist/warm.cjs")).mtimeMs}`.padEnd(64);
  const place = `warm-credentials-${execFileSync(node, ["-p", "process.version + '-' + process.arch"], { encoding: "utf8" }).trim()}`;
  const warm = ["credentials", "customers:read"];

  async function warmMachine() {
    const alice = await machine("alice");
    expect((await alice.jit(["request", "customers:read", ...why])).code).toBe(0);
    const code = join(alice.home, ".cache/jit/code");
    const { code: exit, stdout } = await alice.jit(warm);
    expect(exit).toBe(0);
    return { alice, code, kept: join(code, place), good: stdout };
  }

  /** Compiled from a text as long, which is all that V8 compares. */
  function poison(): Uint8Array {
    const other = '(function(exports,$load){exports.answerWarm=()=>"POISON"})'.padEnd(hot.length);
    const script = `const script = new (require("vm").Script)(${JSON.stringify(other)});
      const exported = {};
      script.runInThisContext()(exported);
      exported.answerWarm();
      process.stdout.write(script.createCachedData().toString("base64"));`;
    return Buffer.from(execFileSync(node, ["-e", script], { encoding: "latin1" }), "base64");
  }
  const sealed = (data: Uint8Array, of = mark) => Buffer.concat([Buffer.from(of, "latin1"), data, data]);

  test("is kept for its owner alone, and used", async () => {
    const { alice, code, kept } = await warmMachine();
    expect(statSync(kept).mode & 0o777).toBe(0o600);
    expect(readFileSync(kept, "latin1").slice(0, 64)).toBe(mark);
    const before = statSync(kept).mtimeMs;
    expect((await alice.jit(warm)).code).toBe(0);
    expect(statSync(kept).mtimeMs).toBe(before);
    // That it is used shows where it is another's: nobody else may be able to write here.
    writeFileSync(kept, sealed(poison()));
    expect(await alice.jit(warm)).toMatchObject({ code: 0, stdout: "POISON" });
    expect(readdirSync(code).filter((name) => name.startsWith("warm-"))).toEqual([place]);
  });

  test.each<[string, (kept: string) => void]>([
    ["that others can write", (kept) => chmodSync(kept, 0o620)],
    [
      "behind a link",
      (kept) => {
        renameSync(kept, `${kept}-elsewhere`);
        symlinkSync(`${kept}-elsewhere`, kept);
      },
    ],
    [
      "that is a pipe",
      (kept) => {
        rmSync(kept);
        execFileSync("mkfifo", [kept]);
      },
    ],
    ...(process.getuid?.() === 0
      ? [
          ["of another user", (kept: string) => chownSync(kept, 4242, 4242)] as [
            string,
            (kept: string) => void,
          ],
        ]
      : []),
  ])("counts for nothing: one %s", async (_, change) => {
    const { alice, kept, good } = await warmMachine();
    writeFileSync(kept, sealed(poison()));
    change(kept);
    expect(await alice.jit(warm)).toMatchObject({ code: 0, stdout: good, stderr: "" });
  });

  test("is not kept where others can write, nor in another's home, and nothing typed at random leaves a file", async () => {
    const { alice, code, kept, good } = await warmMachine();
    rmSync(kept);
    chmodSync(code, 0o770);
    expect(await alice.jit(warm)).toMatchObject({ code: 0, stdout: good, stderr: "" });
    expect(readdirSync(code)).not.toContain(place);
    chmodSync(code, 0o700);
    const before = readdirSync(code);
    expect((await alice.jit(["no-such-word", "--help"])).code).toBe(0);
    expect(readdirSync(code)).toEqual(before);
    if (process.getuid?.() !== 0) return;
    const home = mkdtempSync(join(folder, "home-"));
    chownSync(home, 4242, 4242);
    expect(spawnSync(node, [join(root, "bin/jit.js"), "--version"], { env: { HOME: home } }).status).toBe(0);
    expect(readdirSync(home)).toEqual([]);
  });

  test.each([
    ["of another text", () => sealed(poison(), mark.replace(/^./, "x"))],
    ["of the same text, before it was changed", () => sealed(poison(), `${mark.slice(0, 33)}1.5`.padEnd(64))],
    [
      "with a wrong bit",
      () => {
        const bytes = readFileSync(join(folder, "whole"));
        bytes[2000] = (bytes[2000] ?? 0) ^ 4;
        return bytes;
      },
    ],
    ["that is none", () => sealed(Buffer.from("no code at all, whatever it says"))],
    ["that is cut off", () => readFileSync(join(folder, "whole")).subarray(0, 5000)],
    ["of which nothing is there", () => Buffer.alloc(0)],
  ])("counts for nothing and is replaced: one %s", async (_, bytes) => {
    const { alice, kept, good } = await warmMachine();
    const whole = readFileSync(kept);
    writeFileSync(join(folder, "whole"), whole);
    writeFileSync(kept, bytes());
    expect(await alice.jit(warm)).toMatchObject({ code: 0, stdout: good, stderr: "" });
    expect(readFileSync(kept).length).toBeGreaterThan(whole.length / 2);
    expect(await alice.jit(warm)).toMatchObject({ code: 0, stdout: good, stderr: "" });
  });
});

test("`status` without commander says what the whole program says", async () => {
  const alice = await machine("alice");
  expect((await alice.jit(["request", "customers:read", ...why])).code).toBe(0);
  // A flag that it does not know is left to the whole program.
  const whole = await alice.jit(["status", "--no-color"]);
  expect(whole.stdout).toContain("customers:read");
  expect(await alice.jit(["status"])).toMatchObject({ code: 0, stdout: whole.stdout, stderr: "" });
  const { sessions } = JSON.parse((await alice.jit(["status", "--json"])).stdout);
  const { sessions: same } = JSON.parse((await alice.jit(["status", "--json", "--no-color"])).stdout);
  const steady = ({ secondsLeft: _, grantSecondsLeft: __, ...session }: Record<string, unknown>) => session;
  expect(sessions.map(steady)).toEqual(same.map(steady));
  expect(readFileSync(join(root, "dist/warm-status.cjs"), "utf8")).not.toContain("commander");
});

test("`status` without commander says at once what a pipe takes whole, and leaves more to the whole program", async () => {
  const alice = await machine("alice");
  expect((await alice.jit(["request", "customers:read", ...why])).code).toBe(0);
  const script = `const { readFileSync } = await import("node:fs");
    const text = readFileSync(${JSON.stringify(join(root, "dist/warm-status.cjs"))}, "utf8");
    const warm = {};
    (0, eval)(text)(warm, (path) => import(${JSON.stringify(join(root, "dist/"))} + path));
    const { statusWarm } = warm;
    console.log(typeof (await statusWarm(["status"])), typeof (await statusWarm(["status", "--json"])));`;
  const said = async () => (await alice.run(node, ["--input-type=module", "-e", script])).stdout.trim();
  const sessions = join(alice.home, ".cache/jit/sessions");
  const [first = ""] = readdirSync(sessions);
  expect((await said()).split(" ")[0]).toBe("string");
  for (let copy = 10; copy < 90; copy += 1)
    cpSync(join(sessions, first), join(sessions, `s-customers.read-000000${copy}.json`));
  expect(await said()).toBe("undefined undefined");
  expect(JSON.parse((await alice.jit(["status", "--json"])).stdout).sessions).toHaveLength(81);
});

test("`status` without commander leaves what is wrong to the whole program", async () => {
  const alice = await machine("alice");
  mkdirSync(join(alice.home, ".config/jit"), { recursive: true });
  writeFileSync(join(alice.home, ".config/jit/config.json"), "{");
  expect(await alice.jit(["status"])).toMatchObject({ code: 11, stdout: "" });
  expect((await alice.jit(["status"])).stderr).toContain("LOCAL_DAMAGED");
});

test("a run that waits for what never comes is no success", () => {
  const copy = join(folder, "copy");
  mkdirSync(join(copy, "dist"), { recursive: true });
  cpSync(join(root, "bin"), join(copy, "bin"), { recursive: true });
  const run = (main: string) => {
    writeFileSync(
      join(copy, "dist/cli.cjs"),
      `/*${createHash("sha256").update(main).digest("hex").slice(0, 32)}*/(function(exports){exports.main = ${main};exports.isKnown = () => true;})`,
    );
    return spawnSync(node, [join(copy, "bin/jit.js"), "config"], { env: { HOME: copy } }).status;
  };
  expect(run("() => new Promise(() => undefined)")).toBe(13);
  expect(run("async () => 7")).toBe(7);
  expect(run("async () => 0")).toBe(0);
});
