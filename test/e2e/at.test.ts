import { beforeEach, describe, expect, test } from "vitest";
import { reader, useSandbox, why } from "../support/fixture.ts";
import type { Ended, Machine } from "../support/jit.ts";
import {
  assumedRoles,
  expectError,
  expectHarmless,
  recordsOf,
  unrecordedSessions,
} from "../support/ledger.ts";

/** `jit request --at` through the real binary: decided ahead, issued in its window alone, and over with it. */

const { sandbox, machine } = useSandbox();
const profile = "s3://acme-customers/profiles/0007.json";
const salaries = "s3://acme-payroll/salaries/2026-11.csv";
/** Seconds that the sandbox's clock is ahead of the test's; what is read with AWS's SDK bears some minutes. */
let ahead = 0;

let alice: Machine;
beforeEach(async () => {
  alice = await machine("alice");
});

async function pass(seconds: number): Promise<void> {
  await sandbox().advanceClock(seconds);
  ahead += seconds;
}

/** A whole second, so many seconds from now by AWS's clock. */
function inSeconds(seconds: number): string {
  return `${new Date(Date.now() + (ahead + seconds) * 1000).toISOString().slice(0, 19)}Z`;
}

/** A first call by which a machine learns AWS's time. */
const learnTime = (who: Machine) => who.jit(["audit", "show", "01M86SEVJG1FGQJQZAVZWK49QB"]);

async function ask(at: string, target = "customers:read", duration = "30m"): Promise<Ended> {
  await learnTime(alice);
  return await alice.jit(["request", target, ...why, "--for", duration, "--at", at, "--json"]);
}

async function issues(request: string): Promise<number> {
  return (await recordsOf(sandbox())).filter((one) => one.request === request && one.type === "issue").length;
}

/** What `audit log` calls it. */
async function outcome(request: string): Promise<string> {
  const { stdout } = await (await machine("auditor")).jit(["audit", "log", "--json", "--since", "3d"]);
  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  return lines.find((line) => line.request === request)?.outcome;
}

async function expectVerified(): Promise<void> {
  const verified = await (await machine("auditor")).jit(["audit", "verify", "--strict", "--json"]);
  const { findings } = JSON.parse(verified.stdout);
  expect(findings.filter(({ severity }: { severity: string }) => severity !== "notice")).toEqual([]);
  expect(await unrecordedSessions(sandbox())).toEqual([]);
}

describe("a window that needs nobody", () => {
  test("is recorded now, issued when it is open, and ends when it ends, however late it was picked up", async () => {
    const at = inSeconds(120);
    const asked = await ask(at, "customers:read", "2m");
    expect(asked.code).toBe(0);
    expectHarmless(asked);
    const { status, request, opensAt, notAfter } = JSON.parse(asked.stdout);
    const end = new Date(Date.parse(at) + 120_000).toISOString();
    expect({ status, opensAt, notAfter }).toEqual({
      status: "scheduled",
      opensAt: new Date(at).toISOString(),
      notAfter: end,
    });
    const listed = JSON.parse((await alice.jit(["status", "--json"])).stdout).waiting;
    expect(listed).toMatchObject([{ request, opensAt, quorum: 0, duration: 120 }]);
    expectError(await alice.jit(["credentials", "customers:read", "--json"]), "NO_SESSION", 12);
    expect(await issues(request)).toBe(0);
    expect(await outcome(request)).toBe("scheduled");
    expect((await alice.jit(["audit", "show", request])).stdout).toMatch(`${request}  scheduled\n`);

    await pass(170);
    await learnTime(alice);
    const read = await alice.jit(["exec", "customers:read", "--", ...reader(profile)]);
    expect(read.code).toBe(0);
    const status2 = JSON.parse((await alice.jit(["status", "--json"])).stdout);
    expect(status2.waiting).toEqual([]);
    expect(status2.sessions).toMatchObject([{ request, notAfter: end }]);
    expect(await issues(request)).toBe(1);
    expect(await outcome(request)).toBe("granted");

    // At the very second AWS says no, by the session's own policy.
    const env = JSON.parse((await alice.jit(["env", "customers:read", "--json"])).stdout);
    await pass(75);
    const [command = "", ...args] = reader(profile);
    expect((await alice.run(command, args, { env })).stdout).toMatch(/AccessDenied|ExpiredToken/);
    await expectVerified();
  });

  test("is waited for by watch and by request --wait", async () => {
    for (const command of [["watch"], ["request", "--wait"]]) {
      const { request } = JSON.parse((await ask(inSeconds(4))).stdout);
      const ended = await alice.jit([...command, request, "--json"]);
      expect([ended.code, JSON.parse(ended.stdout).request]).toEqual([0, request]);
      expect(await issues(request)).toBe(1);
      await alice.jit(["forget", "--all"]);
    }
    await expectVerified();
  });

  test("is left beside a session for now, and neither ends the other", async () => {
    const asked = await ask(inSeconds(60), "customers:read", "20m");
    const early = await alice.jit(["exec", "customers:read", "--json", "--", "true"]);
    expectError(early, "NO_SESSION", 125);
    expect(JSON.parse(early.stderr.split("\n")[0] ?? "").note).toMatchObject({
      code: "WINDOW_LATER",
      message: expect.stringContaining(`jit watch ${JSON.parse(asked.stdout).request}`),
    });
    const now = await alice.jit(["request", "customers:read", ...why, "--for", "15m", "--json"]);
    const [first, second] = [JSON.parse(now.stdout), JSON.parse(asked.stdout)];
    const env = JSON.parse((await alice.jit(["env", "customers:read", "--json"])).stdout);
    await pass(70);
    await learnTime(alice);
    // The grant that is there goes on to its end; then the window has its turn.
    expect((await alice.jit(["exec", "customers:read", "--", ...reader(profile)])).code).toBe(0);
    expect(await issues(second.request)).toBe(0);
    const watched = await alice.jit(["watch", second.request, "--json"]);
    expect(JSON.parse(watched.stdout).request).toBe(second.request);
    const [command = "", ...args] = reader(profile);
    expect((await alice.run(command, args, { env })).code).toBe(0);
    expect(JSON.parse((await alice.jit(["audit", "show", first.request, "--json"])).stdout).state).toBe(
      "issued",
    );
    await expectVerified();
  });
});

describe("where approvers issue", () => {
  const approve = async (name: string, request: string) => {
    const who = await machine(name);
    await learnTime(who);
    return await who.jit(["approve", request, "--yes", "--json"]);
  };

  test("approvals may come before the window, and one of them issues in it", async () => {
    const at = inSeconds(60);
    const asked = await ask(at, "payroll:read");
    expect(asked.code).toBe(4);
    const { request } = JSON.parse(asked.stdout);
    expect(JSON.parse((await approve("bob", request)).stdout).status).toBe("waiting");
    expect(await outcome(request)).toBe("pending");
    const carol = await machine("carol");
    const second = await carol.jit(["approve", request, "--yes", "--json"]);
    expect(JSON.parse(second.stdout)).toMatchObject({
      status: "early",
      opensAt: new Date(at).toISOString(),
    });
    expectError(await carol.jit(["approve", request, "--yes", "--json"]), "APPROVED_ALREADY", 3);
    expect(await outcome(request)).toBe("scheduled");
    expect((await assumedRoles(sandbox())).filter((one) => one.request === request)).toEqual([]);
    await pass(70);
    await learnTime(carol);
    expect(JSON.parse((await carol.jit(["approve", request, "--yes", "--json"])).stdout)).toMatchObject({
      status: "issued",
      notAfter: new Date(Date.parse(at) + 1_800_000).toISOString(),
    });
    await learnTime(alice);
    const read = await alice.jit(["exec", "payroll:read", "--", ...reader(salaries)]);
    expect(read.code).toBe(0);
    await expectVerified();
  });

  test("a window after the request has run out is refused before anything is written", async () => {
    const before = (await recordsOf(sandbox())).length;
    expectError(await ask(inSeconds(5 * 3600), "payroll:read"), "AT_UNAPPROVABLE", 3);
    expect((await recordsOf(sandbox())).length).toBe(before);
  });
});

describe("what comes to nothing", () => {
  test("lapses when nobody picks it up", async () => {
    const { request } = JSON.parse((await ask(inSeconds(600), "customers:read", "10m")).stdout);
    await pass(1300);
    await learnTime(alice);
    const kept = await alice.jit(["watch", request, "--json"]);
    expectError(kept, "WINDOW_LAPSED", 6);
    expect(await outcome(request)).toBe("expired");
    expect(JSON.parse((await alice.jit(["status", "--json"])).stdout).waiting).toEqual([]);
    expect(await issues(request)).toBe(0);
  });

  test("can be given up", async () => {
    const { request } = JSON.parse((await ask(inSeconds(600))).stdout);
    expect((await alice.jit(["deny", request, "--yes", "--reason", "the meeting was moved"])).code).toBe(0);
    await pass(601);
    await learnTime(alice);
    expectError(await alice.jit(["watch", request, "--json"]), "REQUEST_DENIED", 5);
    expect(await outcome(request)).toBe("denied");
    expect(await issues(request)).toBe(0);
  });
});

test.each([
  ["2026-12-01T09:00", "AT_INVALID"],
  ["2026-02-30T09:00Z", "AT_INVALID"],
  ["tomorrow", "AT_INVALID"],
  ["2020-01-01T09:00Z", "AT_PAST"],
  ["2099-01-01T09:00Z", "AT_TOO_FAR"],
])("--at %s is %s, and nothing is written", async (at, code) => {
  const before = (await recordsOf(sandbox())).length;
  expectError(await alice.jit(["request", "customers:read", ...why, "--at", at, "--json"]), code, 2);
  expect((await recordsOf(sandbox())).length).toBe(before);
});
