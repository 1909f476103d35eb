import { beforeEach, describe, expect, test } from "vitest";
import { reader, useSandbox, why } from "../support/fixture.ts";
import type { Machine } from "../support/jit.ts";
import { expectError, expectHarmless, recordsOf, unrecordedSessions } from "../support/ledger.ts";

/** `jit extend` through the real binary: a new decision, the same story, and nothing that ends early because of it. */

const { sandbox, machine } = useSandbox();
const profile = "s3://acme-customers/profiles/0007.json";
const salaries = "s3://acme-payroll/salaries/2026-11.csv";

let alice: Machine;
beforeEach(async () => {
  alice = await machine("alice");
});

async function open(who: Machine, duration: string, target = "customers:read"): Promise<string> {
  const asked = await who.jit(["request", target, "--new", ...why, "--for", duration, "--json"]);
  expect(asked.code).toBe(0);
  return JSON.parse(asked.stdout).request;
}

/** Reads with the very keys that a process was handed before. */
async function heldBy(who: Machine, target = "customers:read", location = profile) {
  const env = JSON.parse((await who.jit(["env", target, "--json"])).stdout);
  return async () => {
    const [command = "", ...args] = reader(location);
    const ended = await who.run(command, args, { env });
    return ended.code === 0 ? "read" : ended.stdout;
  };
}

async function shown(who: Machine, request: string) {
  const ended = await who.jit(["audit", "show", request, "--json"]);
  expect(ended.code).toBe(0);
  return JSON.parse(ended.stdout);
}

async function expectVerified(): Promise<void> {
  const verified = await (await machine("auditor")).jit(["audit", "verify", "--strict", "--json"]);
  expect(JSON.parse(verified.stdout).findings.filter(isGrave)).toEqual([]);
  expect(await unrecordedSessions(sandbox())).toEqual([]);
}

const isGrave = ({ severity }: { severity: string }) => severity !== "notice";

describe("extending", () => {
  test("puts a longer session in the old one's place, which works on to its own end", async () => {
    const old = await open(alice, "15m");
    const before = JSON.parse((await alice.jit(["status", "--json"])).stdout).sessions[0];
    const read = await heldBy(alice);
    const ended = await alice.jit(["extend", "customers:read", "--for", "30m", "--json"]);
    expect(ended.code).toBe(0);
    expectHarmless(ended);
    const { status, request, notAfter, extends: extended } = JSON.parse(ended.stdout);
    expect(status).toBe("granted");
    expect(extended).toEqual({ request: old, notAfter: before.notAfter });
    expect(Date.parse(notAfter)).toBeGreaterThan(Date.parse(before.notAfter));

    const sessions = JSON.parse((await alice.jit(["status", "--json"])).stdout).sessions;
    expect(sessions.map((one: { request: string }) => one.request)).toEqual([request]);
    expect(await read()).toBe("read");
    expect((await alice.jit(["exec", "customers:read", "--", ...reader(profile)])).code).toBe(0);

    // Both tell of each other, whichever is asked for; the old one is not told as ended.
    const [first, second] = [await shown(alice, old), await shown(alice, request)];
    expect(first).toMatchObject({ state: "issued", linked: [{ request, extends: old, state: "issued" }] });
    expect(second).toMatchObject({ state: "issued", linked: [{ request: old, extends: null }] });
    expect(first.entries.map(({ type }: { type: string }) => type)).not.toContain("end");
    const own = second.entries.find(({ type }: { type: string }) => type === "request").record;
    expect(own).toMatchObject({ purpose: "support", reason: { text: why[3] }, claimed: { extends: old } });

    // Forgetting what is there now leaves the old keys as they were, and the other way round for AWS.
    expect((await alice.jit(["forget", "customers:read"])).code).toBe(0);
    expect((await shown(alice, old)).state).toBe("issued");
    expect(await read()).toBe("read");
    await expectVerified();
  });

  test("goes on with what is given anew, and with the old duration where none is", async () => {
    const old = await open(alice, "20m");
    await sandbox().advanceClock(120);
    const ended = await alice.jit([
      ...[
        "extend",
        old,
        "--purpose",
        "incident",
        "--reason",
        "The incident goes on, still reading",
        "--json",
      ],
      ...["--ticket", "OPS-7"],
    ]);
    expect(ended.code).toBe(0);
    const { request } = JSON.parse(ended.stdout);
    const { record } = (await shown(alice, request)).entries.find(
      ({ type }: { type: string }) => type === "request",
    );
    expect(record).toMatchObject({ duration: 1200, purpose: "incident", claimed: { extends: old } });
    // An extension can be extended; each is told with all.
    const third = JSON.parse((await alice.jit(["extend", request, "--for", "40m", "--json"])).stdout).request;
    const { linked } = await shown(alice, old);
    expect(linked.map((one: { request: string }) => one.request)).toEqual([request, third]);
    await expectVerified();
  });

  test("revoking one of the two leaves the other", async () => {
    const old = await open(alice, "15m");
    const [oldKeys, bob] = [await heldBy(alice), await machine("bob")];
    const request = JSON.parse((await alice.jit(["extend", old, "--for", "30m", "--json"])).stdout).request;
    const newKeys = await heldBy(alice);
    expect((await bob.jit(["revoke", old, "-y", "--json"])).code).toBe(0);
    expect([await oldKeys(), await newKeys()]).toEqual(["AccessDenied", "read"]);
    expect((await shown(alice, request)).state).toBe("issued");
    expectError(await alice.jit(["extend", old, "--for", "1h", "--json"]), "EXTEND_REVOKED", 3);
  });
});

describe("grants of one target that overlap", () => {
  test("from two machines, for different times, never end one another", async () => {
    const other = await machine("alice");
    const [first, second] = [await open(alice, "15m"), await open(other, "40m")];
    const [here, there] = [await heldBy(alice), await heldBy(other)];
    // The one is forgotten, the other extended from the machine that did not make it.
    expect((await alice.jit(["forget", first])).code).toBe(0);
    expect([await here(), await there()]).toEqual(["read", "read"]);
    const ended = await alice.jit(["extend", second, "--for", "1h", "--json"]);
    expect(ended.code).toBe(0);
    const { request } = JSON.parse(ended.stdout);
    expect((await (await machine("bob")).jit(["revoke", first, "-y"])).code).toBe(0);
    expect([await here(), await there(), await (await heldBy(alice))()]).toEqual([
      "AccessDenied",
      "read",
      "read",
    ]);
    const states = [first, second, request].map(async (one) => (await shown(alice, one)).state);
    expect(await Promise.all(states)).toEqual(["revoked", "issued", "issued"]);
    await expectVerified();
  });

  test("extending twice at once, while others ask for the credentials, leaves one session and every grant whole", async () => {
    const old = await open(alice, "15m");
    const runs = await Promise.all([
      ...[1, 2].map(() => alice.jit(["extend", old, "--for", "45m", "--json"])),
      ...[1, 2].map(() => alice.jit(["credentials", "customers:read"])),
    ]);
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    const ids = runs.slice(0, 2).map(({ stdout }) => JSON.parse(stdout).request);
    expect(new Set(ids).size).toBe(1);
    expect((await shown(alice, old)).state).toBe("issued");
    await expectVerified();
  });
});

describe("what cannot be extended has its own answer", () => {
  test("before anything is written", async () => {
    const extend = (...args: string[]) => alice.jit(["extend", ...args, "--json"]);
    expectError(await extend(), "NO_SESSION", 12);
    expectError(await extend("customers:read"), "NO_SESSION", 12);
    expectError(await extend("01M86SEVJG1FGQJQZAVZWK49QB"), "REQUEST_NOT_FOUND", 12);
    const old = await open(alice, "30m");
    expectError(await extend("--for", "5m"), "EXTEND_SHORTER", 2);
    expectError(await extend("--for", "99h"), "DURATION_TOO_LONG", 3);
    const other = await machine("dave");
    expectError(await other.jit(["extend", old, "--json"]), "EXTEND_NOT_OWN", 3);
    await open(alice, "10m", "orders:read");
    expectError(await extend("--for", "50m"), "FLAG_MISSING", 2);
    await alice.jit(["forget", "--all"]);
    expectError(await extend(old), "EXTEND_FORGOTTEN", 6);
    const late = await open(alice, "1m");
    await sandbox().advanceClock(61);
    expectError(await extend(late, "--for", "10m"), "GRANT_ENDED", 6);
    const records = (await recordsOf(sandbox())).filter(({ type }) => type === "abort");
    expect(records).toEqual([]);
  });
});

describe("where others must agree", () => {
  const approves = (who: Machine, request: string) => who.jit(["approve", request, "--yes", "--json"]);

  async function granted(): Promise<string> {
    const asked = await alice.jit(["request", "payroll:read", ...why, "--for", "15m", "--json"]);
    const { request } = JSON.parse(asked.stdout);
    expectError(await alice.jit(["extend", request, "--for", "1h", "--json"]), "EXTEND_NOT_ISSUED", 3);
    for (const name of ["bob", "carol"]) await approves(await machine(name), request);
    expect((await alice.jit(["watch", request, "--json"])).code).toBe(0);
    return request;
  }

  test("the old session goes on while the extension waits, and is replaced once it is there", async () => {
    const old = await granted();
    const pending = await alice.jit(["extend", "payroll:read", "--for", "30m", "--json"]);
    expect(pending.code).toBe(4);
    const { request } = JSON.parse(pending.stdout);
    const read = () => alice.jit(["exec", "payroll:read", "--", ...reader(salaries)]);
    expect((await read()).code).toBe(0);
    const [bob, carol] = [await machine("bob"), await machine("carol")];
    const seen = JSON.parse((await bob.jit(["pending", "--json"])).stdout).pending;
    expect(seen.find((one: { request: string }) => one.request === request)).toMatchObject({ extends: old });
    await approves(bob, request);
    await approves(carol, request);
    const watched = await alice.jit(["watch", "--json"]);
    expect([watched.code, JSON.parse(watched.stdout).request]).toEqual([0, request]);
    expect((await read()).code).toBe(0);
    const { linked } = await shown(alice, old);
    expect(linked).toMatchObject([{ request, state: "issued" }]);
    await expectVerified();
  });

  test("a denial takes nothing from what is there", async () => {
    await granted();
    const pending = await alice.jit(["extend", "payroll:read", "--for", "30m", "--json"]);
    const { request } = JSON.parse(pending.stdout);
    await (await machine("bob")).jit(["deny", request, "--yes", "--reason", "once is enough"]);
    expect((await alice.jit(["credentials", "payroll:read"])).code).toBe(0);
    expectError(await alice.jit(["watch", request, "--json"]), "REQUEST_DENIED", 5);
    expect((await alice.jit(["credentials", "payroll:read"])).code).toBe(0);
  });
});
