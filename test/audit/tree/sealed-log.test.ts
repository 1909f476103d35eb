import { beforeEach, describe, expect, test } from "vitest";
import { readBatch, writeBatch } from "../../../src/audit/tree/batch.ts";
import { formatTreeHead } from "../../../src/audit/tree/checkpoint.ts";
import { formatNote, formatSignature, readSignatureLines, signNote } from "../../../src/audit/tree/note.ts";
import {
  batchName,
  checkpointName,
  cosignatureName,
  keptCheckpoint,
  tileName,
  treePrefix,
} from "../../../src/audit/tree/places.ts";
import { seal } from "../../../src/audit/tree/seal.ts";
import { SealedLog } from "../../../src/audit/tree/sealed-log.ts";
import { newestCheckpoint } from "../../../src/audit/tree/stored.ts";
import { witness as cosign } from "../../../src/audit/tree/witness.ts";
import type { StoredRecord } from "../../../src/audit/types.ts";
import { verifyLog } from "../../../src/audit/verify.ts";
import { MemoryRecordStore } from "../../support/memory-record-store.ts";
import { log as fingerprint, StandingClock, type TestWriter, testWriter, time } from "../writer.ts";
import { keyOf, log, origin, sealPorts, witness } from "./sealing.ts";

/** A sealed and cosigned log, spoilt in every way, and what verification says of it. */
describe("verifying a sealed log", () => {
  let store: MemoryRecordStore;
  let clock: StandingClock;
  let alice: TestWriter;
  let request: StoredRecord<"request">;
  let issue: StoredRecord<"issue">;
  const keys = { logKeys: [log.key], witnesses: [witness.key] };

  const sealNow = () => seal(sealPorts(store, clock));
  const cosignNow = async () => {
    const memory = { read: async () => undefined, write: async () => undefined };
    await cosign({ store, clock, signer: witness.signer, key: witness.key, logKeys: [log.key], memory });
  };

  beforeEach(async () => {
    clock = new StandingClock();
    store = new MemoryRecordStore(() => clock.now());
    alice = testWriter(store, "alice", { clock });
    request = await alice.request();
    clock.pass(2);
    issue = await alice.issue(request);
    await sealNow();
    await cosignNow();
    clock.pass(60);
    await alice.request();
    await sealNow();
    clock.pass(60);
    await alice.request();
  });

  async function verify(trust = keys) {
    const sealed = await SealedLog.open(store, trust);
    return await verifyLog(store, { log: fingerprint, trust: undefined, sealed });
  }
  const codes = async (trust = keys) => (await verify(trust)).findings.map(({ code }) => code).sort();

  test("counts what is cosigned, sealed and pending, and until when all is complete", async () => {
    const report = await verify();
    expect(report.findings).toEqual([]);
    expect(report.tree).toMatchObject({
      origin,
      checkpoint: { size: 4 },
      witnesses: [{ name: witness.key.name, size: 3 }],
      records: { cosigned: 3, sealed: 1, pending: 1 },
      completeUntil: issue.record.at,
    });
    const alone = await verify({ ...keys, witnesses: [] });
    expect(alone.tree).toMatchObject({ records: { cosigned: 0, sealed: 4, pending: 1 } });
    expect(alone.tree?.completeUntil).toBe(time(new Date(clock.now().getTime() - 60_000)));
  });

  test("a log without a tree has no report of one, and nothing against it", async () => {
    eraseTree();
    const report = await verify();
    expect([report.tree, report.ok]).toEqual([undefined, true]);
  });

  const rebatch = (first: number, change: (leaves: { key: string; sha256: string }[]) => void) =>
    store.spoil(batchName(first), (bytes) => {
      const leaves = (readBatch(bytes) ?? []).map(({ leaf }) => ({ ...leaf }));
      change(leaves);
      return writeBatch(leaves);
    });
  const lastRecord = () => [...store.objects.keys()].filter((key) => key.includes(`.${3}.request`))[0] ?? "";
  const other = keyOf("some other key");

  async function sign(size: number, root: Uint8Array): Promise<Uint8Array> {
    const text = formatTreeHead({ origin, size, root });
    return formatNote({ text, signatures: [await signNote(text, log.key, log.signer)] });
  }

  test.each<[string, () => unknown, string[]]>([
    ["the last sealed record gone", () => store.erase(lastRecord()), ["CHAIN_GAP", "SEALED_REMOVED"]],
    [
      "a sealed record with other bytes",
      () => store.spoil(issue.key, () => request.bytes),
      ["NAME_DIFFERS", "SEALED_CHANGED"],
    ],
    [
      "a sealed record removed and put there again",
      () => [store.erase(issue.key), store.put(issue.key, issue.bytes)],
      ["SEALED_REMOVED"],
    ],
    [
      "a sealed record that bears another arrival",
      () => {
        const [version] = store.objects.get(issue.key) ?? [];
        if (version !== undefined) {
          store.objects.set(issue.key, [
            { ...version, lastModified: new Date(clock.now().getTime() - 90_000) },
          ]);
        }
      },
      ["SEALED_TIME"],
    ],
    [
      "a leaf changed",
      () => rebatch(0, (all) => Object.assign(all[1] ?? {}, { sha256: "00".repeat(32) })),
      ["CHECKPOINT_ROOT", "SEALED_CHANGED"],
    ],
    ["leaves in another order", () => rebatch(0, (all) => all.reverse()), ["CHECKPOINT_ROOT"]],
    ["a leaf left out", () => rebatch(0, (all) => all.pop()), ["BATCH_MISSING"]],
    [
      "a tree that a witness has not seen, signed as a whole",
      async () => {
        const kept = await store.read(keptCheckpoint(3));
        for (const key of [...store.objects.keys()]) {
          if (key.startsWith(treePrefix) && !key.includes("cosignatures/")) store.erase(key);
        }
        store.put("v1/rec/20261124T08/noise", Buffer.from("x"));
        await sealNow();
        await alice.request();
        await sealNow();
        store.put(keptCheckpoint(3), kept);
      },
      ["NAME_INVALID", "TREE_FORKED"],
    ],
    ["a batch gone", () => store.erase(batchName(0)), ["BATCH_MISSING"]],
    ["the last batch gone", () => store.erase(batchName(3)), ["BATCH_MISSING"]],
    ["a batch that is none", () => store.spoil(batchName(0), () => Buffer.from("{}\n")), ["BATCH_INVALID"]],
    ["a batch hidden", () => store.mark(batchName(0)), ["OBJECT_DELETED"]],
    ["a batch replaced", () => store.put(batchName(0), Buffer.from("x")), ["OBJECT_REPLACED"]],
    [
      "a batch of others, shorter than it was: its tiles say nothing besides",
      async () => {
        for (let i = 0; i < 260; i++) store.put(`v1/rec/20261124T08/noise-${i}`, Buffer.from("x"));
        await sealNow();
        rebatch(4, (all) => all.reverse().pop());
      },
      ["BATCH_MISSING", ...Array<string>(260).fill("NAME_INVALID")],
    ],
    [
      "a tile that is another",
      () => store.spoil(tileName({ level: 0, index: 0, width: 4 }), () => Buffer.alloc(128)),
      ["TILE_INVALID"],
    ],
    [
      "a bundle gone",
      () => store.erase(tileName({ level: "entries", index: 0, width: 4 })),
      ["TILE_INVALID"],
    ],
    [
      "a checkpoint that is none",
      () => store.put(checkpointName, Buffer.from("x\n")),
      ["CHECKPOINT_INVALID"],
    ],
    ["cosignatures without a checkpoint", () => eraseCheckpoints(), ["CHECKPOINT_MISSING"]],
    [
      "another tree, signed",
      async () => {
        const note = await sign(4, Buffer.alloc(32));
        store.spoil(keptCheckpoint(4), () => note);
        store.put(checkpointName, note);
      },
      ["CHECKPOINT_ROOT"],
    ],
    [
      "a cosignature stripped",
      () => store.erase(cosignatureName(3, witness.key.id)),
      ["COSIGNATURE_MISSING"],
    ],
    [
      "a cosignature with another time",
      () =>
        store.spoil(cosignatureName(3, witness.key.id), (bytes) => {
          const [one] = readSignatureLines(Buffer.from(bytes).toString()) ?? [];
          if (one === undefined) throw new Error("no cosignature");
          const signature = Uint8Array.from(one.signature, (byte, i) => (i === 7 ? byte ^ 1 : byte));
          return Buffer.from(formatSignature({ ...one, signature }));
        }),
      ["COSIGNATURE_MISSING"],
    ],
  ])("%s", async (_, spoil, expected) => {
    await spoil();
    expect(await codes()).toEqual(expected);
  });

  test("a record that arrived and was sealed long after the hour of its name is met all the same", async () => {
    const late = await alice.request();
    const bytes = store.objects.get(late.key)?.[0]?.bytes ?? new Uint8Array();
    store.erase(late.key);
    clock.pass(2 * 3600);
    await testWriter(store, "bob", { clock }).request();
    await sealNow();
    store.put(late.key, bytes);
    await sealNow();
    const report = await verify();
    expect(report.findings.map(({ code }) => code)).toEqual(["LATE_ARRIVAL"]);
    expect(report.tree?.records).toEqual({ cosigned: 3, sealed: 5, pending: 0 });
  });

  test("what is sealed while the log is read is no sealed object that is gone", async () => {
    const sealed = await SealedLog.open(store, keys);
    let isListed = false;
    const growing = {
      readVersion: store.readVersion.bind(store),
      async *listVersions(prefix: string, after?: string) {
        yield* store.listVersions(prefix, after);
        if (isListed) return;
        isListed = true;
        await alice.request();
        await sealNow();
      },
    };
    const report = await verifyLog(growing, { log: fingerprint, trust: undefined, sealed });
    expect([report.records, report.findings]).toEqual([5, []]);
    expect(report.tree).toMatchObject({
      checkpoint: { size: 4 },
      records: { cosigned: 3, sealed: 1, pending: 1 },
    });
  });

  function eraseCheckpoints(): void {
    for (const name of [checkpointName, keptCheckpoint(3), keptCheckpoint(4)]) store.erase(name);
  }

  describe("since a checkpoint that was verified before", () => {
    const since = async () => await newestCheckpoint(store, [log.key]);
    async function verifySince(head: Awaited<ReturnType<typeof since>>) {
      store.calls.length = 0;
      const sealed = await SealedLog.open(store, keys, head);
      return await verifyLog(store, { log: fingerprint, trust: undefined, sealed });
    }
    const reads = () => store.calls.filter((call) => call.startsWith("readVersion v1/rec/"));

    test("what a new request says to extend is looked at, whether that was verified before or never was", async () => {
      const head = await since();
      const bob = testWriter(store, "bob", { clock });
      const extend = async (extended: string) => {
        const asked = await bob.request({ claimed: { extends: extended } });
        await bob.issue(asked);
        return (await verifySince(head)).findings.map(({ code }) => code).sort();
      };
      const own = await bob.request();
      expect(await extend(own.record.id)).toEqual([]);
      expect(await extend(request.record.id)).toEqual(["EXTENDS_DIFFERS"]);
      expect(await extend("01M86A1XP237ANR7JE5Q1B0710")).toEqual(["EXTENDS_DIFFERS", "EXTENDS_UNKNOWN"]);
    });

    test("nothing new is nothing to read, and what is new needs its key, its predecessor and its request", async () => {
      await sealNow();
      const head = await since();
      clock.pass(10);
      expect(await verifySince(head)).toMatchObject({ ok: true, records: 0, findings: [] });
      expect(reads()).toEqual([]);
      await alice.issue(request, { notAfter: issue.record.notAfter, renews: issue.sha256 });
      const bob = testWriter(store, "bob", { clock });
      await bob.issue(await bob.request());
      const pending = await verifySince(head);
      expect(pending).toMatchObject({ ok: true, findings: [], tree: { records: { pending: 4 } } });
      await sealNow();
      await cosignNow();
      const report = await verifySince(head);
      expect(report.findings).toEqual([]);
      expect(report.tree?.records).toEqual({ cosigned: 4, sealed: 0, pending: 0 });
      // Alice's enrolment, request, first session and last record; four of hers and Bob's that are new,
      // the request among them twice: first for what it may extend.
      expect(reads()).toHaveLength(9);
    });

    test.each<[string, () => unknown, string[]]>([
      ["the record before it gone", () => store.erase(lastRecord()), ["CHAIN_GAP"]],
      ["a new record gone", () => store.erase(newest()), ["SEALED_REMOVED"]],
      [
        "a new record changed",
        () => store.spoil(newest(), () => request.bytes),
        ["NAME_DIFFERS", "SEALED_CHANGED"],
      ],
      ["an old record gone", () => store.erase(issue.key), ["SEALED_REMOVED"]],
      ["an old record deleted", () => store.mark(issue.key), ["OBJECT_DELETED"]],
      ["a new batch gone", () => store.erase(batchName(5)), ["BATCH_MISSING"]],
      [
        "an old tile changed",
        () => store.spoil(tileName({ level: 0, index: 0, width: 5 }), () => Buffer.alloc(160)),
        ["TREE_FORKED"],
      ],
    ])("%s is found", async (_, spoil, expected) => {
      await sealNow();
      await cosignNow();
      const head = await since();
      clock.pass(10);
      await alice.request();
      await sealNow();
      expect((await verifySince(head)).findings).toEqual([]);
      await spoil();
      const found = (await verifySince(head)).findings.map(({ code }) => code);
      expect(found).toEqual(expect.arrayContaining(expected));
    });

    const newest = () => [...store.objects.keys()].filter((key) => key.includes(".5.request"))[0] ?? "";

    test("a tree that another one was before is not the same log", async () => {
      const head = await since();
      if (head === undefined) throw new Error("no checkpoint");
      const other = { ...head, root: Buffer.alloc(32, 1) };
      expect((await verifySince(other)).findings.map(({ code }) => code)).toContain("TREE_FORKED");
    });
  });

  test("a log key that the trust file does not name signs nothing", async () => {
    expect(await codes({ ...keys, logKeys: [other.key] })).toContain("CHECKPOINT_INVALID");
  });

  test("an object under an arrival long before the newest batch, in no batch, was inserted", async () => {
    clock.pass(3 * 24 * 3600);
    await testWriter(store, "bob", { clock }).request();
    await sealNow();
    const old = testWriter(store, "carol", { clock: new StandingClock() });
    const inserted = new MemoryRecordStore(() => new StandingClock().now());
    const copy = { ...old, store: inserted };
    const stored = await testWriter(copy.store, "carol", { clock: new StandingClock() }).request();
    for (const [key, [version]] of inserted.objects) {
      if (version?.bytes !== undefined) store.put(key, version.bytes, version.lastModified);
    }
    store.put("v1/rec/20261124T08/noise", Buffer.from("x"), new StandingClock().now());
    const { findings } = await verify();
    expect(
      findings
        .filter(({ code }) => code === "SEALED_WITHOUT")
        .map(({ object, severity }) => [object, severity]),
    ).toEqual(
      expect.arrayContaining([
        [stored.key, "invalid"],
        ["v1/rec/20261124T08/noise", "noise"],
      ]),
    );
  });

  test("a truncated tree is found by what a record has seen of it", async () => {
    const head = await newestCheckpoint(store, [log.key]);
    const seen = { size: head?.size ?? 0, root: Buffer.from(head?.root ?? []).toString("base64") };
    const bob = testWriter(store, "bob", { clock });
    Object.assign(bob.writer, { seen });
    await bob.request();
    expect(await codes()).toEqual([]);
    for (const name of [keptCheckpoint(4), batchName(3), checkpointName]) store.erase(name);
    expect(await codes()).toEqual(["SEEN_DIFFERS"]);
    eraseTree();
    expect(await codes()).toEqual(["SEEN_DIFFERS"]);
  });

  test.each([
    ["of a tree that there is", () => undefined],
    ["of a tree that there was not", () => eraseTree()],
  ])("what is sealed, cosigned and seen while records are read is no fork: %s", async (_, before) => {
    before();
    const sealed = await SealedLog.open(store, keys);
    for (let i = 0; i < 4; i++) await sealed.readOn();
    await alice.request();
    await sealNow();
    await cosignNow();
    const head = await newestCheckpoint(store, [log.key]);
    if (head === undefined) throw new Error("no checkpoint");
    const bob = testWriter(store, "bob", { clock });
    const seen = { size: head.size, root: Buffer.from(head.root).toString("base64") };
    Object.assign(bob.writer, { seen });
    await bob.request();
    const { findings } = await verifyLog(store, { log: fingerprint, trust: undefined, sealed });
    expect(findings).toEqual([]);
  });

  const eraseTree = () => {
    for (const key of [...store.objects.keys()]) if (key.startsWith(treePrefix)) store.erase(key);
  };
});
