import { describe, expect, test } from "vitest";
import { type Found, findLiveSessions, type Meant } from "../../../src/session/revoke/live-sessions.ts";
import { log, StandingClock, testWriter } from "../../audit/writer.ts";
import { MemoryRecordStore } from "../../support/memory-record-store.ts";
import { organizationOf } from "../world.ts";

const all: Meant = { kind: "all" };

function world() {
  const clock = new StandingClock();
  const store = new MemoryRecordStore(() => clock.now());
  return {
    clock,
    store,
    writer: (name: string) => testWriter(store, name, { clock }),
    find: (meant: Meant): Promise<Found> =>
      findLiveSessions(store, meant, { log, trust: undefined, clock, hours: 5 }),
  };
}

const requestsOf = ({ sessions }: Found): readonly string[] => sessions.map(({ request }) => request);

describe("live sessions", () => {
  test("are those whose grant has not ended, by all that can be meant", async () => {
    const { clock, find, writer } = world();
    const alice = writer("alice");
    const bob = writer("bob");
    const first = await alice.request();
    await alice.issue(first, { tags: { "jit:store": "customers" }, sourceIdentity: "alice" });
    const second = await bob.request();
    await bob.issue(second, { tags: { "jit:store": "orders customers" }, sourceIdentity: "-" });
    const never = await alice.request();
    const [a, b] = [first.record.id, second.record.id];
    expect(requestsOf(await find(all))).toEqual([a, b].sort());
    expect(requestsOf(await find({ kind: "request", request: a }))).toEqual([a]);
    expect(requestsOf(await find({ kind: "request", request: never.record.id }))).toEqual([]);
    expect(requestsOf(await find({ kind: "requester", name: "alice" }))).toEqual([a]);
    // A session that came with a source identity: the writer's own name counts.
    expect(requestsOf(await find({ kind: "requester", name: "bob" }))).toEqual([b]);
    const found = organizationOf().catalog.stores.get("orders");
    if (found === undefined) throw new Error("no store");
    const orders = { ...found, role: first.record.role };
    expect(requestsOf(await find({ kind: "store", store: orders }))).toEqual([b]);
    expect(requestsOf(await find({ kind: "store", store: found }))).toEqual([]);
    clock.pass(1800);
    expect(await find(all)).toEqual({ sessions: [], ended: [a, b].sort(), notBelieved: [] });
  });

  test("a key that was revoked hides no session that it made", async () => {
    const { clock, store, writer } = world();
    const alice = writer("alice");
    const request = await alice.request();
    await alice.issue(request);
    const revokedKeys = [{ thumbprint: alice.signer.thumbprint, at: "2026-01-01T00:00:00Z" }];
    const trust = { tokenIssuers: [], refusePathOnly: false, revokedKeys };
    const found = await findLiveSessions(store, all, { log, trust, clock, hours: 5 });
    expect(requestsOf(found)).toEqual([request.record.id]);
  });

  test("a renewed session counts once, to the time at which the last credentials lapse", async () => {
    const { clock, find, writer } = world();
    const alice = writer("alice");
    const request = await alice.request();
    const issued = await alice.issue(request);
    clock.pass(600);
    await alice.issue(request, {
      renews: issued.sha256,
      notAfter: issued.record.notAfter,
      expiration: "2026-11-24T10:00:00Z",
      accessKeyId: "ASIAANOTHERANOTHER01",
    });
    const { sessions } = await find(all);
    expect(sessions).toMatchObject([
      { request: request.record.id, lapses: new Date("2026-11-24T10:00:00Z") },
    ]);
  });

  test("takes LIST and the issue records, and the request records of those that are meant alone", async () => {
    const { find, store, writer } = world();
    const alice = writer("alice");
    const request = await alice.request();
    await alice.issue(request);
    for (let i = 0; i < 5; i += 1) await alice.request();
    store.calls.length = 0;
    await find({ kind: "requester", name: "nobody" });
    const read = store.calls.filter((call) => call.startsWith("read "));
    expect(read.filter((call) => call.includes(".request.jws"))).toEqual([]);
    await find(all);
    expect(store.calls.filter((call) => /^read .*\.request\.jws/.test(call))).toHaveLength(1);
  });
});

describe("what is not believed", () => {
  test("an issue record of somebody else's request", async () => {
    const { find, writer } = world();
    const request = await writer("alice").request();
    await writer("mallory").issue(request);
    const found = await find(all);
    expect(found.sessions).toEqual([]);
    expect(found.notBelieved).toHaveLength(1);
  });

  test("a session under another name than its request's, so that another's would be ended", async () => {
    const { find, writer } = world();
    const victim = await writer("alice").request();
    const mallory = writer("mallory");
    const own = await mallory.request();
    const sessionName = `jit-${victim.record.id}`;
    await mallory.issue(own, { sessionName, assumedRoleId: `AROASTOREROLE00000001:${sessionName}` });
    const found = await find(all);
    expect(found.sessions).toEqual([]);
    expect(found.notBelieved).toHaveLength(1);
  });

  test("another role than the request's, and bytes that were changed", async () => {
    const { find, store, writer } = world();
    const alice = writer("alice");
    await alice.issue(await alice.request(), { role: "arn:aws:iam::222222222222:role/admin" });
    const good = await alice.issue(await alice.request());
    const [version] = store.objects.get(good.key) ?? [];
    const bytes = Buffer.from(version?.bytes ?? []);
    const spoilt = Buffer.from(bytes.toString().replace(/"signature":"(..)/, '"signature":"AA'));
    store.objects.set(good.key, [{ versionId: "1", bytes: spoilt, lastModified: new Date(0) }]);
    const found = await find(all);
    expect(found.sessions).toEqual([]);
    expect(found.notBelieved).toHaveLength(2);
  });
});
