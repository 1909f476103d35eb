import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { isVerified, type LogEntry } from "../../../src/audit/log/entry.ts";
import type { LogFilter } from "../../../src/audit/log/filter.ts";
import { followLog } from "../../../src/audit/log/follow.ts";
import { listNames, NameIndex } from "../../../src/audit/log/names.ts";
import { type LogPorts, LogReader } from "../../../src/audit/log/read.ts";
import type { StoredRecord } from "../../../src/audit/types.ts";
import { codeOf, JitError } from "../../../src/error.ts";
import { MemoryRecordStore } from "../../support/memory-record-store.ts";
import { StandingClock, start, type TestWriter, testWriter } from "../writer.ts";
import { logPortsOf } from "./log-ports.ts";

const day = 86_400_000;
let store: MemoryRecordStore;
let clock: StandingClock;
let alice: TestWriter;
let bob: TestWriter;
let ports: LogPorts;

beforeEach(() => {
  clock = new StandingClock();
  store = new MemoryRecordStore(() => clock.now());
  alice = testWriter(store, "alice", { clock });
  bob = testWriter(store, "bob", { clock });
  ports = logPortsOf(store);
});

const about = (request: StoredRecord<"request">) => ({ requestHash: request.sha256 });
const denial = (request: StoredRecord<"request">, writer = bob) =>
  writer.append({
    type: "denial",
    request: request.record.id,
    body: () => ({ ...about(request), comment: "-" }),
  });
const end = (request: StoredRecord<"request">, issue: StoredRecord<"issue">, writer = alice) =>
  writer.append({
    type: "end",
    request: request.record.id,
    body: () => ({
      ...about(request),
      issueHash: issue.sha256,
      outcome: "forgotten",
      exitCode: -1,
      seconds: -1,
      command: "-",
    }),
  });
const abort = (request: StoredRecord<"request">, code: string) =>
  alice.append({
    type: "abort",
    request: request.record.id,
    body: () => ({ ...about(request), code, step: "assumeRole", accessKeyId: "-" }),
  });

async function log(filter: LogFilter = {}, from = new Date(start.getTime() - day)): Promise<LogEntry[]> {
  const names = new NameIndex();
  const now = clock.now();
  const period = { from, to: new Date(now.getTime() + 3_600_000) };
  names.add(await listNames(store, period));
  store.calls.length = 0;
  const entries: LogEntry[] = [];
  const reader = new LogReader(ports, names);
  for await (const entry of reader.entries(names.within(period), { filter, texts: false, now }))
    entries.push(entry);
  return entries;
}
const ids = (entries: readonly LogEntry[]) => entries.map(({ request }) => request);

describe("outcome of", () => {
  const cases: readonly [string, (request: StoredRecord<"request">) => Promise<unknown>, number, string][] = [
    ["a request alone", async () => undefined, 60, "pending"],
    ["a request that nobody issued in time", async () => undefined, 25 * 3600, "expired"],
    ["a session", (request) => alice.issue(request), 60, "granted"],
    ["a session that ended by itself", (request) => alice.issue(request), 7200, "granted"],
    ["a denial", (request) => denial(request), 60, "denied"],
    ["AWS's no", (request) => abort(request, "STS_DENIED"), 60, "refused"],
    ["an accident", (request) => abort(request, "CRASHED"), 60, "aborted"],
    ["giving it up", async (request) => end(request, await alice.issue(request)), 60, "forgotten"],
    [
      "giving it up, long ago",
      async (request) => end(request, await alice.issue(request)),
      7200,
      "forgotten",
    ],
    [
      "another's revoking",
      async (request) => {
        const { record } = await alice.issue(request);
        const { role, sessionName } = record;
        await bob.append({
          type: "revoke",
          request: request.record.id,
          body: () => ({ ...about(request), role, sessionName, reason: "lost laptop" }),
        });
      },
      7200,
      "revoked",
    ],
    ["a stranger's end", async (request) => end(request, await alice.issue(request), bob), 60, "granted"],
  ];
  test.each(cases)("%s is told", async (_, after, seconds, outcome) => {
    await after(await alice.request());
    clock.pass(seconds);
    const [entry, ...more] = await log();
    expect([entry?.outcome, more]).toEqual([outcome, []]);
  });
});

describe("a line", () => {
  test("has what was asked, by the catalog that it names, and what came of it", async () => {
    const request = await alice.request({ duration: 600 });
    clock.pass(5);
    const issue = await alice.issue(request);
    const [entry] = await log();
    expect(entry).toMatchObject({
      request: request.record.id,
      userid: "AROAEXAMPLEEXAMPLE123:alice",
      grade: "path only",
      outcome: "granted",
      asked: {
        targets: ["customers:read"],
        stores: [{ name: "customers", classification: "restricted", dataCategories: ["name", "email"] }],
        duration: 600,
        purpose: "incident",
        texts: { state: "kept", ticket: "OPS-7" },
      },
      sessions: [{ accessKeyId: issue.record.accessKeyId, isRenewal: false }],
    });
  });

  test("is verified where all its records are, and says by code where one is not", async () => {
    const good = await alice.request();
    const bad = await bob.request();
    store.spoil(bad.key, (bytes) =>
      Buffer.from(
        Buffer.from(bytes)
          .toString()
          .replace(/"signature":"../, '"signature":"AA'),
      ),
    );
    const entries = await log();
    expect(entries.map(({ request, problems }) => [request, problems])).toEqual(
      [
        [good.record.id, []],
        [bad.record.id, ["SIGNATURE_INVALID"]],
      ].sort(),
    );
    expect(entries.filter(isVerified)).toHaveLength(1);
  });

  test.each([
    ["a delete marker", (key: string) => store.mark(key), "OBJECT_DELETED"],
    ["another version", (key: string) => store.put(key, Buffer.from("{}")), "OBJECT_REPLACED"],
  ] as const)("%s does not hide a request", async (_, spoil, code) => {
    const request = await alice.request();
    spoil(request.key);
    const [entry] = await log();
    expect([entry?.request, entry?.problems]).toEqual([request.record.id, [code]]);
  });

  test("a second version of the same bytes changes nothing", async () => {
    const request = await alice.request();
    store.put(request.key, request.bytes);
    expect((await log())[0]?.problems).toEqual([]);
  });

  test("a number of a chain that is missing, or used twice, shows", async () => {
    const first = await alice.request();
    const second = await alice.request();
    const third = await alice.request();
    store.erase(second.key);
    const found = new Map((await log()).map(({ request, problems }) => [request, problems]));
    expect(found.get(first.record.id)).toEqual([]);
    expect(found.get(third.record.id)).toEqual(["CHAIN_GAP"]);
    store.put(third.key.replace(first.record.id, third.record.id), third.bytes);
    store.put(first.key.replace(/\.1\.request/, ".3.request"), first.bytes);
    const forked = new Map((await log()).map(({ request, problems }) => [request, problems]));
    expect(forked.get(third.record.id)).toContain("CHAIN_FORK");
  });

  test("a session without its request is a line, other strays are none", async () => {
    const request = await alice.request();
    await alice.issue(request);
    store.erase(request.key);
    const other = await alice.request();
    await denial(other);
    store.erase(other.key);
    const entries = await log();
    expect(entries.map((entry) => [entry.request, entry.outcome, isVerified(entry)])).toEqual([
      [request.record.id, "granted", false],
    ]);
    expect(entries[0]?.problems).toContain("REQUEST_MISSING");
  });

  test("a catalog that was never published is a problem", async () => {
    await alice.request();
    ports = { ...ports, catalogOf: async () => undefined };
    expect((await log())[0]?.problems).toEqual(["CATALOG_UNKNOWN"]);
  });
});

describe("filters", () => {
  const cases: readonly [string, LogFilter, readonly string[]][] = [
    ["a name", { who: "ALICE" }, ["a1", "a2"]],
    ["a name with a star", { who: "b*" }, ["b1"]],
    ["a userid", { who: "AROAEXAMPLEEXAMPLE123:bob" }, ["b1"]],
    ["an ARN pattern", { who: "arn:aws:sts::111111111111:assumed-role/Developer/*" }, ["a1", "a2", "b1"]],
    ["a pattern that stops at a slash", { who: "arn:aws:sts::111111111111:*" }, []],
    ["a store", { stores: ["orders"] }, ["a2"]],
    ["two stores", { stores: ["orders", "customers"] }, ["a1", "a2", "b1"]],
    ["an access by its name", { accesses: ["read"] }, ["a1", "a2", "b1"]],
    ["an access by its target", { accesses: ["customers:read"] }, ["a1", "b1"]],
    ["a classification", { classifications: ["confidential"] }, ["a2"]],
    ["a ticket", { ticket: "ops-8" }, ["b1"]],
    ["a text of the reason", { text: "WRONG address" }, ["a1", "b1"]],
    ["a text of the purpose", { text: "report" }, ["a2"]],
    ["an outcome", { outcomes: ["granted"] }, ["a1"]],
    ["outcomes", { outcomes: ["granted", "denied"] }, ["a1", "b1"]],
    ["all at once", { who: "alice", stores: ["customers"], outcomes: ["granted"], text: "1042" }, ["a1"]],
    ["break-glass", { breakGlass: true }, []],
  ];
  test.each(cases)("by %s", async (_, filter, expected) => {
    const named = new Map<string, string>();
    const a1 = await alice.request();
    await alice.issue(a1);
    const reason = { text: "Monthly figures of the shop" };
    const a2 = await alice.request({ targets: ["orders:read"], purpose: "reporting", reason });
    const b1 = await bob.request({ ticket: { text: "OPS-88" } });
    await denial(b1, alice);
    for (const [name, { record }] of Object.entries({ a1, a2, b1 })) named.set(record.id, name);
    expect(
      ids(await log(filter))
        .map((id) => named.get(id))
        .sort(),
    ).toEqual([...expected]);
  });

  test("read nothing but request records of what they leave out", async () => {
    const wanted = await alice.request({ targets: ["orders:read"] });
    const other = await alice.request();
    await alice.issue(other);
    await bob.issue(await bob.request());
    expect(ids(await log({ stores: ["orders"] }))).toEqual([wanted.record.id]);
    const read = store.calls
      .filter((call) => call.startsWith("readVersion"))
      .map((call) => call.split(".").at(-2));
    expect(read).toEqual(["request", "request", "request"]);
    await log({ outcomes: ["denied"] });
    expect(store.calls).toEqual([]);
    await log({ who: "nobody" });
    expect(store.calls).toEqual([]);
  });

  test("where a request cannot be read it is shown, whatever was asked", async () => {
    const { key, record } = await alice.request();
    store.spoil(key, () => Buffer.from("{}"));
    expect(ids(await log({ stores: ["orders"], ticket: "X-1" }))).toEqual([record.id]);
  });
});

test("whatever lies in the bucket, it is lines and no error, and a good request stays verified", async () => {
  const good = await alice.request();
  const { key, bytes } = await bob.request();
  const [, hour = "", request = "", userid = "", file = ""] =
    /^v1\/rec\/(.+?)\/(.+?)\/(.+?)\/(.+)$/.exec(key) ?? [];
  const part = (own: string) => fc.oneof(fc.constant(own), fc.string({ maxLength: 12 }));
  const files = fc.oneof(
    fc.constant(file),
    fc.constantFrom("enrol", "issue", "abort", "end").map((type) => file.replace("request", type)),
    fc.string({ maxLength: 12 }),
  );
  const names = fc
    .tuple(part(hour), part(request), part(userid), files)
    .map((parts) => `v1/rec/${parts.join("/")}`);
  const contents = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.nat({ max: bytes.length - 1 }).map((at) => {
      const changed = Uint8Array.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      return changed;
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(names, contents), { maxLength: 6 }), async (objects) => {
      const before = new Map(store.objects);
      store.objects.delete(key);
      for (const [name, content] of objects) store.put(name, content);
      const found = await log();
      const [own, ...others] = [...found].sort((one) => (one.request === good.record.id ? -1 : 1));
      expect([own?.request, own?.problems]).toEqual([good.record.id, []]);
      expect(others.filter(isVerified)).toEqual([]);
      store.objects.clear();
      for (const [name, versions] of before) store.objects.set(name, versions);
    }),
    { numRuns: 60 },
  );
});

test("reading takes one GET a record, and one LIST of an hour's enrolments for all writers", async () => {
  for (const writer of [alice, bob]) await writer.issue(await writer.request());
  clock.pass(3600);
  await alice.request();
  expect(await log()).toHaveLength(3);
  const verbs = store.calls.map((call) => call.split(" ")[0]);
  expect(verbs.filter((verb) => verb === "readVersion")).toHaveLength(5);
  expect(verbs.filter((verb) => verb === "list")).toHaveLength(1);
});

test("of a long time the hours that the log has are asked for, by month", async () => {
  clock.time = new Date("2026-10-31T23:30:00Z");
  const first = await alice.request();
  clock.time = new Date("2026-11-24T08:16:36Z");
  const second = await alice.request();
  const names = new NameIndex();
  const period = { from: new Date("2026-10-05T00:00:00Z"), to: new Date("2026-11-25T00:00:00Z") };
  store.calls.length = 0;
  names.add(await listNames(store, period));
  expect(names.within(period).map(({ request }) => request)).toEqual([first.record.id, second.record.id]);
  expect(store.calls).toEqual([
    "listPrefixes v1/rec/202610",
    "listPrefixes v1/rec/202611",
    "listVersions v1/rec/20261031T23/",
    "listVersions v1/rec/20261124T08/",
  ]);
});

test("following tells each change of a request once, and outlives a store that does not answer", async () => {
  const names = new NameIndex();
  const before = await alice.request();
  names.add(await listNames(store, { from: start, to: new Date(start.getTime() + 3_600_000) }));
  let late: StoredRecord<"request"> | undefined;
  let isDown = false;
  const looks: (() => unknown)[] = [
    () => undefined,
    async () => {
      late = await bob.request();
    },
    async () => {
      isDown = true;
      await alice.issue(before);
    },
    () => {
      isDown = false;
    },
    () => undefined,
  ];
  const listVersions = store.listVersions.bind(store);
  store.listVersions = (prefix) => {
    if (isDown) throw new JitError("AUDIT_UNREACHABLE", "the store does not answer");
    return listVersions(prefix);
  };
  const troubles: (string | undefined)[] = [];
  const seen: (readonly [string, string | undefined])[] = [];
  const growing = followLog(ports, names, [], {
    filter: {},
    texts: false,
    from: start,
    now: () => clock.now(),
    wait: async () => {
      const look = looks.shift();
      await look?.();
      return look !== undefined;
    },
    onTrouble: (error) => troubles.push(codeOf(error)),
  });
  for await (const { request, outcome } of growing) seen.push([request, outcome]);
  expect(seen).toEqual([
    [late?.record.id, "pending"],
    [before.record.id, "granted"],
  ]);
  expect(troubles).toEqual(["AUDIT_UNREACHABLE"]);
});
