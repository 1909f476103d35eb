import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { useSandbox, why } from "../support/fixture.ts";
import type { Ended, Environment, Machine } from "../support/jit.ts";
import {
  assumedRoles,
  expectError,
  expectHarmless,
  recordsOf,
  unrecordedSessions,
} from "../support/ledger.ts";

/** A machine's own troubles: its disk, its files, its names, its pipes. */

const { sandbox, machine } = useSandbox();
const binary = resolve(import.meta.dirname, "../../bin/jit.js");

afterEach(async () => {
  expect(await unrecordedSessions(sandbox())).toEqual([]);
});

const ask = (who: Machine, env: Environment = {}): Promise<Ended> =>
  who.jit(["request", "customers:read", ...why, "--json"], { env });

/** A file system of its own for a folder, where this user may mount one. */
function mounted(folder: string, options: string): () => void {
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder]);
  expect(status).toBe(0);
  return () => spawnSync("umount", [folder]);
}

function mayMount(): boolean {
  const folder = "/tmp/jit-may-mount";
  mkdirSync(folder, { recursive: true });
  const may = spawnSync("mount", ["-t", "tmpfs", "-o", "size=16k", "tmpfs", folder]).status === 0;
  if (may) spawnSync("umount", [folder]);
  rmSync(folder, { recursive: true, force: true });
  return may;
}

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));

describe("the disk", () => {
  test.skipIf(!mayMount())("is full from the beginning (needs to mount)", async () => {
    const alice = await machine("alice");
    const before = await assumedRoles(sandbox());
    const unmount = mounted(alice.home, "size=4k,mode=700");
    try {
      spawnSync("dd", ["if=/dev/zero", `of=${join(alice.home, "big")}`, "bs=4k"]);
      expectError(await ask(alice), "LOCAL_DISK_FULL", 11);
    } finally {
      unmount();
    }
    expect(await assumedRoles(sandbox())).toHaveLength(before.length);
  });

  test.skipIf(!mayMount())(
    "gets full at each page on the way (needs to mount)",
    { timeout: 90_000 },
    async () => {
      const alice = await machine("alice");
      const codes = new Set<number>();
      for (let pages = 1; pages <= 24; pages += 1) {
        const unmount = mounted(alice.home, `size=${pages * 4}k,mode=700`);
        try {
          const ended = await ask(alice);
          codes.add(ended.code);
          if (ended.code === 0) break;
          expectError(ended, "LOCAL_DISK_FULL", 11);
          // Whatever could not be told to the bucket then is told once there is space.
          spawnSync("mount", ["-o", "remount,size=4m", alice.home]);
          expect(await ask(alice)).toMatchObject({ code: 0 });
          expect(await unrecordedSessions(sandbox())).toEqual([]);
        } finally {
          unmount();
        }
      }
      expect([...codes].toSorted()).toEqual([0, 11]);
      expect((await alice.jit(["audit", "verify"])).code).toBe(0);
    },
  );

  test.skipIf(!mayMount())(
    "is full when the session should be kept: nobody gets it, and the abort names it (needs to mount)",
    async () => {
      const alice = await machine("alice");
      const sessions = join(alice.home, ".cache/jit/sessions");
      mkdirSync(sessions, { recursive: true, mode: 0o700 });
      const unmount = mounted(sessions, "size=4k,mode=700");
      try {
        spawnSync("dd", ["if=/dev/zero", `of=${join(sessions, "big")}`, "bs=4k"]);
        expectError(await ask(alice), "LOCAL_DISK_FULL", 11);
      } finally {
        unmount();
      }
      const last = (await recordsOf(sandbox())).filter(({ type }) => type === "abort").at(-1);
      expect(last).toMatchObject({
        code: "LOCAL_DISK_FULL",
        step: "cache",
        accessKeyId: expect.stringMatching(/^ASIA/),
      });
      expect(await ask(alice)).toMatchObject({ code: 0 });
    },
  );

  test.skipIf(!mayMount())("is read-only (needs to mount)", async () => {
    const alice = await machine("alice");
    const unmount = mounted(alice.home, "ro,mode=700");
    try {
      expectError(await ask(alice), "LOCAL_READ_ONLY", 11);
    } finally {
      unmount();
    }
  });

  test("has no home: a file stands in its place", async () => {
    const alice = await machine("alice");
    writeFileSync(join(alice.home, "file"), "");
    const before = await assumedRoles(sandbox());
    expectError(await ask(alice, { HOME: join(alice.home, "file/home") }), "LOCAL_UNSAFE", 11);
    expect(await assumedRoles(sandbox())).toHaveLength(before.length);
  });

  test("has no home that is absolute: the folder that jit is called from is none", async () => {
    const alice = await machine("alice", { JIT_ORGANIZATION: undefined });
    const settings = join(alice.home, ".config/jit");
    mkdirSync(settings, { recursive: true });
    writeFileSync(join(settings, "config.json"), JSON.stringify({ profile: "planted" }), { mode: 0o600 });
    const seen = async (env: Environment) => (await alice.jit(["config", "--json"], { env })).stdout;
    expect(await seen({})).toContain("planted");
    for (const HOME of ["", "."]) expect(await seen({ HOME })).not.toContain("planted");
  });

  test("has folders of another user's, or links instead of files", async () => {
    const alice = await machine("alice");
    expect((await ask(alice)).code).toBe(0);
    const [key = ""] = filesBelow(join(alice.home, ".local/share/jit/keys"));
    renameSync(key, `${key}.real`);
    spawnSync("ln", ["-s", `${key}.real`, key]);
    expectError(
      await alice.jit(["request", "customers:read", ...why, "--new", "--json"]),
      "LOCAL_UNSAFE",
      11,
    );
  });
});

describe("a damaged file", () => {
  const garbage = ["", "null", "\u0000\u0001\u001b[2J", '{"v":1}', '{"v":99,"next":"x"}'];

  test.each([
    [".cache/jit/sessions"],
    [".cache/jit/current.json"],
    [".cache/jit/identities"],
    [".local/state/jit/organizations"],
    [".local/state/jit/locks"],
  ])("in %s is as none: it is made again", async (place) => {
    const alice = await machine("alice");
    for (const text of garbage) {
      expect(await ask(alice)).toMatchObject({ code: 0 });
      const path = join(alice.home, place);
      for (const file of place.endsWith(".json") ? [path] : filesBelow(path)) writeFileSync(file, text);
      const next = await alice.jit(["exec", "customers:read", ...why, "--", "true"]);
      expectHarmless(next);
      expect([text, next.code, next.stderr]).toEqual([text, 0, next.stderr]);
    }
    expect((await alice.jit(["audit", "verify"])).code).toBe(0);
  });

  test.each([
    [".local/share/jit/keys", garbage],
    [".local/state/jit/chains", garbage],
    [".config/jit/config.json", ["", "{", "\u0000\u001b[2J"]],
  ])("in %s stops, says which, and moving it away helps", async (place, texts) => {
    const alice = await machine("alice");
    expect((await alice.jit(["config", "duration", "20m"])).code).toBe(0);
    for (const text of texts) {
      expect((await alice.jit(["request", "customers:read", ...why, "--new"])).code).toBe(0);
      const before = await assumedRoles(sandbox());
      const path = join(alice.home, place);
      const files = place.endsWith(".json")
        ? [path]
        : filesBelow(path).filter((one) => !one.endsWith(".away"));
      for (const file of files) writeFileSync(file, text);
      const ended = await alice.jit(["request", "customers:read", ...why, "--new", "--json"]);
      expectHarmless(ended);
      expectError(ended, "LOCAL_DAMAGED", 11);
      expect(await assumedRoles(sandbox())).toHaveLength(before.length);
      for (const file of files) renameSync(file, `${file}.away`);
    }
    expect((await alice.jit(["request", "customers:read", ...why, "--new"])).code).toBe(0);
    expect((await alice.jit(["audit", "verify"])).code).toBe(0);
  });

  test("in the journal is no request under way", async () => {
    const alice = await machine("alice");
    expect((await ask(alice)).code).toBe(0);
    const [folder = ""] = spawnSync(
      "find",
      [join(alice.home, ".local/state/jit/journal"), "-mindepth", "2", "-type", "d"],
      {
        encoding: "utf8",
      },
    ).stdout.split("\n");
    expect(folder).not.toBe("");
    writeFileSync(join(folder, "01JD0000000000000000000000.json"), '{"v":1,"request":"\u001b[2J"');
    expect(await alice.jit(["request", "customers:read", ...why, "--new"])).toMatchObject({ code: 0 });
    expect(await alice.jit(["status"])).toMatchObject({ code: 0 });
  });
});

test.each([
  "with spaces",
  "ünï cödé 日本",
  `quo"te's $HOME \`id\``,
  "-dash",
  "a#b%20c",
])("a home called %s", async (name) => {
  const alice = await machine("alice");
  const HOME = join(alice.home, name);
  mkdirSync(HOME, { mode: 0o700 });
  expect(await ask(alice, { HOME })).toMatchObject({ code: 0 });
  const run = await alice.jit(["exec", "customers:read", "--", "sh", "-c", 'printf %s "$HOME"'], {
    env: { HOME },
  });
  expect(run).toMatchObject({ code: 0, stdout: HOME });
  const env = await alice.jit(["env", "customers:read"], { env: { HOME } });
  expect(env).toMatchObject({ code: 0, stdout: expect.stringContaining("ASIA") });
  expect(readdirSync(alice.home)).toEqual([name]);
});

describe("pipes", () => {
  /** Runs a line of Bash in which `$JIT` is the program; prints the exit code of the pipe's first part. */
  async function line(who: Machine, script: string): Promise<Ended> {
    const env = { JIT: `${process.execPath} ${binary}` };
    return await who.run("bash", ["-c", script], { env });
  }

  test("whose reader has gone are no crash", async () => {
    const alice = await machine("alice");
    expect((await ask(alice)).code).toBe(0);
    for (const command of [
      "stores",
      "status --json",
      "audit verify --json",
      "--help",
      "credentials customers:read",
      "env customers:read",
    ]) {
      const ended = await line(alice, `$JIT ${command} | head -0; echo "\${PIPESTATUS[0]}"`);
      expect([command, ended.stderr]).toEqual([command, ""]);
      expect(ended.stdout.trim()).toMatch(/^(?:0|141)$/);
      const first = await line(alice, `$JIT ${command} | head -1`);
      expect([command, first.stderr, first.stdout.split("\n")]).toEqual([
        command,
        "",
        [expect.any(String), ""],
      ]);
    }
  });

  test("that are full or closed fail, and say so by their exit", async () => {
    const alice = await machine("alice");
    expect((await ask(alice)).code).toBe(0);
    for (const command of ["stores", "credentials customers:read", "env customers:read"]) {
      const full = await line(alice, `$JIT ${command} > /dev/full`);
      expect([command, full.code]).toEqual([command, 1]);
      expect(full.stderr).not.toMatch(/\n\s+at /);
      const closed = await line(alice, `$JIT ${command} >&-`);
      expect([command, closed.stdout]).toEqual([command, ""]);
      expect(closed.stderr).not.toMatch(/\n\s+at /);
    }
  });

  test("a slow reader gets all of it", async () => {
    const alice = await machine("alice");
    expect((await ask(alice)).code).toBe(0);
    const { stdout } = await line(alice, `$JIT credentials customers:read | (sleep 0.5; cat)`);
    expect(JSON.parse(stdout)).toMatchObject({ Version: 1 });
  });
});
