import { describe, expect, test } from "vitest";
import { holdChain } from "../../src/audit/append.ts";
import { open } from "../../src/audit/envelope.ts";
import { parseKey } from "../../src/audit/key.ts";
import { repairDangling } from "../../src/audit/repair.ts";
import { codeOf } from "../../src/error.ts";
import { MemoryRecordStore } from "../support/memory-record-store.ts";
import { requestBody, StandingClock, type TestWriter, testWriter } from "./writer.ts";

const codeOfRejected = (promise: Promise<unknown>) => promise.then(() => undefined, codeOf);

/** What a bucket holds of a writer, in the order of its chain: `n type`. */
function stored(writer: TestWriter): string[] {
  return [...writer.store.objects.keys()]
    .map((key) => parseKey(key))
    .filter((key) => key.thumbprint === writer.signer.thumbprint)
    .sort((a, b) => a.n - b.n)
    .map((key) => `${key.n} ${key.type}`);
}

function recordAt(writer: TestWriter, n: number) {
  for (const [key, [version]] of writer.store.objects) {
    if (parseKey(key).n !== n || version?.bytes === undefined) continue;
    const opened = open(version.bytes, () => writer.signer.publicKey);
    if (opened.ok) return opened;
  }
  throw new Error(`no record ${n}`);
}

describe("appendRecord", () => {
  test("enrols first, then chains", async () => {
    const writer = testWriter(new MemoryRecordStore(), "alice", {
      statement: async (audience) => `eyJh.${audience}.c2ln`,
    });
    const request = await writer.request();
    const issue = await writer.issue(request);
    expect(stored(writer)).toEqual(["0 enrol", "1 request", "2 issue"]);
    const enrol = recordAt(writer, 0);
    expect(enrol.record).toMatchObject({
      type: "enrol",
      prev: "-",
      request: "-",
      key: writer.signer.publicKey,
      statement: `eyJh.${writer.signer.thumbprint}.c2ln`,
    });
    expect(request.record).toMatchObject({ n: 1, prev: enrol.sha256, request: request.record.id });
    expect(issue.record).toMatchObject({ n: 2, prev: request.sha256, request: request.record.id });
    expect(request.key).toBe(
      `v1/rec/20261124T08/${request.record.id}/AROAEXAMPLEEXAMPLE123:alice/${writer.signer.thumbprint}.1.request.jws`,
    );
    expect(writer.chain).toMatchObject({ next: 3, prev: issue.sha256, pending: undefined });
  });

  test("asks for the statement once", async () => {
    let asked = 0;
    const statement = async () => {
      asked++;
      return undefined;
    };
    const writer = testWriter(new MemoryRecordStore(), "alice", { statement });
    await writer.request();
    await writer.request();
    expect(asked).toBe(1);
    expect(recordAt(writer, 0).record).toMatchObject({ statement: "-" });
  });

  test("a body sees its place", async () => {
    const writer = testWriter(new MemoryRecordStore(), "alice");
    const places: unknown[] = [];
    const request = await writer.append({
      type: "request",
      body: (place) => {
        places.push(place);
        return requestBody;
      },
    });
    const { id, nonce, n, prev, at } = request.record;
    expect(places).toEqual([{ id, nonce, request: id, n, prev, at }]);
  });

  test("records of two callers take turns", async () => {
    const writer = testWriter(new MemoryRecordStore(), "alice");
    await Promise.all([writer.request(), writer.request(), writer.request()]);
    expect(stored(writer)).toEqual(["0 enrol", "1 request", "2 request", "3 request"]);
  });

  test("two callers in one hold come after each other", async () => {
    const writer = testWriter(new MemoryRecordStore(), "alice");
    const both = holdChain(writer, async (append) => {
      const first = await append({ type: "request", body: () => requestBody });
      const second = await append({ type: "request", body: () => requestBody });
      return [first.record.n, second.record.n];
    });
    const other = writer.request();
    expect(await both).toEqual([1, 2]);
    expect((await other).record.n).toBe(3);
  });

  test("a body that breaks the format writes nothing", async () => {
    const writer = testWriter(new MemoryRecordStore(), "alice");
    await writer.request();
    const before = writer.store.fingerprint();
    const hostile = writer.request({ reason: { text: "\u202egnp.exe" } });
    expect(await codeOfRejected(hostile)).toBe("RECORD_INVALID");
    expect(writer.store.fingerprint()).toBe(before);
    expect(writer.chain).toMatchObject({ next: 2, pending: undefined });
  });

  test("a payload over 32 KiB is refused before it is signed", async () => {
    const writer = testWriter(new MemoryRecordStore(), "alice");
    const claimed = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`c${i}`, "x".repeat(2000)]));
    expect(await codeOfRejected(writer.request({ claimed }))).toBe("PAYLOAD_TOO_LARGE");
    expect(stored(writer)).toEqual(["0 enrol"]);
  });

  test("the same bytes are sent again after an unreachable store, and an abort follows the request", async () => {
    const writer = testWriter(new MemoryRecordStore(), "alice");
    writer.store.faults.push(undefined, "unreachable");
    expect(await codeOfRejected(writer.request())).toBe("AUDIT_UNREACHABLE");
    const { pending } = writer.chain;
    expect(stored(writer)).toEqual(["0 enrol"]);
    const second = await writer.request();
    expect(stored(writer)).toEqual(["0 enrol", "1 request", "2 abort", "3 request"]);
    expect(second.record.n).toBe(3);
    const first = recordAt(writer, 1);
    expect(writer.store.objects.get(pending?.key ?? "")?.[0]?.bytes).toEqual(pending?.bytes);
    expect(recordAt(writer, 2).record).toMatchObject({
      request: first.record.id,
      requestHash: first.sha256,
      code: "CRASHED",
      step: "request",
      accessKeyId: "-",
    });
  });

  test("a lost reply makes no second record", async () => {
    const writer = testWriter(new MemoryRecordStore(), "alice");
    const request = await writer.request();
    writer.store.faults.push("lost");
    expect(await codeOfRejected(writer.issue(request))).toBe("AUDIT_UNREACHABLE");
    expect(stored(writer)).toEqual(["0 enrol", "1 request", "2 issue"]);
    expect(writer.chain.next).toBe(2);
    await writer.request();
    expect(stored(writer)).toEqual(["0 enrol", "1 request", "2 issue", "3 abort", "4 request"]);
    const issue = recordAt(writer, 2).record;
    expect(recordAt(writer, 3).record).toMatchObject({
      requestHash: request.sha256,
      step: "issueRecord",
      accessKeyId: issue.type === "issue" ? issue.accessKeyId : "none",
    });
  });

  test("a lost reply to the enrolment owes nobody an abort", async () => {
    const writer = testWriter(new MemoryRecordStore(), "alice");
    writer.store.faults.push("lost");
    expect(await codeOfRejected(writer.request())).toBe("AUDIT_UNREACHABLE");
    await writer.request();
    expect(stored(writer)).toEqual(["0 enrol", "1 request"]);
  });

  test("a caller that aborts the request itself leaves no second abort", async () => {
    const writer = testWriter(new MemoryRecordStore(), "alice");
    const request = await writer.request();
    writer.store.faults.push("lost");
    await codeOfRejected(writer.issue(request));
    const body = {
      requestHash: request.sha256,
      code: "AUDIT_UNREACHABLE",
      step: "issueRecord",
      accessKeyId: "-",
    };
    await writer.append({ type: "abort", request: request.record.id, body: () => body });
    expect(stored(writer)).toEqual(["0 enrol", "1 request", "2 issue", "3 abort"]);
    expect(recordAt(writer, 3).record).toMatchObject({ code: "AUDIT_UNREACHABLE" });
  });

  test("a key in two places stops at the same name with other bytes", async () => {
    const store = new MemoryRecordStore();
    await testWriter(store, "alice").request();
    const before = store.fingerprint();
    const copy = testWriter(store, "alice", { clock: new StandingClock(new Date("2026-11-24T08:40:00Z")) });
    expect(await codeOfRejected(copy.request())).toBe("KEY_IN_TWO_PLACES");
    expect(store.fingerprint()).toBe(before);
    expect(await codeOfRejected(copy.request())).toBe("KEY_IN_TWO_PLACES");
  });

  test("pending bytes of another log, place or key are not sent", async () => {
    const writer = testWriter(new MemoryRecordStore(), "alice");
    writer.store.faults.push(undefined, "unreachable");
    await codeOfRejected(writer.request());
    const before = writer.store.fingerprint();
    const { pending } = writer.chain;
    if (pending === undefined) throw new Error("nothing pending");
    const otherLog = { ...writer, writer: { ...writer.writer, log: "ff".repeat(32) } };
    expect(await codeOfRejected(holdChain(otherLog, async () => 0))).toBe("CHAIN_DAMAGED");
    const spoilt = [
      { ...pending, key: pending.key.replace(".1.", ".2.") },
      { ...pending, bytes: pending.bytes.slice(1) },
      { key: pending.key, bytes: new Uint8Array() },
    ];
    for (const damaged of spoilt) {
      writer.chain.pending = damaged;
      expect(await codeOfRejected(writer.request())).toBe("CHAIN_DAMAGED");
    }
    writer.chain.pending = pending;
    writer.chain.next = 2;
    expect(await codeOfRejected(writer.request())).toBe("CHAIN_DAMAGED");
    expect(writer.store.fingerprint()).toBe(before);
  });

  test("what must be durable first is done between signing and sending", async () => {
    const writer = testWriter(new MemoryRecordStore(), "alice");
    const seen: unknown[] = [];
    const request = await writer.append({
      type: "request",
      body: () => requestBody,
      signed: async (record) => {
        seen.push([writer.chain.pending?.key, writer.store.objects.has(record.key), record.sha256]);
      },
    });
    expect(seen).toEqual([[request.key, false, request.sha256]]);
  });
});

describe("repairDangling", () => {
  const begun = (writer: TestWriter) =>
    writer.append({
      type: "request",
      body: () => requestBody,
      signed: ({ record, sha256 }) =>
        writer.journal.open({ request: record.id, requestHash: sha256, step: "request", accessKeyId: "-" }),
    });

  test("a request that died before it was noted is sent and aborted, even if the next run fails", async () => {
    const writer = testWriter(new MemoryRecordStore(), "alice");
    const crash = new Error("killed");
    const dying = writer.append({
      type: "request",
      body: () => requestBody,
      signed: () => Promise.reject(crash),
    });
    await expect(dying).rejects.toBe(crash);
    expect(writer.journal.entries.size).toBe(0);
    await expect(holdChain(writer, () => Promise.reject(crash))).rejects.toBe(crash);
    expect(stored(writer)).toEqual(["0 enrol", "1 request", "2 abort"]);
    expect(writer.journal.entries.size).toBe(0);
  });

  test("an abort that is owed is noted before its request is sent", async () => {
    const writer = testWriter(new MemoryRecordStore(), "alice");
    writer.store.faults.push(undefined, "unreachable");
    expect(await codeOfRejected(writer.request())).toBe("AUDIT_UNREACHABLE");
    writer.store.faults.push(undefined, "unreachable");
    expect(await codeOfRejected(repairDangling(writer))).toBe("AUDIT_UNREACHABLE");
    expect(stored(writer)).toEqual(["0 enrol", "1 request"]);
    expect(writer.journal.entries.size).toBe(1);
    await repairDangling(writer);
    expect(stored(writer)).toEqual(["0 enrol", "1 request", "2 abort"]);
    expect(writer.journal.entries.size).toBe(0);
  });

  test("with nothing dangling touches no bucket", async () => {
    const writer = testWriter(new MemoryRecordStore(), "alice");
    expect(await repairDangling(writer)).toEqual([]);
    expect(writer.store.calls).toEqual([]);
  });

  test("aborts each request once, by the step that did not finish", async () => {
    const writer = testWriter(new MemoryRecordStore(), "alice");
    const first = await begun(writer);
    writer.clock.pass(1);
    const second = await begun(writer);
    await writer.journal.mark(first.record.id, "assumeRole");
    await writer.journal.mark(second.record.id, "cache", "ASIAEXAMPLEEXAMPLE01");
    const aborts = await repairDangling(writer);
    expect(aborts.map(({ record }) => [record.request, record.step, record.accessKeyId])).toEqual([
      [first.record.id, "assumeRole", "-"],
      [second.record.id, "cache", "ASIAEXAMPLEEXAMPLE01"],
    ]);
    expect(aborts.every(({ record }) => record.code === "CRASHED")).toBe(true);
    expect(await repairDangling(writer)).toEqual([]);
    expect(stored(writer)).toEqual(["0 enrol", "1 request", "2 request", "3 abort", "4 abort"]);
  });

  test("a request cut off while it was sent is sent and aborted once", async () => {
    const writer = testWriter(new MemoryRecordStore(), "alice");
    await begun(writer);
    writer.clock.pass(1);
    writer.store.faults.push("lost");
    await codeOfRejected(begun(writer));
    expect(writer.journal.entries.size).toBe(2);
    await repairDangling(writer);
    expect(stored(writer)).toEqual(["0 enrol", "1 request", "2 request", "3 abort", "4 abort"]);
    expect(writer.journal.entries.size).toBe(0);
  });

  test("an unreachable bucket leaves the abort for the next run", async () => {
    const writer = testWriter(new MemoryRecordStore(), "alice");
    await begun(writer);
    writer.store.faults.push("unreachable");
    expect(await codeOfRejected(repairDangling(writer))).toBe("AUDIT_UNREACHABLE");
    expect(writer.journal.entries.size).toBe(1);
    expect(await repairDangling(writer)).toEqual([]);
    expect(stored(writer)).toEqual(["0 enrol", "1 request", "2 abort"]);
    expect(writer.journal.entries.size).toBe(0);
  });
});
