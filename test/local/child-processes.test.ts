import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { childProcesses } from "../../src/local/child-processes.ts";
import { temporaryFolder, thrownBy } from "./temporary.ts";

const run = (command: string, ...args: string[]) =>
  childProcesses(() => false).run({ command, args, environment: { PATH: process.env["PATH"] ?? "" } });
const node = (script: string) => run(process.execPath, "-e", script);

/** util-linux's script(1), which makes a terminal. */
const hasScript =
  process.platform === "linux" && spawnSync("script", ["-qefc", "true", "/dev/null"]).status === 0;

test.each([0, 1, 3, 127, 255])("exit code %i passes", async (code) => {
  expect(await node(`process.exit(${code})`)).toEqual({ kind: "exited", code });
});

test("what is not there, and what cannot be executed", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "text"), "hello", { mode: 0o644 });
  mkdirSync(join(folder, "folder"));
  expect(await run("no-such-command-of-jit")).toEqual({ kind: "notFound" });
  expect(await run(join(folder, "text", "below"))).toEqual({ kind: "notFound" });
  expect(await run("x".repeat(5000))).toEqual({ kind: "notFound" });
  expect(await run(join(folder, "text"))).toEqual({ kind: "notExecutable" });
  expect(await run(join(folder, "folder"))).toEqual({ kind: "notExecutable" });
});

test("what fails otherwise is our own failure, and its error tells no argument", async () => {
  const long = "secret-argument".repeat(300_000);
  expect(await thrownBy(() => run(process.execPath, long))).toBe("CHILD_FAILED");
  expect(await thrownBy(() => run(process.execPath, "a\0b"))).toBe("CHILD_FAILED");
  const error = await run(process.execPath, long).catch((thrown) => thrown);
  expect(inspect(error, { depth: null, showHidden: true })).not.toContain("secret-argument");
});

test("no handler of a signal stays behind", async () => {
  await new Promise(setImmediate);
  const before = process.listenerCount("SIGTERM");
  await node("");
  await run("no-such-command-of-jit");
  await new Promise(setImmediate);
  expect(process.listenerCount("SIGTERM")).toBe(before);
});

describe.skipIf(process.platform === "win32")("a runner that is a process of its own", () => {
  /** @returns what it printed, once it has ended */
  function start(terminal: boolean, script: string, onReady: (pid: number) => void): Promise<string[]> {
    const runner = spawn(
      process.execPath,
      [
        "--experimental-strip-types",
        "--no-warnings",
        join(import.meta.dirname, "child-runner.ts"),
        terminal ? "terminal" : "pipe",
        process.execPath,
        "-e",
        script,
      ],
      // Without the terminal of whoever runs the tests.
      { stdio: ["pipe", "pipe", "inherit"], detached: true },
    );
    onTestFinished(() => {
      runner.kill("SIGKILL");
    });
    let text = "";
    let ready = false;
    runner.stdout.on("data", (chunk) => {
      text += chunk;
      if (!ready && text.includes("ready")) {
        ready = true;
        onReady(runner.pid ?? 0);
      }
    });
    runner.stdin.end("typed\n");
    return new Promise((resolve) => runner.once("close", () => resolve(text.trim().split(/\n+/))));
  }

  test("hands over its streams and exactly the given environment", async () => {
    const script = `
      process.stdin.on("data", (chunk) => process.stdout.write(String(chunk)));
      process.stdin.on("end", () => process.stdout.write(process.env.MARK + " " + String(process.env.HOME) + "\\n"));`;
    const said = await start(false, script, () => undefined);
    expect(said).toEqual(["typed", "of the child undefined", '{"kind":"exited","code":0}']);
  });

  test.each([
    "SIGTERM",
    "SIGINT",
    "SIGHUP",
    "SIGQUIT",
    "SIGUSR2",
  ] as const)("hands %s to the child, which decides", async (signal) => {
    const script = `
        process.on("${signal}", () => { process.stdout.write("got it\\n"); process.exit(7); });
        process.stdout.write("ready\\n");
        setInterval(() => {}, 1000);`;
    const said = await start(false, script, (pid) => process.kill(pid, signal));
    expect(said).toEqual(["ready", "got it", '{"kind":"exited","code":7}']);
  });

  test("tells by which signal the child ended", async () => {
    const script = 'process.stdout.write("ready\\n", () => process.kill(process.pid, "SIGKILL"));';
    expect(await start(false, script, () => undefined)).toEqual(["ready", '{"kind":"killed","signal":9}']);
  });

  test("at a terminal leaves Ctrl-C to it, which the terminal tells by itself, and hands on SIGTERM", async () => {
    const script = `
      process.on("SIGINT", () => process.stdout.write("twice\\n"));
      process.on("SIGTERM", () => process.exit(0));
      process.stdout.write("ready\\n");
      setInterval(() => {}, 1000);`;
    const said = await start(true, script, (pid) => {
      process.kill(pid, "SIGINT");
      setTimeout(() => process.kill(pid, "SIGTERM"), 100);
    });
    expect(said).toEqual(["ready", '{"kind":"exited","code":0}']);
  });

  test.skipIf(!hasScript)("with a pipe for its input leaves Ctrl-C to the terminal, too", async () => {
    // Two signals of one kind that come close together may count as one: of ten, hardly all do.
    const presses = 10;
    const script = `
      let count = 0;
      process.on("SIGINT", () => { count += 1; });
      process.on("SIGTERM", () => process.exit(100 + count));
      process.stdout.write("pid " + process.ppid + " ready\\n");
      setInterval(() => {}, 1000);`;
    const runner = join(import.meta.dirname, "child-runner.ts");
    const words = [process.execPath, "--experimental-strip-types", "--no-warnings", runner, "pipe"];
    const quoted = [...words, process.execPath, "-e", script].map((word) => `'${word}'`).join(" ");
    const terminal = spawn("script", ["-qefc", `exec ${quoted} </dev/null`, "/dev/null"], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, SHELL: "/bin/sh" },
    });
    onTestFinished(() => {
      terminal.kill("SIGKILL");
    });
    let text = "";
    let pressed = false;
    terminal.stdout.on("data", (chunk) => {
      text += chunk;
      if (pressed || !text.includes("ready")) return;
      pressed = true;
      const runnerPid = Number(/pid (\d+)/.exec(text)?.[1]);
      let left = presses;
      const timer = setInterval(() => {
        if (left > 0) terminal.stdin.write("\x03");
        else if (left < -5) {
          clearInterval(timer);
          process.kill(runnerPid, "SIGTERM");
        }
        left -= 1;
      }, 30);
    });
    await new Promise((resolve) => terminal.once("close", resolve));
    const counted = Number(/"code":(\d+)/.exec(text)?.[1]) - 100;
    expect(counted).toBeGreaterThan(0);
    expect(counted).toBeLessThanOrEqual(presses);
  });
});
