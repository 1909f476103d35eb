import fc from "fast-check";
import { expect, test } from "vitest";
import { readFeedState } from "../../../src/audit/feed/cursor.ts";
import { log, start, testWriter, time } from "../writer.ts";
import { hourName, TestFeed } from "./test-feed.ts";

const hour = 3_600_000;

test("each record is told once, in the order of arrival, with what is known of its request", async () => {
  const feed = new TestFeed();
  const alice = testWriter(feed.store, "alice", { clock: feed.clock });
  const request = await alice.request();
  feed.clock.pass(1);
  await alice.issue(request);
  const first = await feed.look();
  const records = first.flatMap((event) =>
    event.kind === "record" ? [[event.key.type, event.record?.type]] : [],
  );
  expect(records).toEqual([
    ["enrol", "enrol"],
    ["request", "request"],
    ["issue", "issue"],
  ]);
  expect(first[2]?.asked).toMatchObject({ targets: ["customers:read"], breakGlass: false });
  expect(await feed.look()).toEqual([]);
  feed.clock.pass(30 * 86_400);
  expect(await feed.look()).toEqual([]);
});

test("a request that was aborted in the hour of its id is no finding", async () => {
  const feed = new TestFeed();
  const alice = testWriter(feed.store, "alice", { clock: feed.clock });
  const request = await alice.request();
  const body = () => ({
    requestHash: request.sha256,
    code: "STS_DENIED",
    step: "assumeRole" as const,
    accessKeyId: "-" as const,
  });
  await alice.append({ type: "abort", request: request.record.id, body });
  feed.clock.pass(5);
  const told = await feed.look();
  expect(told.map((event) => (event.kind === "record" ? event.key.type : event.code))).toEqual([
    "enrol",
    "request",
    "abort",
  ]);
  expect(told.every((event) => event.kind === "record" && event.verified)).toBe(true);
});

test.each([
  ["long after it was over", 20 * 86_400],
  ["before it was made", -7200],
])("a session that is dated %s is judged with its request", async (_, seconds) => {
  const feed = new TestFeed();
  const alice = testWriter(feed.store, "alice", { clock: feed.clock });
  const request = await alice.request();
  await alice.issue(request);
  feed.clock.pass(5);
  await feed.look();
  feed.clock.pass(seconds);
  await alice.issue(request);
  if (seconds < 0) feed.clock.pass(-seconds);
  feed.clock.pass(3600);
  const told = await feed.look();
  const codes = told.flatMap((event) => (event.kind === "finding" ? [event.code] : []));
  expect(codes).toContain("ISSUE_REPEATED");
  expect(told.flatMap((event) => (event.kind === "record" ? [event.verified] : []))).toEqual([false]);
});

test("of a revoked key, what tells a session is grave, and all else noise, as for audit verify", async () => {
  const feed = new TestFeed();
  const alice = testWriter(feed.store, "alice", { clock: feed.clock });
  const { thumbprint } = alice.signer;
  const revokedKeys = [{ thumbprint, at: time(feed.clock.now()) }];
  feed.trust = { tokenIssuers: [], refusePathOnly: false, revokedKeys };
  feed.clock.pass(60);
  await alice.issue(await alice.request());
  const told = (await feed.look()).flatMap((event) =>
    event.kind === "finding" && event.code === "KEY_REVOKED"
      ? [[event.object.split(".").at(-2), event.severity]]
      : [],
  );
  expect(told).toEqual([
    ["enrol", "noise"],
    ["request", "noise"],
    ["issue", "invalid"],
  ]);
});

test("a grant that ends in the year 9999 is told as any other", async () => {
  const feed = new TestFeed();
  const alice = testWriter(feed.store, "alice", { clock: feed.clock });
  await alice.issue(await alice.request(), { notAfter: "9999-12-31T23:59:59Z" });
  const codes = (await feed.look()).flatMap((event) => (event.kind === "finding" ? [event.code] : []));
  expect(codes).toContain("NOT_AFTER_LATE");
});

test("what arrives late under an old hour is told by the next look through all hours, alone", async () => {
  const feed = new TestFeed();
  const old = new Date(start.getTime() - 20 * hour);
  feed.noise("one", old);
  feed.noise("two");
  expect(await feed.look()).toHaveLength(2);
  feed.clock.pass(6 * 3600);
  expect(await feed.look()).toEqual([]);
  feed.clock.pass(20 * 60);
  const late = feed.noise("late", old);
  expect(await feed.look()).toEqual([]);
  feed.clock.pass(3600);
  expect((await feed.look()).map(({ object }) => object)).toEqual([late]);
  expect(await feed.look({ fullEvery: 1 })).toEqual([]);
});

test("an old hour whose sum is not explained by arrivals is told again as a whole", async () => {
  const feed = new TestFeed();
  const old = new Date(start.getTime() - 20 * hour);
  const one = feed.noise("one", old);
  await feed.look();
  feed.clock.pass(6 * 3600);
  await feed.look();
  // As a copy, or another clock, would have it: there now, and said to be there for long.
  const key = `v1/rec/${hourName(old)}/-/AROAEXAMPLEEXAMPLE123:eve/two`;
  feed.store.put(key, Buffer.from("two"), old);
  feed.clock.pass(3600);
  // The finding of the first is remembered by its id.
  expect((await feed.look()).map(({ object }) => object)).toEqual([key]);
  expect(one).not.toBe(key);
});

test("hours older than is looked through are not told of", async () => {
  const feed = new TestFeed();
  await feed.look();
  feed.clock.pass(40 * 86_400);
  await feed.look();
  feed.clock.pass(3600);
  feed.noise("late", start);
  expect(await feed.look({ lateness: 86_400 })).toEqual([]);
});

test("what S3 did to an object later is a finding about it", async () => {
  const feed = new TestFeed();
  const alice = testWriter(feed.store, "alice", { clock: feed.clock });
  const { key, bytes } = await alice.request();
  await feed.look();
  feed.store.put(key, bytes);
  feed.store.put(key, Buffer.from("other"));
  feed.store.mark(key);
  const found = await feed.look();
  expect(found.map((event) => event.kind === "finding" && event.code)).toEqual([
    "OBJECT_DELETED",
    "OBJECT_REPEATED",
    "OBJECT_REPLACED",
  ]);
  expect(await feed.look()).toEqual([]);
});

test("a record that is not valid is marked, and a finding says why", async () => {
  const feed = new TestFeed();
  const alice = testWriter(feed.store, "alice", { clock: feed.clock });
  const request = await alice.request();
  await alice.issue(request);
  feed.store.spoil(request.key, (bytes) => Buffer.concat([bytes, Buffer.from(" ")]));
  const events = await feed.look();
  const records = events.filter((event) => event.kind === "record");
  expect(records.map(({ key, record, verified }) => [key.type, record !== undefined, verified])).toEqual([
    ["enrol", true, true],
    ["request", false, false],
    ["issue", true, false],
  ]);
  const codes = events.flatMap((event) => (event.kind === "finding" ? [[event.code, event.object]] : []));
  expect(codes).toContainEqual(["ENVELOPE_SHAPE", request.key]);
});

test("stopped within an hour, the next look goes on there", async () => {
  const feed = new TestFeed();
  for (let i = 0; i < 1200; i++) feed.noise(`n${i}`);
  let asked = 0;
  expect(await feed.look({ isStopped: () => ++asked > 2 })).toHaveLength(1000);
  expect(await feed.look()).toHaveLength(200);
  expect(new Set(feed.told.map(({ id }) => id)).size).toBe(1200);
});

test("a key that is enrolled while it runs is known from then on", async () => {
  const feed = new TestFeed();
  const alice = testWriter(feed.store, "alice", { clock: feed.clock });
  await alice.request();
  const [enrol = ""] = [...feed.store.objects.keys()].filter((name) => name.includes(".enrol."));
  const bytes = (await feed.store.read(enrol)) ?? new Uint8Array();
  feed.store.erase(enrol);
  let looks = 0;
  const told = await feed.look({
    wait: async () => {
      looks += 1;
      if (looks > 1) return false;
      feed.store.put(enrol, bytes);
      await alice.request();
      return true;
    },
  });
  const records = told.flatMap((event) =>
    event.kind === "record" ? [[event.key.type, event.problems]] : [],
  );
  expect(records).toEqual([
    ["request", ["KEY_NOT_ENROLLED"]],
    ["enrol", []],
    ["request", []],
  ]);
});

test("whenever it is cut off, whatever arrives when and where: every version is told, and ids repeat with it", async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("arrive" as const), hoursAgo: fc.integer({ min: -1, max: 40 }) }),
    fc.record({ kind: fc.constant("pass" as const), minutes: fc.integer({ min: 1, max: 600 }) }),
    fc.record({ kind: fc.constant("look" as const), cutAfter: fc.option(fc.integer({ min: 0, max: 6 })) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const feed = new TestFeed();
      const names: string[] = [];
      await feed.look();
      for (const one of steps) {
        if (one.kind === "pass") feed.clock.pass(one.minutes * 60);
        else if (one.kind === "arrive") {
          const at = new Date(
            Math.max(start.getTime() - 20 * hour, feed.clock.now().getTime() - one.hoursAgo * hour),
          );
          names.push(feed.noise(`n${names.length}`, at));
        } else {
          feed.left = one.cutAfter ?? Number.POSITIVE_INFINITY;
          await feed.look().catch((error: unknown) => expect(error).toMatchObject({ code: "OUTPUT_CLOSED" }));
          feed.left = Number.POSITIVE_INFINITY;
        }
      }
      feed.clock.pass(3600);
      await feed.look();
      const told = new Map<string, Set<string>>();
      for (const { object, id } of feed.told) told.set(object, (told.get(object) ?? new Set()).add(id));
      expect([...told.keys()].sort()).toEqual([...names].sort());
      expect([...told.values()].every((ids) => ids.size === 1)).toBe(true);
      feed.clock.pass(3600);
      expect(await feed.look()).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test.each([
  ["no object", []],
  ["another version", { v: 2, log, from: "20261124T08", fullAt: 0, hours: {}, findings: [] }],
  ["no hour", { v: 1, log, from: "now", fullAt: 0, hours: {}, findings: [] }],
  [
    "an hour that is none",
    { v: 1, log, from: "20261124T08", fullAt: 0, hours: { x: { told: [] } }, findings: [] },
  ],
  [
    "an hour without a sum",
    { v: 1, log, from: "20261124T08", fullAt: 0, hours: { "20261124T08": {} }, findings: [] },
  ],
])("a state with %s is none", (_what, state) => {
  expect(readFeedState(state)).toBeUndefined();
});
