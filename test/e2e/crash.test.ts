import { cpSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { useSandbox, why, whyVariables } from "../support/fixture.ts";
import { eventually, Machine, type SandboxCall } from "../support/jit.ts";
import { assumedRoles, recordsOf, unrecordedSessions } from "../support/ledger.ts";

/** Killed between two steps, and several processes at once: what is left is consistent, and the next run repairs it. */

const { sandbox, machine } = useSandbox();

afterEach(async () => {
  await sandbox().clearFaults();
  expect(await unrecordedSessions(sandbox())).toEqual([]);
  const auditor = await machine("auditor");
  expect(await auditor.jit(["audit", "verify", "--json"])).toMatchObject({ code: 0 });
});

/** A call as a fault matches it; `key` is part of an object's name. */
interface Step {
  readonly action: string;
  readonly key?: string;
}

const isStep = ({ action, key = "" }: Step, call: SandboxCall): boolean =>
  call.action === action && call.resource.includes(key);

/** Runs `jit request` and kills it while `step` is under way; that call is done all the same, or never. */
async function killedAt(who: Machine, step: Step, done: boolean): Promise<void> {
  await sandbox().clearCalls();
  await sandbox().fault({ ...step, ...(done ? { kind: "latency", ms: 1500 } : { kind: "hang" }) });
  const child = who.start(["request", "customers:read", ...why]);
  const ended = new Promise((resolve) => child.once("exit", (_, signal) => resolve(signal)));
  await eventually(async () => {
    expect((await sandbox().calls()).some((call) => isStep(step, call))).toBe(true);
  });
  child.kill("SIGKILL");
  expect(await ended).toBe("SIGKILL");
  await sandbox().clearFaults();
  if (!done) return;
  await eventually(async () => {
    expect((await sandbox().calls()).find((call) => isStep(step, call))?.status).toBe(200);
  });
}

async function newAborts(before: readonly unknown[]) {
  return (await recordsOf(sandbox()))
    .filter((record) => record.type === "abort")
    .filter((record) => !before.includes(record));
}

describe("killed while it", () => {
  const put = (type: string): Step => ({ action: "PutObject", key: `.${type}.jws` });
  const assume: Step = { action: "AssumeRole" };

  test.each<[string, Step, boolean, string | undefined, boolean]>([
    ["enrols its key, which arrives", put("enrol"), true, undefined, false],
    ["enrols its key, which does not arrive", put("enrol"), false, undefined, false],
    ["records the request, which arrives", put("request"), true, "request", false],
    ["records the request, which does not arrive", put("request"), false, "request", false],
    ["asks for the session, which STS makes", assume, true, "assumeRole", false],
    ["asks for the session, which STS does not make", assume, false, "assumeRole", false],
    ["records the session, which arrives", put("issue"), true, "issueRecord", true],
    ["records the session, which does not arrive", put("issue"), false, "issueRecord", true],
  ])("%s", async (_, step, done, aborted, keyKnown) => {
    const alice = await machine("alice");
    const before = (await recordsOf(sandbox())).filter(({ type }) => type === "abort");
    await killedAt(alice, step, done);
    const status = JSON.parse((await alice.jit(["status", "--json"])).stdout);
    expect(status.sessions).toEqual([]);
    const sessionsThen = await assumedRoles(sandbox());

    const next = await alice.jit(["request", "customers:read", ...why, "--json"]);
    expect(next).toMatchObject({ code: 0 });
    const aborts = await newAborts(before);
    expect(aborts.map(({ step, code }) => [step, code])).toEqual(
      aborted === undefined ? [] : [[aborted, "CRASHED"]],
    );
    const [abort] = aborts;
    if (abort === undefined) return;
    expect(abort.request).not.toBe(JSON.parse(next.stdout).request);
    // The very session that was made and lost is named, where it was known.
    if (keyKnown) expect(sessionsThen.map(({ accessKeyId }) => accessKeyId)).toContain(abort.accessKeyId);
    else expect(abort.accessKeyId).toBe("-");
    // Once is enough: the run after that finds nothing to repair.
    expect((await alice.jit(["request", "customers:read", ...why, "--new"])).code).toBe(0);
    expect(await newAborts(before)).toHaveLength(1);
  });

  test("says that the session could not be kept: the next run says it", async () => {
    const alice = await machine("alice");
    const before = (await recordsOf(sandbox())).filter(({ type }) => type === "abort");
    // No session can be cached: a file stands where their folder should be.
    await alice.run("mkdir", ["-p", join(alice.home, ".cache/jit")]);
    await alice.run("touch", [join(alice.home, ".cache/jit/sessions")]);
    await killedAt(alice, put("abort"), false);
    await alice.run("rm", [join(alice.home, ".cache/jit/sessions")]);
    expect((await alice.jit(["request", "customers:read", ...why])).code).toBe(0);
    const aborts = await newAborts(before);
    expect(aborts).toHaveLength(1);
    expect(aborts[0]).toMatchObject({ step: "cache", accessKeyId: expect.stringMatching(/^ASIA/) });
  });

  test("is killed again and again, at every step, on the same machine", { timeout: 60_000 }, async () => {
    const alice = await machine("alice");
    for (const step of [put("request"), assume, put("issue"), put("abort")])
      await killedAt(alice, step, false);
    expect((await alice.jit(["request", "customers:read", ...why])).code).toBe(0);
    expect((await alice.jit(["audit", "verify"])).code).toBe(0);
  });

  test("and another process waits for it: that one goes on, and repairs", async () => {
    const alice = await machine("alice");
    const before = (await recordsOf(sandbox())).filter(({ type }) => type === "abort");
    await sandbox().clearCalls();
    await sandbox().fault({ action: "AssumeRole", kind: "hang", count: 1 });
    const first = alice.start(["request", "customers:read", ...why]);
    await eventually(async () => {
      expect((await sandbox().calls()).some((call) => isStep(assume, call))).toBe(true);
    });
    const second = alice.jit(["credentials", "customers:read"], { env: whyVariables });
    await new Promise((resolve) => setTimeout(resolve, 500));
    first.kill("SIGKILL");
    const { code, stdout } = await second;
    expect(code).toBe(0);
    expect(JSON.parse(stdout).AccessKeyId).toMatch(/^ASIA/);
    expect(await newAborts(before)).toMatchObject([{ step: "assumeRole", code: "CRASHED" }]);
  });
});

describe("several at once", () => {
  test("different targets on one machine share a chain", async () => {
    const alice = await machine("alice");
    const ended = await Promise.all(
      ["customers:read", "customers:lists", "customers:write", "orders:read"].map((target) =>
        alice.jit(["request", target, ...why]),
      ),
    );
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    const { sessions } = JSON.parse((await alice.jit(["status", "--json"])).stdout);
    expect(sessions).toHaveLength(4);
  });

  test("the first two of a new machine end with one key", async () => {
    const alice = await machine("alice");
    const before = (await recordsOf(sandbox())).filter(({ type }) => type === "enrol").length;
    const ended = await Promise.all([
      alice.jit(["request", "customers:read", ...why]),
      alice.jit(["request", "orders:read", ...why]),
    ]);
    expect(ended.map(({ code }) => code)).toEqual([0, 0]);
    expect((await recordsOf(sandbox())).filter(({ type }) => type === "enrol")).toHaveLength(before + 1);
  });

  test("two machines with one key: a copied home gets a key of its own", async () => {
    const first = await machine("alice");
    expect((await first.jit(["request", "customers:read", ...why])).code).toBe(0);
    const before = (await recordsOf(sandbox())).filter(({ type }) => type === "enrol").length;
    const second = new Machine(first.env);
    cpSync(first.home, second.home, { recursive: true });
    for (const one of [second, first, second]) {
      expect((await one.jit(["request", "customers:read", ...why, "--new"])).code).toBe(0);
    }
    expect((await recordsOf(sandbox())).filter(({ type }) => type === "enrol")).toHaveLength(before + 1);
    second.remove();
  });
});
