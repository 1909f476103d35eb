import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { sha256Hex } from "../../../src/access/digest.ts";
import { compileSessionPolicy } from "../../../src/access/policy/compile.ts";
import { findTargets } from "../../../src/access/target.ts";
import { enrolKey } from "../../../src/audit/append.ts";
import { isVerified, type LogEntry } from "../../../src/audit/log/entry.ts";
import type { LogFilter } from "../../../src/audit/log/filter.ts";
import type { Segments } from "../../../src/audit/log/index/log-index.ts";
import { listNames, NameIndex } from "../../../src/audit/log/names.ts";
import { type LogPorts, LogReader } from "../../../src/audit/log/read.ts";
import type { StoredRecord } from "../../../src/audit/types.ts";
import { MemoryRecordStore } from "../../support/memory-record-store.ts";
import { StandingClock, type TestWriter, testWriter } from "../writer.ts";
import { logPortsOf, testCatalog } from "./log-ports.ts";

const hour = 3_600_000;

/** What is sealed for one trust file is none for another. */
class MemorySegments implements Segments {
  readonly texts = new Map<string, string>();
  boundTo = "first";
  get(at: string): string | undefined {
    return this.texts.get(`${this.boundTo} ${at}`);
  }
  set(at: string, text: string): void {
    this.texts.set(`${this.boundTo} ${at}`, text);
  }
}

class World {
  readonly clock = new StandingClock();
  readonly store = new MemoryRecordStore(() => this.clock.now());
  readonly writers: readonly TestWriter[] = ["alice", "bob"].map((name) =>
    testWriter(this.store, name, { clock: this.clock }),
  );
  readonly segments = new MemorySegments();
  readonly requests: StoredRecord<"request">[] = [];
  readonly issues: StoredRecord<"issue">[] = [];
  ports: LogPorts = { ...logPortsOf(this.store), segments: this.segments };
  filter: LogFilter = {};
  hours = 24;

  /** Long before anything that comes late. */
  async enrol(): Promise<void> {
    const now = this.clock.time;
    this.clock.time = new Date(now.getTime() - 8 * hour);
    for (const writer of this.writers) await enrolKey(writer);
    this.clock.time = now;
  }

  async log(ports = this.ports): Promise<LogEntry[]> {
    const names = new NameIndex();
    const now = this.clock.now();
    const period = { from: new Date(now.getTime() - this.hours * hour), to: new Date(now.getTime() + hour) };
    names.add(await listNames(this.store, period));
    this.store.calls.length = 0;
    const entries: LogEntry[] = [];
    const options = { filter: this.filter, texts: false, now };
    for await (const entry of new LogReader(ports, names).entries(names.within(period), options))
      entries.push({ ...entry, records: entry.records.map((one) => ({ ...one, record: undefined })) });
    return entries;
  }

  async anew(): Promise<LogEntry[]> {
    return await this.log({ ...this.ports, segments: undefined });
  }

  writer(at: number): TestWriter {
    return this.writers[at % this.writers.length] as TestWriter;
  }

  trust(thumbprint: string): void {
    const at = this.clock.now().toISOString().replace(/\.\d+/, "");
    const trust = { tokenIssuers: [], refusePathOnly: false, revokedKeys: [{ thumbprint, at }] };
    this.ports = { ...this.ports, trust };
    this.segments.boundTo = JSON.stringify(trust);
  }
}

type Step = (world: World, number: number) => unknown;

const about = (request: StoredRecord<"request">) => ({ requestHash: request.sha256 });
const pick = <T>(from: readonly T[], at: number): T | undefined => from[at % from.length];
const keyAt = (world: World, at: number, type = "") =>
  pick([...world.store.objects.keys()].filter((key) => key.includes(type)).sort(), at);

/** What may happen between two runs. */
const steps: Readonly<Record<string, Step>> = {
  async request(world, at) {
    world.requests.push(await world.writer(at).request());
  },
  async issue(world, at) {
    const request = pick(world.requests, at);
    const owner = world.writers.find(({ signer }) => request?.key.includes(signer.thumbprint));
    if (request === undefined || owner === undefined) return;
    const notAfter = new Date(
      Math.floor(world.clock.now().getTime() / 1000 + request.record.duration) * 1000,
    );
    const policy = compileSessionPolicy({
      targets: findTargets(testCatalog, ["customers:read"]),
      notAfter,
    }).text;
    world.issues.push(await owner.issue(request, { policy, policySha256: sha256Hex(Buffer.from(policy)) }));
  },
  async denial(world, at) {
    const request = pick(world.requests, at);
    if (request === undefined) return;
    const body = () => ({ ...about(request), comment: "-" as const });
    await world.writer(at >> 3).append({ type: "denial", request: request.record.id, body });
  },
  async end(world, at) {
    const issue = pick(world.issues, at);
    const request = world.requests.find(({ record }) => record.id === issue?.record.request);
    if (issue === undefined || request === undefined) return;
    const told = { outcome: "forgotten" as const, exitCode: -1, seconds: -1, command: "-" };
    const body = () => ({ ...about(request), issueHash: issue.sha256, ...told });
    await world.writer(at >> 3).append({ type: "end", request: request.record.id, body });
  },
  async abort(world, at) {
    const request = pick(world.requests, at);
    if (request === undefined) return;
    const body = () => ({ ...about(request), code: "STS_DENIED", step: "assumeRole", accessKeyId: "-" });
    await world.writer(at >> 3).append({ type: "abort", request: request.record.id, body });
  },
  pass: (world, at) => world.clock.pass((at % 7) * 1200),
  "a record that comes late": async (world, at) => {
    const now = world.clock.time;
    world.clock.time = new Date(now.getTime() - (at % 5) * hour);
    world.requests.push(await world.writer(at).request());
    world.clock.time = now;
  },
  "a delete marker": (world, at) => world.store.mark(keyAt(world, at) ?? "none"),
  "a delete marker on an enrolment": (world, at) => world.store.mark(keyAt(world, at, ".enrol.") ?? "none"),
  "a newer version": (world, at) => world.store.put(keyAt(world, at) ?? "none", Buffer.from("{}")),
  "the same bytes again": (world, at) => {
    const key = keyAt(world, at) ?? "none";
    world.store.put(key, world.store.objects.get(key)?.[0]?.bytes);
  },
  "an object gone": (world, at) => world.store.erase(keyAt(world, at, ".jws") ?? "none"),
  "a number that is used twice": (world, at) => {
    const [key, other] = [keyAt(world, at, ".request."), keyAt(world, at >> 4, ".request.")];
    if (key === undefined || other === undefined) return;
    world.store.put(key.replace(/[^/]+$/, other.split("/").at(-1) ?? ""), Buffer.from("{}"));
  },
  "a segment cut off": ({ segments }, at) => {
    const name = pick([...segments.texts.keys()], at);
    if (name !== undefined) segments.texts.set(name, segments.texts.get(name)?.slice(0, at % 200) ?? "");
  },
  "a segment of another hour": ({ segments: { texts } }, at) => {
    const [name, other] = [pick([...texts.keys()], at), pick([...texts.keys()], at >> 4)];
    if (name !== undefined && other !== undefined) texts.set(name, texts.get(other) ?? "");
  },
  "a key revoked": (world, at) => world.trust(world.writer(at).signer.thumbprint),
  "a catalog that counts no more": (world) => {
    world.ports = { ...world.ports, catalogOf: async () => undefined };
  },
  "another window": (world, at) => {
    world.hours = 1 + (at % 30);
  },
  "another question": (world, at) => {
    const filters: LogFilter[] = [
      {},
      { who: "bob" },
      { outcomes: ["granted", "expired"] },
      { stores: ["orders"] },
    ];
    world.filter = pick(filters, at) ?? {};
  },
};

test("with what was judged before the log is what it is without, whatever happened in between", async () => {
  const names = Object.keys(steps);
  const often = ["request", "issue", "end", "pass"];
  const step = fc.tuple(
    fc.oneof(
      { weight: 2, arbitrary: fc.constantFrom(...often) },
      { weight: 1, arbitrary: fc.constantFrom(...names) },
    ),
    fc.nat(1000),
  );
  let found = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(step, { maxLength: 4 }), { maxLength: 6 }), async (runs) => {
      const world = new World();
      await world.enrol();
      for (const run of runs) {
        for (const [name, at] of run) await steps[name]?.(world, at);
        const known = await world.log();
        found += known.length;
        expect(known).toEqual(await world.anew());
        expect(await world.log()).toEqual(known);
      }
    }),
    { numRuns: 100 },
  );
  expect(found).toBeGreaterThan(100);
}, 60_000);

describe("what was judged before", () => {
  let world: World;
  beforeEach(async () => {
    world = new World();
    await world.enrol();
    for (const at of [0, 1, 2]) {
      await steps["request"]?.(world, at);
      await steps["issue"]?.(world, at);
    }
  });

  const reads = () => world.store.calls.filter((call) => call.startsWith("read"));

  test("is not read again, but for what is new", async () => {
    expect((await world.log()).every(isVerified)).toBe(true);
    expect(reads().length).toBeGreaterThan(5);
    await world.log();
    expect(world.store.calls).toEqual([expect.stringMatching(/^list v1\/rec\/[0-9T]+\/-\/$/)]);
    const { record } = await world.writer(0).request();
    await world.log();
    expect(reads().map((call) => call.includes(record.id))).toEqual([true, expect.any(Boolean)]);
  });

  test("tells what time has brought", async () => {
    const outcomes = async () => new Set((await world.log()).map(({ outcome }) => outcome));
    await world.writer(1).request();
    expect(await outcomes()).toEqual(new Set(["granted", "pending"]));
    world.clock.pass(25 * 3600);
    world.hours = 48;
    world.store.calls.length = 0;
    expect(await outcomes()).toEqual(new Set(["granted", "expired"]));
    expect(reads()).toEqual([]);
  });

  test("holds nothing with anything wrong, and no text that lies apart", async () => {
    const sealed = { sha256: "ab".repeat(32), salt: "AAAAAAAAAAAAAAAAAAAAAA" };
    const apart = await world.writer(0).request({ reason: sealed, ticket: sealed });
    const bad = await world.writer(1).request();
    world.store.mark(bad.key);
    world.ports = {
      ...world.ports,
      textsOf: async () => ({ state: "kept", reason: "the very private reason", ticket: "APART-1" }),
    };
    world.filter = { text: "private" };
    expect((await world.log()).map(({ request }) => request)).toContain(apart.record.id);
    const texts = [...world.segments.texts.values()].join();
    expect(texts).toContain(apart.record.id);
    expect(texts).not.toContain(bad.record.id);
    expect(texts).not.toMatch(/private|APART/);
  });

  test("leaves out what rules judge by the clock: a request for a window that nobody has issued", async () => {
    const opens = new Date(Math.ceil(world.clock.now().getTime() / 1000) * 1000 + 600_000);
    const claimed = { notBefore: `${opens.toISOString().slice(0, 19)}Z` };
    const request = await world.writer(0).request({ claimed });
    world.requests.push(request);
    const isKept = async () => {
      expect((await world.log()).find((entry) => entry.request === request.record.id)?.problems).toEqual([]);
      return [...world.segments.texts.values()].join().includes(request.record.id);
    };
    expect(await isKept()).toBe(false);
    world.clock.time = opens;
    await steps["issue"]?.(world, world.requests.length - 1);
    expect(await isKept()).toBe(true);
  });
});
