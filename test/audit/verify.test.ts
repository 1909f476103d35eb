import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { encodeBase64url } from "../../src/access/base64url.ts";
import { canonicalJson } from "../../src/access/canonical.ts";
import { formatKey, parseKey } from "../../src/audit/key.ts";
import { hourOf } from "../../src/audit/time.ts";
import type { AuditRecord, StoredRecord } from "../../src/audit/types.ts";
import { type VerifyOptions, verifyLog } from "../../src/audit/verify.ts";
import { MemoryRecordStore } from "../support/memory-record-store.ts";
import { catalog, log, StandingClock, start, type TestWriter, testWriter, time } from "./writer.ts";

const options: VerifyOptions = { log, trust: undefined };

describe("verifyLog", () => {
  let store: MemoryRecordStore;
  let clock: StandingClock;
  let alice: TestWriter;
  let bob: TestWriter;
  /** Alice's request, issued, renewed and ended. */
  let request: StoredRecord<"request">;
  let issue: StoredRecord<"issue">;
  let renewal: StoredRecord<"issue">;
  let end: StoredRecord<"end">;

  beforeEach(async () => {
    clock = new StandingClock();
    store = new MemoryRecordStore(() => clock.now());
    alice = testWriter(store, "alice", { clock });
    bob = testWriter(store, "bob", { clock, algorithm: "ES256" });
    request = await alice.request();
    clock.pass(2);
    issue = await alice.issue(request);
    clock.pass(600);
    const { notAfter } = issue.record;
    renewal = await alice.issue(request, { renews: issue.sha256, notAfter });
    end = await alice.append({
      type: "end",
      request: request.record.id,
      body: () => endBody(renewal.sha256),
    });
    await bob.issue(await bob.request());
  });

  const endBody = (issueHash: string) => ({
    requestHash: request.sha256,
    issueHash,
    outcome: "completed" as const,
    exitCode: 0,
    seconds: 3,
    command: "-",
  });
  const codes = async (change: Partial<VerifyOptions> = {}) => {
    const report = await verifyLog(store, { ...options, ...change });
    return report.findings.map(({ code }) => code).sort();
  };
  const change = (stored: StoredRecord, from: string, to: string) =>
    store.spoil(stored.key, (bytes) => Buffer.from(Buffer.from(bytes).toString().replace(from, to)));

  /** Stores what Alice's key signs without any check of ours. */
  async function forge(record: object, name: { hour?: string; userid?: string } = {}): Promise<string> {
    const header = encodeBase64url(
      canonicalJson({ alg: "Ed25519", kid: alice.signer.thumbprint, typ: "jit-record+jws" }),
    );
    const payload = encodeBase64url(canonicalJson(record));
    const signature = encodeBase64url(await alice.signer.sign(Buffer.from(`${header}.${payload}`)));
    const { request, n, type, at, by } = record as AuditRecord;
    const place = {
      hour: hourOf(at),
      request,
      userid: by.userid,
      thumbprint: alice.signer.thumbprint,
      n,
      type,
    };
    const key = formatKey({ ...place, ...name });
    store.put(
      key,
      Buffer.from(`{"payload":"${payload}","protected":"${header}","signature":"${signature}"}`),
    );
    return key;
  }

  test("a log as writers leave it is in order", async () => {
    const report = await verifyLog(store, { ...options, strict: true });
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({
      ok: true,
      objects: 8,
      records: 8,
      byType: { enrol: 2, request: 2, issue: 3, end: 1, abort: 0 },
      byGrade: { attested: 0, "path only": 8 },
      bySeverity: { invalid: 0, noise: 0, notice: 0 },
    });
  });

  test("each object is read once", async () => {
    store.calls.length = 0;
    await verifyLog(store, options);
    const reads = store.calls.filter((call) => call.startsWith("readVersion"));
    expect(new Set(reads).size).toBe(8);
    expect(reads).toHaveLength(8);
  });

  test("any bit changed anywhere is found", async () => {
    for (const stored of [request, issue, end]) {
      for (const at of [20, 300, stored.bytes.length - 40]) {
        store.spoil(stored.key, (bytes) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte)));
        expect((await verifyLog(store, options)).ok).toBe(false);
        store.spoil(stored.key, () => stored.bytes);
      }
    }
    expect((await verifyLog(store, options)).ok).toBe(true);
  });

  test.each<[string, () => unknown, string[]]>([
    ["a signature", () => change(request, '"signature":"', '"signature":"AAAA'), ["ENVELOPE_ENCODING"]],
    ["the bytes of a file", () => store.spoil(request.key, () => Buffer.from("{}")), ["ENVELOPE_SHAPE"]],
    ["a large file", () => store.spoil(request.key, () => Buffer.alloc(60_000)), ["ENVELOPE_TOO_LARGE"]],
    ["a record put in the place of another", () => store.spoil(end.key, () => issue.bytes), ["NAME_DIFFERS"]],
    ["a record gone", () => store.erase(issue.key), ["CHAIN_GAP", "RENEWAL_UNKNOWN"]],
    [
      "a request gone",
      () => store.erase(request.key),
      ["CHAIN_GAP", "REQUEST_MISSING", "REQUEST_MISSING", "REQUEST_MISSING"],
    ],
    ["the last record gone, which only a checkpoint shows", () => store.erase(end.key), []],
    ["a later version with other bytes", () => store.put(issue.key, request.bytes), ["OBJECT_REPLACED"]],
    [
      "a later version of equal length",
      () =>
        store.put(
          issue.key,
          issue.bytes.map((byte) => byte ^ 1),
        ),
      ["OBJECT_REPLACED"],
    ],
    ["a later version with the same bytes", () => store.put(issue.key, issue.bytes), ["OBJECT_REPEATED"]],
    ["a delete marker", () => store.mark(issue.key), ["OBJECT_DELETED"]],
    [
      "a record made anew after a delete marker",
      () => [store.mark(issue.key), store.put(issue.key, request.bytes)],
      ["OBJECT_DELETED", "OBJECT_REPLACED"],
    ],
    ["a record in another hour", () => move(issue, { hour: "20261124T09" }), ["HOUR_DIFFERS"]],
    ["a record under another writer", () => move(end, { userid: bob.writer.by.userid }), ["USERID_DIFFERS"]],
    ["a record under another key", () => move(end, { thumbprint: bob.signer.thumbprint }), ["KID_DIFFERS"]],
    ["a record under another number", () => move(end, { n: 9 }), ["NAME_DIFFERS"]],
    ["a record under another type", () => move(end, { type: "abort" }), ["NAME_DIFFERS"]],
    ["a record under another request", () => move(end, { request: "-" }), ["NAME_DIFFERS"]],
    ["a name that is none", () => store.put("v1/rec/readme.txt", Buffer.from("hello")), ["NAME_INVALID"]],
  ])("%s", async (_, spoil, expected) => {
    spoil();
    expect(await codes()).toEqual(expected);
  });

  function move(stored: StoredRecord, part: Partial<ReturnType<typeof parseKey>>): void {
    store.erase(stored.key);
    store.put(formatKey({ ...parseKey(stored.key), ...part }), stored.bytes);
  }

  test.each<[string, () => Promise<unknown>, string[]]>([
    ["another log", () => forge(next({ log: "ff".repeat(32) })), ["LOG_DIFFERS"]],
    [
      "another principal",
      () =>
        forge(
          next({ by: { ...alice.writer.by, arn: "arn:aws:sts::111111111111:assumed-role/Admin/alice" } }),
        ),
      ["BY_DIFFERS"],
    ],
    ["a hash of nothing before", () => forge(next({ prev: "00".repeat(32) })), ["CHAIN_PREV"]],
    ["a number left out", () => forge(next({ n: 6 })), ["CHAIN_GAP"]],
    ["a number used twice", () => forge(next({ n: 4, prev: end.record.prev })), ["CHAIN_FORK"]],
  ])("a record signed with %s", async (_, spoil, expected) => {
    await spoil();
    expect(await codes()).toEqual(expected);
  });

  /** A sixth record of Alice: an abort of her request. */
  function next(other: object): object {
    const body = { requestHash: request.sha256, code: "CRASHED", step: "cache", accessKeyId: "-" };
    const { bytes: _, ...place } = { ...end, bytes: 0 };
    const { issueHash, outcome, exitCode, seconds, command, ...head } = place.record;
    return { ...head, n: 5, prev: end.sha256, type: "abort", ...body, ...other };
  }

  test("a hole, then records that fit each other, is one gap", async () => {
    await alice.request();
    await alice.request();
    store.erase(end.key);
    expect(await codes()).toEqual(["CHAIN_GAP"]);
  });

  test("a bad record is said once, not a gap besides", async () => {
    await alice.request();
    store.spoil(end.key, () => Buffer.from("{}"));
    expect(await codes()).toEqual(["ENVELOPE_SHAPE"]);
  });

  test("a log without a key's enrolment has none of its records", async () => {
    for (const key of store.objects.keys()) {
      if (parseKey(key).type === "enrol" && key.includes("alice")) store.erase(key);
    }
    const report = await verifyLog(store, options);
    expect(report.records).toBe(3);
    expect(report.findings).toMatchObject([{ code: "KEY_NOT_ENROLLED", severity: "invalid", objects: 4 }]);
    expect(report.findings[0]?.examples).toHaveLength(3);
    expect(report).toMatchObject({ ok: false, bySeverity: { invalid: 4, noise: 0 } });
  });

  test("a bad enrolment is named as the cause of what it takes down", async () => {
    const enrol = [...store.objects.keys()].find((key) => key.includes("alice") && key.includes(".enrol."));
    store.spoil(enrol ?? "", () => Buffer.from("{}"));
    const report = await verifyLog(store, options);
    expect(report.findings).toMatchObject([
      { code: "ENVELOPE_SHAPE", severity: "invalid", object: enrol },
      { code: "KEY_NOT_ENROLLED", severity: "invalid", object: enrol, objects: 4 },
    ]);
    expect(report.bySeverity.invalid).toBe(5);
  });

  test("an enrolment dated after its records counts all the same", async () => {
    clock.pass(3600);
    const carol = testWriter(store, "carol", { clock });
    await carol.append({ type: "request", body: () => request.record }).catch(() => undefined);
    clock.pass(-3600);
    await carol.request();
    expect(await codes()).toEqual(["CHAIN_TIME"]);
  });

  test("arrival is reported when it is late or before its time, and fails nothing", async () => {
    clock.pass(7200);
    const versions = store.objects.get(request.key)?.[0];
    store.erase(request.key);
    store.put(request.key, versions?.bytes, new Date(start.getTime() + 901_000));
    store.erase(end.key);
    store.put(end.key, end.bytes, new Date(start.getTime() - 901_000));
    const report = await verifyLog(store, options);
    expect(report.findings.map(({ code, object }) => [code, object])).toEqual(
      expect.arrayContaining([
        ["LATE_ARRIVAL", request.key],
        ["TIME_AHEAD", end.key],
      ]),
    );
    expect(report).toMatchObject({ ok: true, bySeverity: { notice: 2 } });
  });

  describe("under a writer's own prefix", () => {
    /** Puts something there, and returns how grave verification finds it. */
    async function found(): Promise<{ ok: boolean; strict: boolean; found: string[] }> {
      const report = await verifyLog(store, options);
      const strict = (await verifyLog(store, { ...options, strict: true })).ok;
      return {
        ok: report.ok,
        strict,
        found: report.findings.map(({ code, severity }) => `${severity} ${code}`).sort(),
      };
    }
    const noise = (...codes: string[]) => ({
      ok: true,
      strict: false,
      found: codes.map((c) => `noise ${c}`),
    });
    const fault = (...found: string[]) => ({ ok: false, strict: false, found });
    const unknownKey = "A".repeat(43);
    const aside = (part: Partial<ReturnType<typeof parseKey>>, bytes: Uint8Array = Buffer.from("{}")) =>
      store.put(formatKey({ ...parseKey(end.key), ...part }), bytes);

    test.each<[string, () => unknown, string[]]>([
      ["garbage in the name of an unknown key", () => aside({ thumbprint: unknownKey }), ["ENVELOPE_SHAPE"]],
      [
        "garbage in the name of an enrolment",
        () => aside({ thumbprint: unknownKey, type: "enrol", n: 0, request: "-" }),
        ["ENVELOPE_SHAPE"],
      ],
      [
        "garbage that claims a number which is there",
        () => aside({ n: 1, hour: "20261124T07" }),
        ["ENVELOPE_SHAPE"],
      ],
      ["a large file", () => aside({ thumbprint: unknownKey }, Buffer.alloc(60_000)), ["ENVELOPE_TOO_LARGE"]],
      ["a copy of a record", () => aside({ hour: "20261124T10" }, end.bytes), ["HOUR_DIFFERS"]],
      [
        "a copy of another writer's record",
        () => aside({ userid: bob.writer.by.userid }, end.bytes),
        ["USERID_DIFFERS"],
      ],
      [
        "another writer's record with a wrong signature",
        () => aside({ userid: bob.writer.by.userid, n: 99 }, forgedEnd()),
        ["NAME_DIFFERS", "USERID_DIFFERS"],
      ],
    ])("%s is noise", async (_, put, expected) => {
      put();
      expect(await found()).toEqual(noise(...expected));
    });

    const forgedEnd = () =>
      Buffer.from(
        Buffer.from(end.bytes)
          .toString()
          .replace(/"signature":"..../, '"signature":"AAAA'),
      );

    test("records of a key that nobody enrolled are noise, unless they tell of a session", async () => {
      const mallory = testWriter(store, "mallory", { clock });
      const asked = await mallory.request();
      const [, enrol] = [...store.objects.keys()]
        .filter((key) => key.includes(mallory.signer.thumbprint))
        .sort()
        .reverse();
      store.erase(enrol ?? "");
      expect(await found()).toEqual(noise("KEY_NOT_ENROLLED"));
      await mallory.issue(asked);
      expect(await found()).toEqual(fault("invalid KEY_NOT_ENROLLED"));
    });

    test("a record about nothing is noise", async () => {
      const { id } = request.record;
      const about = `${id.slice(0, -1)}${id.endsWith("0") ? "1" : "0"}`;
      await bob.append({
        type: "approval",
        request: about,
        body: () => ({ requestHash: request.sha256, comment: "-" }),
      });
      expect(await found()).toEqual(noise("REQUEST_MISSING"));
    });

    test.each<[string, () => unknown, string[]]>([
      [
        "garbage in the place of a record",
        () => store.spoil(end.key, () => Buffer.from("{}")),
        ["ENVELOPE_SHAPE"],
      ],
      ["garbage as the next record", () => aside({ n: 5 }), ["ENVELOPE_SHAPE"]],
      ["a wrong signature", () => store.spoil(end.key, forgedEnd), ["SIGNATURE_INVALID"]],
      [
        "a record moved to another writer",
        () => {
          store.erase(end.key);
          aside({ userid: bob.writer.by.userid, n: 99 }, end.bytes);
        },
        ["NAME_DIFFERS", "USERID_DIFFERS"],
      ],
      [
        "garbage that was deleted",
        () => {
          aside({ thumbprint: unknownKey });
          store.mark(formatKey({ ...parseKey(end.key), thumbprint: unknownKey }));
        },
        ["ENVELOPE_SHAPE", "OBJECT_DELETED"],
      ],
    ])("%s is a fault", async (_, put, expected) => {
      put();
      expect(await found()).toEqual(fault(...expected.map((code) => `invalid ${code}`)));
    });

    test("garbage neither excuses what is missing nor spoils what is there", async () => {
      const { request: id } = parseKey(issue.key);
      store.erase(issue.key);
      aside({ thumbprint: unknownKey, n: 2, type: "issue", request: id });
      expect(await codes()).toEqual(["CHAIN_GAP", "ENVELOPE_SHAPE", "RENEWAL_UNKNOWN"]);
    });

    test("garbage that sorts before the record of its number makes no fork of it", async () => {
      aside({ n: 3, hour: "20261124T00" });
      expect(await found()).toEqual(noise("ENVELOPE_SHAPE"));
    });
  });

  describe("whatever anybody leaves under the own prefix", () => {
    const mallory = "AIDAMALLORYMALLORY01";
    /** Names and bytes that a stranger can make out of all there is to read. */
    const garbage = () => {
      const names = [...store.objects.keys()].map(parseKey);
      const bytes = [...store.objects.values()].flatMap((versions) => versions[0]?.bytes ?? []);
      return fc.array(
        fc
          .record({
            like: fc.constantFrom(...names),
            hour: fc.constantFrom("20261124T00", "20261124T08", "20261124T23"),
            n: fc.nat(6),
            thumbprint: fc.option(fc.constant(`${"B".repeat(42)}A`)),
            body: fc.oneof(
              fc.constantFrom(...bytes),
              fc.uint8Array({ maxLength: 40 }),
              fc
                .tuple(fc.constantFrom(...bytes), fc.nat(900))
                .map(([whole, at]) => whole.map((byte, i) => (i === at ? byte ^ 1 : byte))),
            ),
          })
          .map(({ like, hour, n, thumbprint, body }) => {
            const key = { ...like, hour, userid: mallory, n: like.type === "enrol" ? 0 : n };
            return { name: formatKey({ ...key, thumbprint: thumbprint ?? like.thumbprint }), body };
          }),
        { minLength: 1, maxLength: 5 },
      );
    };
    const leave = (put: readonly { name: string; body: Uint8Array }[]) => {
      for (const { name, body } of put) store.put(name, body);
    };
    const clear = (put: readonly { name: string }[]) => {
      for (const { name } of put) store.erase(name);
    };
    const once = (put: readonly { name: string }[]) =>
      new Set(put.map(({ name }) => name)).size === put.length;

    test("a sound log stays sound, and under --strict it does not", async () => {
      await fc.assert(
        fc.asyncProperty(garbage(), async (put) => {
          fc.pre(once(put));
          leave(put);
          const { ok, records } = await verifyLog(store, options);
          const strict = await verifyLog(store, { ...options, strict: true });
          clear(put);
          expect([ok, records, strict.ok]).toEqual([true, 8, false]);
        }),
        { numRuns: 80 },
      );
    });

    test("an altered record is found all the same, and a missing one that is not the last", async () => {
      const victims = [...store.objects.keys()];
      const isLast = (name: string) =>
        [end.key].includes(name) || (/\.2\.issue/.test(name) && !name.includes(alice.signer.thumbprint));
      await fc.assert(
        fc.asyncProperty(garbage(), fc.constantFrom(...victims), fc.boolean(), async (put, victim, erase) => {
          fc.pre(once(put) && !(erase && isLast(victim)));
          const before = store.objects.get(victim);
          leave(put);
          if (erase) store.erase(victim);
          else store.spoil(victim, (bytes) => bytes.map((byte, i) => (i === 40 ? byte ^ 1 : byte)));
          const { ok } = await verifyLog(store, options);
          clear(put);
          store.objects.set(victim, before ?? []);
          expect(ok).toBe(false);
        }),
        { numRuns: 80 },
      );
    });
  });

  test("noise is counted by writer, and fails only where asked", async () => {
    store.put(`v1/rec/x/y/${bob.writer.by.userid}/z`, Buffer.from(""));
    store.put(`v1/rec/x/y/${bob.writer.by.userid}/\u001b[2J`, Buffer.from(""));
    const report = await verifyLog(store, options);
    expect(report.ok).toBe(true);
    expect(report.noiseByWriter).toEqual(new Map([[bob.writer.by.userid, 2]]));
    expect((await verifyLog(store, { ...options, strict: true })).ok).toBe(false);
  });

  test("catalogs that nobody signed", async () => {
    expect(await codes({ knowsCatalog: async (digest) => digest === catalog })).toEqual([]);
    const report = await verifyLog(store, { ...options, knowsCatalog: async () => false });
    expect(new Set(report.findings.map(({ code }) => code))).toContain("CATALOG_UNKNOWN");
    expect(report.records).toBe(0);
  });

  test("an access key id of two sessions", async () => {
    const other = await bob.request();
    await bob.issue(other, { accessKeyId: issue.record.accessKeyId });
    expect(await codes()).toEqual(["ACCESS_KEY_REPEATED"]);
  });

  test("noise does not crowd out what is grave", async () => {
    for (let i = 0; i < 20; i++) store.put(`v1/rec/${i}`, Buffer.from(""));
    store.mark([...store.objects.keys()].find((name) => name.includes(".issue.")) ?? "");
    const { findings, omitted } = await verifyLog(store, { ...options, maximumFindings: 5 });
    const codes = findings.map(({ code }) => code);
    expect([codes.length, codes.at(-1), omitted]).toEqual([6, "OBJECT_DELETED", 15]);
  });

  test("findings are bounded, counts are not", async () => {
    for (let i = 0; i < 20; i++) store.put(`v1/rec/${i}`, Buffer.from(""));
    const seen: string[] = [];
    const report = await verifyLog(store, {
      ...options,
      maximumFindings: 5,
      onFinding: ({ object }) => seen.push(object),
    });
    expect(report.findings).toHaveLength(5);
    expect(report.bySeverity.noise).toBe(20);
    expect(seen).toHaveLength(20);
  });

  test("a long log, in batches", async () => {
    for (let i = 0; i < 320; i++) {
      clock.pass(37);
      await alice.request();
    }
    const report = await verifyLog(store, { ...options, strict: true });
    expect(report).toMatchObject({ ok: true, records: 328, findings: [] });
    expect(time(clock.now()).slice(0, 13)).not.toBe(time(start).slice(0, 13));
  });
});
