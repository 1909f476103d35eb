import { beforeEach, expect, test } from "vitest";
import { JitError } from "../../src/error.ts";
import { type SingleFlightPorts, sessionFor } from "../../src/session/single-flight.ts";
import type { Session } from "../../src/session/types.ts";
import { MemoryCache, MemoryLock } from "./memory-cache.ts";
import { after, alice, lapsingAt, session } from "./sessions.ts";
import { fenceThat } from "./world.ts";

const name = { name: "s-customers.read-0000000000000000.json", inputs: "inputs" };
let cache: MemoryCache;
let now: Date;
let events: string[];

beforeEach(() => {
  cache = new MemoryCache();
  now = after(60);
  events = [];
});

function ports(change: Partial<SingleFlightPorts> = {}): SingleFlightPorts {
  return {
    cache,
    lock: new MemoryLock(),
    clock: { now: () => now },
    kept: async (of) => {
      events.push(`kept ${of.request}`);
    },
    lost: async (of) => {
      events.push(`lost ${of.request}`);
    },
    ...change,
  };
}

/** Obtains a session after a while, and notes it. */
function obtain(of: Session = session()) {
  return async (previous?: Session) => {
    events.push(previous === undefined ? "obtain" : `obtain after ${previous.request}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
    return { kind: "granted" as const, session: of };
  };
}

async function keep(of: Session): Promise<void> {
  await cache.write(name.name, { ...of, inputs: name.inputs }, fenceThat());
  cache.writes = 0;
}

test("fifty calls at once obtain one session", async () => {
  const shared = ports();
  const all = await Promise.all(Array.from({ length: 50 }, () => sessionFor(shared, name, obtain())));
  expect(events).toEqual(["obtain", `kept ${session().request}`]);
  expect(new Set(all.map(({ session: { credentials } }) => credentials.secretAccessKey.reveal())).size).toBe(
    1,
  );
  expect(all.filter(({ kind }) => kind === "granted")).toHaveLength(1);
});

test("a fresh session takes no lock", async () => {
  await keep(session());
  const lock = { hold: () => Promise.reject(new JitError("LOCK_TIMEOUT", "held")) };
  expect((await sessionFor(ports({ lock }), name, obtain())).kind).toBe("cached");
});

test.each<[string, Session, string]>([
  ["lapsed", lapsingAt(after(59), { request: "old" }), "obtain after old"],
  ["of an ended grant", session({ request: "old", notAfter: after(60) }), "obtain after old"],
  ["soon to lapse", lapsingAt(after(300), { request: "old", notAfter: after(7200) }), "obtain after old"],
])("a session that is %s is obtained anew", async (_what, old, event) => {
  await keep(old);
  const outcome = await sessionFor(ports(), name, obtain());
  expect(events[0]).toBe(event);
  expect(outcome.session.request).toBe(session().request);
  expect((await cache.read(name.name))?.request).toBe(session().request);
});

test("a session of other inputs is not seen", async () => {
  await cache.write(name.name, session({ inputs: "others" }), fenceThat());
  await sessionFor(ports(), name, obtain());
  expect(events[0]).toBe("obtain");
});

test("another person's session is not seen, where it is known who calls", async () => {
  await keep(session());
  const bob = { ...alice, userid: "AIDABOBBOBBOBBOBBOB0" };
  expect((await sessionFor(ports({ identity: alice }), name, obtain())).kind).toBe("cached");
  expect((await sessionFor(ports({ identity: bob }), name, obtain())).kind).toBe("granted");
});

test("what still works is handed out where its renewal fails", async () => {
  await keep(lapsingAt(after(300), { request: "old", notAfter: after(7200) }));
  const failing = () => Promise.reject(new JitError("STS_UNREACHABLE", "no network"));
  const outcome = await sessionFor<{ session?: Session }>(ports(), name, failing);
  expect(outcome).toMatchObject({ kind: "cached", notices: [{ code: "NOT_RENEWED" }] });
  expect(outcome.session?.request).toBe("old");
});

test("what no longer works is not, and stays where it is", async () => {
  await keep(lapsingAt(after(59), { request: "old", notAfter: after(7200) }));
  const failing = () => Promise.reject(new JitError("STS_UNREACHABLE", "no network"));
  await expect(sessionFor(ports(), name, failing)).rejects.toMatchObject({ code: "STS_UNREACHABLE" });
  expect((await cache.read(name.name))?.request).toBe("old");
});

test("an outcome without a session passes through, and nothing is kept", async () => {
  const pending = { kind: "pending", request: "r" } as { kind: "pending"; request: string; session?: never };
  expect(await sessionFor(ports(), name, async () => pending)).toBe(pending);
  expect(cache.files.size).toBe(0);
  expect(events).toEqual([]);
});

test("a session that cannot be kept is lost, and what was there stays", async () => {
  await keep(lapsingAt(after(59), { request: "old" }));
  cache.fault = new JitError("LOCAL_DISK_FULL", "full");
  await expect(sessionFor(ports(), name, obtain())).rejects.toMatchObject({ code: "LOCAL_DISK_FULL" });
  expect(events.at(-1)).toBe(`lost ${session().request}`);
  expect((await cache.read(name.name))?.request).toBe("old");
});

test("who lost the lock publishes nothing", async () => {
  const lock = new MemoryLock(fenceThat(0));
  await expect(sessionFor(ports({ lock }), name, obtain())).rejects.toMatchObject({ code: "LOCK_LOST" });
  expect(cache.files.size).toBe(0);
  expect(events.at(-1)).toBe(`lost ${session().request}`);
});

test("a call that failed lets the next one try", async () => {
  const shared = ports();
  const failing = () => Promise.reject(new JitError("STS_DENIED", "no"));
  await expect(sessionFor(shared, name, failing)).rejects.toMatchObject({ code: "STS_DENIED" });
  expect((await sessionFor(shared, name, obtain())).kind).toBe("granted");
});
