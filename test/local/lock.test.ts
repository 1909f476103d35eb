import { type ChildProcessByStdio, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { codeOf } from "../../src/error.ts";
import { fileLock } from "../../src/local/lock.ts";
import { ownIdentity } from "../../src/local/process-identity.ts";
import { temporaryFolder, thrownBy } from "./temporary.ts";

type Contender = ChildProcessByStdio<Writable, Readable, null>;

function contender(folder: string, mode: "count" | "hold"): { process: Contender; said: Promise<string[]> } {
  const script = join(import.meta.dirname, "lock-contender.ts");
  const child = spawn(
    process.execPath,
    ["--experimental-strip-types", "--no-warnings", script, folder, mode],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
  });
  const said = new Promise<string[]>((resolve) => child.on("close", () => resolve(text.trim().split("\n"))));
  return { process: child, said };
}

async function untilHolding(child: Contender): Promise<void> {
  await new Promise((resolve) => child.stdout.once("data", resolve));
}

test("fifty processes, one at a time, and each gets its turn", { timeout: 90_000 }, async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "counter"), "0");
  const all = Array.from({ length: 50 }, () => contender(folder, "count"));
  const said = await Promise.all(all.map((one) => one.said));
  expect(said.flat()).toEqual(Array.from({ length: 50 }, () => "done"));
  expect(readFileSync(join(folder, "counter"), "utf8")).toBe("50");
  expect(readdirSync(join(folder, "locks", "one")).length).toBeLessThanOrEqual(10);
});

test("a killed holder blocks nobody", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "counter"), "0");
  const holder = contender(folder, "hold");
  await untilHolding(holder.process);
  const waiting = Array.from({ length: 6 }, () => contender(folder, "count"));
  await sleep(100);
  holder.process.kill("SIGKILL");
  const said = await Promise.all(waiting.map((one) => one.said));
  expect(said.flat()).toEqual(Array.from({ length: 6 }, () => "done"));
  expect(readFileSync(join(folder, "counter"), "utf8")).toBe("6");
});

test("a holder that was stopped loses the lock and does not publish once resumed", async () => {
  const folder = temporaryFolder();
  const holder = contender(folder, "hold");
  await untilHolding(holder.process);
  holder.process.kill("SIGSTOP");
  const lock = fileLock(join(folder, "locks"), { hungAfter: 400, waitFor: 10_000 });
  await lock.hold("one", async (fence) => {
    holder.process.kill("SIGCONT");
    holder.process.stdin.write("go\n");
    expect(await holder.said).toEqual(["holding", "LOCK_LOST"]);
    fence.check();
  });
  expect(existsSync(join(folder, "published"))).toBe(false);
});

test("a holder that lives keeps the lock, however long the work and whatever the wall clock says", async () => {
  const folder = temporaryFolder();
  const holder = contender(folder, "hold");
  await untilHolding(holder.process);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 86_400_000 });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const impatient = fileLock(join(folder, "locks"), { hungAfter: 1200, waitFor: 2500 });
  const waiting = thrownBy(() => impatient.hold("one", async () => "held"));
  await sleep(300);
  vi.setSystemTime(Date.now() - 172_800_000);
  expect(await waiting).toBe("LOCK_TIMEOUT");
  holder.process.stdin.write("go\n");
  expect(await holder.said).toEqual(["holding", "done"]);
  expect(readFileSync(join(folder, "published"), "utf8")).toBe(`${holder.process.pid}\n`);
});

test("the lock is free again after an error, and names do not share it", async () => {
  const lock = fileLock(temporaryFolder(), { waitFor: 200 });
  const failure = lock.hold("a", async () => {
    throw Object.assign(new Error("no"), { code: "MINE" });
  });
  expect(await thrownBy(() => failure)).toBe("MINE");
  const both = await lock.hold("a", () => lock.hold("b", async () => "both"));
  expect(both).toBe("both");
  expect(await thrownBy(() => lock.hold("a", () => lock.hold("a", async () => "twice")))).toBe(
    "LOCK_TIMEOUT",
  );
});

function leave(folder: string, identity: object): void {
  mkdirSync(join(folder, "x"), { mode: 0o700 });
  writeFileSync(join(folder, "x", "000000000041"), JSON.stringify(identity));
}

test("a number given to another process later does not count as the holder", async () => {
  const folder = temporaryFolder();
  leave(folder, { ...ownIdentity(), started: "long ago" });
  expect(
    await fileLock(folder, { waitFor: 500 }).hold("x", async () => readdirSync(join(folder, "x"))),
  ).toEqual(["000000000041", "000000000042"]);
});

test("a holder of before the machine's last start has ended, though its number is in use", async () => {
  const folder = temporaryFolder();
  leave(folder, { ...ownIdentity(), boot: "the one before" });
  expect(await fileLock(folder, { waitFor: 500 }).hold("x", async () => "held")).toBe("held");
});

test("of a holder on another machine only its heart is known", async () => {
  const folder = temporaryFolder();
  leave(folder, { ...ownIdentity(), pid: 999_999_999, machine: "elsewhere" });
  const patient = fileLock(folder, { waitFor: 300, hungAfter: 60_000 });
  expect(await thrownBy(() => patient.hold("x", async () => "held"))).toBe("LOCK_TIMEOUT");
  expect(await fileLock(folder, { hungAfter: 200 }).hold("x", async () => "held")).toBe("held");
});

test("a generation cut short by a crash ends by its silence", async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "x"), { mode: 0o700 });
  writeFileSync(join(folder, "x", "000000000007"), "");
  expect(await fileLock(folder, { hungAfter: 200 }).hold("x", async () => "held")).toBe("held");
});

test("the fence tells as soon as a higher number is there", async () => {
  const folder = temporaryFolder();
  const lock = fileLock(folder);
  await lock.hold("x", async (fence) => {
    fence.check();
    writeFileSync(join(folder, "x", "000000000002"), "");
    expect(codeOf(caught(() => fence.check()))).toBe("LOCK_LOST");
  });
});

function caught(call: () => void): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}
