import { beforeEach, describe, expect, test } from "vitest";
import { reader, useSandbox, why } from "../support/fixture.ts";
import type { Machine } from "../support/jit.ts";
import { errorOf, expectError, expectHarmless, recordsOf } from "../support/ledger.ts";

/** Through the real binary; it is the sandbox's own IAM evaluation that says no. */

const { sandbox, machine } = useSandbox();
const profile = "s3://acme-customers/profiles/0007.json";
const order = "s3://acme-orders/orders/2026-01.csv";

interface Opened {
  readonly who: Machine;
  readonly request: string;
  /** What reading gives: `read`, or AWS's error. */
  read(): Promise<string>;
}

async function open(who: Machine, target = "customers:read", location = profile): Promise<Opened> {
  const asked = await who.jit(["request", target, "--new", ...why, "--json"]);
  expect(asked.code).toBe(0);
  const { request } = JSON.parse(asked.stdout);
  // The very credentials: whatever jit does with its cache, they are what somebody holds.
  const env = JSON.parse((await who.jit(["env", target, "--format", "process"])).stdout);
  const credentials = {
    AWS_ACCESS_KEY_ID: env.AccessKeyId,
    AWS_SECRET_ACCESS_KEY: env.SecretAccessKey,
    AWS_SESSION_TOKEN: env.SessionToken,
  };
  return {
    who,
    request,
    async read() {
      const [command = "", ...args] = reader(location);
      const ended = await who.run(command, args, { env: credentials });
      return ended.code === 0 ? "read" : ended.stdout;
    },
  };
}

async function stateOf({ who, request }: Opened): Promise<string> {
  const shown = await who.jit(["audit", "show", request, "--json"]);
  expect(shown.code).toBe(0);
  return JSON.parse(shown.stdout).state;
}

async function revoke(who: Machine, ...args: readonly string[]) {
  const ended = await who.jit(["revoke", ...args, "--json", "-y"]);
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  expectHarmless(ended);
  return JSON.parse(ended.stdout);
}

let bob: Machine;
beforeEach(async () => {
  bob = await machine("bob");
});

describe("what is revoked", () => {
  test("one request's session can no longer read; another session of the same role and person still can", async () => {
    const lost = await open(await machine("alice"));
    const kept = await open(await machine("alice"));
    expect([await lost.read(), await kept.read()]).toEqual(["read", "read"]);
    const { sessions, roles, recorded } = await revoke(bob, lost.request, "--reason", "the laptop was lost");
    expect(sessions).toMatchObject([{ request: lost.request, requester: "alice", revoked: true }]);
    expect(roles).toMatchObject([{ state: "confirmed", code: null }]);
    expect(recorded).toBe(true);
    expect([await lost.read(), await kept.read()]).toEqual(["AccessDenied", "read"]);
    expect([await stateOf(lost), await stateOf(kept)]).toEqual(["revoked", "issued"]);
    const verified = await bob.jit(["audit", "verify", "--json"]);
    expect(verified.code).toBe(0);
  });

  test("a lease of a revoked session is dead, too", async () => {
    const alice = await machine("alice");
    const lost = await open(alice);
    await revoke(bob, lost.request);
    const leased = await alice.jit(["exec", "--lease", "5m", "customers:read", "--", ...reader(profile)]);
    expect(leased.stdout).not.toContain("0007");
    expect(leased.code).not.toBe(0);
  });

  test("all sessions of a store, and none of another", async () => {
    const alice = await machine("alice");
    const customers = await open(alice);
    const orders = await open(alice, "orders:read", order);
    const { sessions } = await revoke(bob, "--store", "orders");
    expect(sessions.map(({ request }: { request: string }) => request)).toContain(orders.request);
    expect(sessions.map(({ request }: { request: string }) => request)).not.toContain(customers.request);
    expect([await customers.read(), await orders.read()]).toEqual(["read", "AccessDenied"]);
  });

  test("a requester: every session, and assuming again does not help, until it is lifted", async () => {
    const alice = await open(await machine("alice"));
    const frank = await machine("frank");
    const first = await open(frank);
    const second = await open(frank, "orders:read", order);
    const { person, sessions } = await revoke(bob, "--requester", "frank", "--for", "2h");
    expect(person.name).toBe("frank");
    expect(sessions.length).toBeGreaterThanOrEqual(2);
    expect([await first.read(), await second.read()]).toEqual(["AccessDenied", "AccessDenied"]);
    const again = await open(await machine("frank"));
    const elsewhere = await open(await machine("frank"), "orders:read", order);
    expect([await again.read(), await elsewhere.read()]).toEqual(["AccessDenied", "AccessDenied"]);
    expect(await alice.read()).toBe("read");

    const carol = await machine("carol");
    expectError(await carol.jit(["revoke", "--lift", "frank", "--json"]), "LIFT_OTHERS", 2);
    expect((await revoke(bob, "--lift", "frank")).changed).toHaveLength(4);
    expect([await again.read(), await first.read()]).toEqual(["read", "AccessDenied"]);
    expectError(await bob.jit(["revoke", "--lift", "frank", "--json"]), "LIFT_NOTHING", 2);
  });

  test("all of them; the revoker's own is wiped from the machine", async () => {
    const dave = await machine("dave");
    const own = await open(dave, "orders:read", order);
    const other = await open(await machine("alice"));
    // A person who may revoke and ask: bob's rights in the environment of dave's home.
    const both = { ...bob.env, HOME: dave.home };
    const ended = await dave.jit(["revoke", "--all", "--json"], { env: both });
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.stdout).wiped).toEqual([own.request]);
    expect([await own.read(), await other.read()]).toEqual(["AccessDenied", "AccessDenied"]);
    expect(JSON.parse((await dave.jit(["status", "--json"])).stdout).sessions).toEqual([]);
  });
});

describe("who revokes", () => {
  test("two at once lose nothing", async () => {
    const sessions = await Promise.all([1, 2, 3, 4].map(async () => await open(await machine("alice"))));
    const carol = await machine("carol");
    const secondOfBob = await machine("bob");
    const [a, b, c, d] = sessions.map(({ request }) => request);
    await Promise.all([
      revoke(bob, a ?? ""),
      revoke(carol, b ?? ""),
      revoke(secondOfBob, c ?? ""),
      revoke(bob, d ?? ""),
    ]);
    expect(await Promise.all(sessions.map((one) => one.read()))).toEqual(Array(4).fill("AccessDenied"));
  });

  test("without the right to change the role's policies: a clear no, and nothing written", async () => {
    const alice = await machine("alice");
    const session = await open(alice);
    expectError(await alice.jit(["revoke", session.request, "--json"]), "IAM_DENIED", 8);
    expect(await session.read()).toBe("read");
    expect(await stateOf(session)).toBe("issued");
  });
});

describe("when something fails", () => {
  test("the bucket takes no record: revoked all the same, said so, and recorded the next time", async () => {
    const session = await open(await machine("alice"));
    // Enrols the key.
    expect((await bob.jit(["stores"])).code).toBe(0);
    await sandbox().fault({ kind: "status", status: 503, action: "PutObject" });
    const ended = await bob.jit(["revoke", session.request, "--json"]);
    expect({ exit: ended.code, code: errorOf(ended).code }).toEqual({ exit: 10, code: "REVOKE_UNRECORDED" });
    expect(JSON.parse(ended.stdout)).toMatchObject({ recorded: false, sessions: [{ revoked: true }] });
    expect(await session.read()).toBe("AccessDenied");
    await sandbox().clearFaults();
    await revoke(bob, session.request);
    expect(await stateOf(session)).toBe("revoked");
    const types = (await recordsOf(sandbox())).filter(({ request }) => request === session.request);
    expect(types.filter(({ type }) => type === "revoke").length).toBeGreaterThan(0);
  }, 60_000);

  test("IAM does not answer: nothing is written, and the exit says try again", async () => {
    const session = await open(await machine("alice"));
    await sandbox().fault({ kind: "status", status: 500, service: "iam" });
    expectError(await bob.jit(["revoke", session.request, "--json"]), "IAM_UNREACHABLE", 9);
    await sandbox().clearFaults();
    expect(await stateOf(session)).toBe("issued");
  }, 60_000);

  test.each([
    [["0".repeat(26)], "REQUEST_NOT_FOUND", 12],
    [["customers"], "REQUEST_ID_INVALID", 2],
    [["--store", "none"], "STORE_UNKNOWN", 2],
    [["--requester", "*"], "NAME_INVALID", 2],
    [["--requester", "a\u202eb"], "NAME_INVALID", 2],
    [["--all", "--store", "orders"], "USAGE", 2],
    [[], "FLAG_MISSING", 2],
    [["--requester", "eve", "--for", "soon"], "DURATION_INVALID", 2],
    [["--requester", "eve", "--reason", "a\u0007b"], "REASON_INVALID", 3],
  ] as const)("revoke %j is refused with %s", async (args, code, exit) => {
    const ended = await bob.jit(["revoke", ...args, "--json"]);
    expectError(ended, code, exit);
    expectHarmless(ended);
  });
});

test("a sweep removes what has ended and leaves what has not", async () => {
  const carol = await machine("carol");
  const session = await open(await machine("alice"));
  await revoke(carol, session.request);
  await revoke(carol, "--requester", "eve", "--for", "30h");
  expect(await revoke(carol, "--sweep")).toMatchObject({ removed: [], shortened: [] });
  // Last in this file: the clock does not go back.
  await sandbox().advanceClock(3 * 3600);
  const swept = await revoke(carol, "--sweep");
  expect(swept.shortened.length).toBeGreaterThan(0);
  expect((await revoke(carol, "--sweep")).shortened).toEqual([]);
  expectError(await carol.jit(["revoke", session.request, "--json"]), "GRANT_ENDED", 6);
  await sandbox().advanceClock(72 * 3600);
  const later = await revoke(carol, "--sweep");
  expect(later).toMatchObject({ shortened: [], left: [] });
  expect(later.removed.length).toBeGreaterThan(1);
  // Where nothing lives there is nothing to end, and that is no error.
  expect(await revoke(carol, "--all", "--sweep")).toMatchObject({ sessions: [], swept: { removed: [] } });
});
