import { expect, test } from "vitest";
import type { RecordEvent } from "../../../src/audit/feed/event.ts";
import { makeId } from "../../../src/audit/id.ts";
import { recordPrefix } from "../../../src/audit/key.ts";
import { issueBody, start, type TestWriter, testWriter } from "../writer.ts";
import { hourName, TestFeed } from "./test-feed.ts";

/** What somebody who may write can make a feed do: LISTs are counted, which a bucket bills and which take time. */

const hour = 3_600_000;
const week = 7 * 24;

/** A log that has something in each hour of the last days. */
function oldLog(hours: number): TestFeed {
  const feed = new TestFeed();
  for (let ago = hours; ago > 0; ago--) feed.noise("old", new Date(start.getTime() - ago * hour));
  return feed;
}

/** LISTs since the last time, by what they are of. */
function lists(feed: TestFeed): { readonly keys: number; readonly requests: number } {
  const calls = feed.store.calls.splice(0).filter((call) => call.startsWith("list "));
  const keys = calls.filter((call) => /^list v1\/rec\/[0-9T]+\/-\//.test(call)).length;
  return { keys, requests: calls.length - keys };
}

const records = (events: Awaited<ReturnType<TestFeed["look"]>>): readonly RecordEvent[] =>
  events.filter((event) => event.kind === "record");

/** A record by a key whose `enrol` record is gone. */
async function strange(feed: TestFeed, name: string): Promise<TestWriter> {
  const writer = testWriter(feed.store, name, { clock: feed.clock });
  await writer.request();
  const enrolment = [...feed.store.objects.keys()].find(
    (key) => key.includes(`:${name}/`) && key.endsWith(".enrol.jws"),
  );
  feed.store.erase(enrolment ?? "");
  return writer;
}

test("a record under a request that nobody made costs a LIST of its id's hour, and is told as what it is", async () => {
  const feed = oldLog(week);
  const eve = testWriter(feed.store, "eve", { clock: feed.clock });
  await eve.request();
  await feed.look();
  lists(feed);
  const old = new Date(start.getTime() - 6 * 24 * hour);
  for (let number = 0; number < 20; number++) {
    const id = makeId(old.getTime() + number, eve.signer.thumbprint, `${number}`);
    feed.clock.pass(1);
    const body = { requestHash: "00".repeat(32), comment: "-" as const };
    await eve.append({ type: "denial", request: id, body: () => body });
  }
  const told = records(await feed.look());
  expect(told.map(({ verified, problems }) => [verified, problems])).toEqual(
    Array.from({ length: 20 }, () => [false, ["REQUEST_MISSING"]]),
  );
  // Of each its own hour is listed besides; then the whole of both hours.
  expect(lists(feed).requests).toBeLessThan(40);
});

test("a record that lies far from its request is judged with it, though others were not asked for", async () => {
  const feed = oldLog(week);
  const alice = testWriter(feed.store, "alice", { clock: feed.clock });
  const request = await alice.request();
  await alice.issue(request);
  feed.clock.pass(5 * 24 * 3600);
  await feed.look();
  await alice.issue(request);
  const [again] = records(await feed.look());
  expect([again?.verified, again?.problems.includes("ISSUE_REPEATED")]).toEqual([false, true]);
});

test("hours in which many requests are looked for are listed once for all, and each record is judged as alone", async () => {
  const feed = oldLog(week);
  const bob = testWriter(feed.store, "bob", { clock: feed.clock });
  await bob.request();
  feed.clock.pass(60);
  const made = [];
  for (let number = 0; number < 30; number++) {
    made.push(await bob.request());
    feed.clock.pass(1);
  }
  feed.clock.pass(6 * 24 * 3600);
  await feed.look();
  for (const request of made) {
    const body = { ...issueBody(request, start), notAfter: "9999-12-31T23:59:59Z" } as const;
    await bob.append({ type: "issue", request: request.record.id, body: () => body });
    feed.clock.pass(1);
  }
  lists(feed);
  const told = records(await feed.look({ fullEvery: 10 ** 9 }));
  const codes = told.filter(({ key }) => key.type === "issue").map(({ problems }) => problems);
  expect(codes).toHaveLength(30);
  expect(codes.every((problems) => problems.includes("NOT_AFTER_LATE"))).toBe(true);
  const hours = 6 * 24;
  expect(lists(feed).requests).toBeLessThan(hours * 10);
});

test("keys that were never enrolled cost a LIST of each old hour now and then, however many there are", async () => {
  const feed = oldLog(20 * 24);
  await feed.look();
  lists(feed);
  const young = 25;
  const counts: number[] = [];
  for (let number = 0; number < 8; number++) {
    await strange(feed, `eve${number}`);
    feed.clock.pass(30);
    const told = records(await feed.look());
    expect(told.map(({ problems }) => problems)).toEqual([["KEY_NOT_ENROLLED"]]);
    counts.push(lists(feed).keys);
  }
  // Each is a process of its own, that knows what the one before has kept.
  expect(counts[0]).toBeGreaterThan(400);
  expect(Math.max(...counts.slice(1))).toBeLessThan(young + 5);
});

test("a key that was enrolled long ago is found by one LIST more than those of the last day", async () => {
  const feed = oldLog(20 * 24);
  const now = feed.clock.time;
  feed.clock.time = new Date(start.getTime() - 19 * 24 * hour);
  const carol = testWriter(feed.store, "carol", { clock: feed.clock });
  await carol.request();
  feed.clock.time = now;
  await strange(feed, "eve");
  await feed.look();
  lists(feed);
  feed.clock.pass(60);
  await carol.request();
  const told = records(await feed.look());
  expect(told.map(({ verified }) => verified)).toEqual([true]);
  expect(lists(feed).keys).toBeLessThan(30);
});

test("a key whose enrolment comes days late counts from then on, but for minutes after a strange one", async () => {
  const feed = oldLog(20 * 24);
  await strange(feed, "eve");
  await feed.look();
  const late = async (name: string): Promise<void> => {
    const writer = testWriter(feed.store, name, { clock: feed.clock });
    const now = feed.clock.time;
    feed.clock.time = new Date(now.getTime() - 5 * 24 * hour);
    // It was made then, and is sent now.
    await writer.request();
    feed.clock.time = now;
    await writer.request();
  };
  feed.clock.pass(60);
  await late("dora");
  const early = records(await feed.look({ fullEvery: 10 ** 9 }));
  expect(early.map(({ verified }) => verified)).toEqual([false]);
  feed.clock.pass(700);
  await late("emil");
  const later = records(await feed.look({ fullEvery: 10 ** 9 }));
  expect(later.map(({ verified }) => verified)).toEqual([true]);
});

test("an hour of more enrolments than are remembered is asked for each key", async () => {
  const feed = new TestFeed();
  const old = new Date(start.getTime() - 10 * 24 * hour);
  for (let number = 0; number <= 10_000; number++)
    feed.store.put(
      `${recordPrefix}${hourName(old)}/-/AROAEXAMPLEEXAMPLE123:eve/${number}`,
      new Uint8Array(1),
    );
  const now = feed.clock.time;
  feed.clock.time = old;
  const carol = testWriter(feed.store, "carol", { clock: feed.clock });
  await carol.request();
  feed.clock.time = now;
  await carol.request();
  const told = records(await feed.look({ fullEvery: 10 ** 9 }));
  expect(told.map(({ verified }) => verified)).toEqual([true]);
});

/** One process that looks, and looks again after each step. */
async function lookAfter(
  feed: TestFeed,
  steps: readonly (() => Promise<void>)[],
): Promise<readonly RecordEvent[]> {
  const left = [...steps];
  const wait = async () => {
    const step = left.shift();
    await step?.();
    return step !== undefined;
  };
  return records(await feed.look({ wait }));
}

const reads = (feed: TestFeed) => feed.store.calls.splice(0).filter((call) => call.startsWith("read")).length;

test("thousands of objects under a request are read once, and not again with each of its records", async () => {
  const feed = new TestFeed();
  const alice = testWriter(feed.store, "alice", { clock: feed.clock });
  const request = await alice.request();
  const strangers = 1200;
  const counts: number[] = [];
  const { thumbprint } = testWriter(feed.store, "eve").signer;
  const told = await lookAfter(feed, [
    async () => {
      for (let number = 0; number < strangers; number++)
        feed.store.put(
          `${recordPrefix}${hourName(feed.clock.now())}/${request.record.id}/AROAEXAMPLEEXAMPLE123:eve${number}/${thumbprint}.1.denial.jws`,
          Buffer.from("no record"),
        );
      reads(feed);
    },
    async () => {
      counts.push(reads(feed));
      await alice.issue(request);
    },
    async () => {
      counts.push(reads(feed));
    },
  ]);
  expect(told).toHaveLength(2 + strangers + 1);
  // The test's catalog would have it under another policy.
  expect(told.at(-1)).toMatchObject({ key: { type: "issue" }, problems: ["ISSUE_POLICY"] });
  const [flood = 0, later = 0] = counts;
  // Each of them once, however many batches tell of them.
  expect(flood).toBeLessThan(strangers + 10);
  expect(later).toBeLessThan(10);
});

test("what did not count for want of a key counts when the key is there", async () => {
  const feed = new TestFeed();
  const alice = testWriter(feed.store, "alice", { clock: feed.clock });
  const request = await alice.request();
  const enrolment = [...feed.store.objects.keys()].find((name) => name.endsWith(".enrol.jws")) ?? "";
  const bytes = feed.store.objects.get(enrolment)?.[0]?.bytes;
  feed.store.erase(enrolment);
  const told = await lookAfter(feed, [
    async () => feed.store.put(enrolment, bytes),
    async () => {
      await alice.issue(request);
    },
  ]);
  expect(told.map(({ key, problems }) => [key.type, problems])).toEqual([
    ["request", ["KEY_NOT_ENROLLED"]],
    ["enrol", []],
    // The test's catalog would have it under another policy.
    ["issue", ["ISSUE_POLICY"]],
  ]);
});
