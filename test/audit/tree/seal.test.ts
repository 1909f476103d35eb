import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { readBatch } from "../../../src/audit/tree/batch.ts";
import { readLeaf, writeLeaf } from "../../../src/audit/tree/leaf.ts";
import { checkpointName, keptCheckpoint, tileName } from "../../../src/audit/tree/places.ts";
import { seal } from "../../../src/audit/tree/seal.ts";
import { currentCheckpoint, newestCheckpoint } from "../../../src/audit/tree/stored.ts";
import { codeOf } from "../../../src/error.ts";
import { MemoryRecordStore } from "../../support/memory-record-store.ts";
import { StandingClock } from "../writer.ts";
import { cutOff, keyOf, log, namesOf, origin, sealPorts, versionsOf, wholeTree } from "./sealing.ts";

describe("seal", () => {
  let clock: StandingClock;
  let store: MemoryRecordStore;
  let count = 0;

  beforeEach(() => {
    clock = new StandingClock();
    store = new MemoryRecordStore(() => clock.now());
    count = 0;
  });

  /** Objects of any kind: to the tree a bad one is as good as another. */
  function write(hour: string, many: number): void {
    for (let i = 0; i < many; i++) store.put(`v1/rec/${hour}/${count++}`, Buffer.from(`object ${count}`));
  }
  const ports = () => sealPorts(store, clock);
  const reads = () => store.calls.filter((call) => call.startsWith("readVersion v1/rec/"));

  test("an empty log has no tree, and nothing is written", async () => {
    expect(await seal(ports())).toMatchObject({ size: 0, added: 0 });
    expect([...store.objects.keys()]).toEqual([]);
  });

  test("everything is sealed once, in the order in which S3 took it", async () => {
    write("20261124T08", 3);
    clock.pass(10);
    write("20261124T07", 2);
    expect(await seal(ports())).toMatchObject({ origin, size: 5, added: 5, full: true });
    const leaves = await wholeTree(store);
    expect(leaves.map(({ key }) => key.slice(-1))).toEqual(["0", "1", "2", "3", "4"]);
    expect(leaves[0]).toEqual({
      key: "v1/rec/20261124T08/0",
      versionId: "v000001",
      sha256: "7591168325ee4e53348662e67ddfe78704595cdbee277397afd26ff6fa8a9554",
      serverTime: "2026-11-24T08:16:36Z",
      lockedUntil: "2027-12-29T08:16:36Z",
      fault: "NAME_INVALID",
    });
    const before = store.fingerprint();
    expect(await seal(ports())).toMatchObject({ size: 5, added: 0, full: false });
    expect(store.fingerprint()).toBe(before);
  });

  test("each version is read once, and later versions are leaves too", async () => {
    write("20261124T08", 300);
    store.put("v1/rec/20261124T08/7", Buffer.from("other"));
    store.put("v1/rec/20261124T08/8", Buffer.from("object 9"));
    store.put("v1/rec/20261124T08/9", Buffer.alloc(60_000));
    await seal(ports());
    const leaves = await wholeTree(store);
    expect(namesOf(leaves)).toEqual(await versionsOf(store));
    const later = leaves.filter(({ key, fault }) => /T08\/[789]$/.test(key) && fault !== "NAME_INVALID");
    expect(later.map(({ fault, sha256 }) => [fault, sha256.length])).toEqual([
      ["OBJECT_REPLACED", 64],
      ["OBJECT_REPEATED", 64],
      ["ENVELOPE_TOO_LARGE", 1],
    ]);
    // 300 objects, two later versions, and the first once more to compare the one of its length with.
    expect(reads()).toHaveLength(303);
  });

  test("a run looks at the last hours, the first of a day at all", async () => {
    write("20261124T08", 2);
    await seal(ports());
    write("20261101T00", 1);
    write("20261124T06", 1);
    clock.pass(600);
    write("20261124T08", 1);
    expect(await seal(ports())).toMatchObject({ size: 4, added: 2, full: false });
    clock.pass(24 * 3600);
    expect(await seal(ports())).toMatchObject({ size: 5, added: 1, full: true });
    write("20260101T00", 1);
    expect(await seal(ports())).toMatchObject({ added: 0, full: false });
    expect(await seal(ports(), true)).toMatchObject({ added: 1, full: true });
    expect(namesOf(await wholeTree(store))).toEqual(await versionsOf(store));
  });

  test("a name of the far future is sealed once, too", async () => {
    write("20991231T23", 1);
    for (let day = 0; day < 3; day++) {
      write("20261124T08", 1);
      await seal(ports());
      clock.pass(24 * 3600);
    }
    expect(await wholeTree(store)).toHaveLength(4);
  });

  test("many runs make the tree that one would make", async () => {
    for (const many of [1, 2, 250, 5, 300, 255, 1]) {
      write("20261124T08", many);
      clock.pass(2);
      await seal(ports());
    }
    expect(namesOf(await wholeTree(store))).toEqual(await versionsOf(store));
  });

  /** The same objects in another store. */
  function copyOf(original: MemoryRecordStore): MemoryRecordStore {
    const copy = new MemoryRecordStore(() => clock.now());
    for (const [key, versions] of original.objects) {
      for (const { bytes, lastModified } of versions) copy.put(key, bytes, lastModified);
    }
    return copy;
  }

  test.each([false, true])("cut off at every call, done: %s", async (after) => {
    write("20261124T08", 254);
    await seal(ports());
    clock.pass(5);
    write("20261124T08", 4);
    const base = store;
    for (let calls = 1, finished = false; !finished; calls++) {
      store = copyOf(base);
      const limited = cutOff(store, calls, after);
      finished = await seal({ ...ports(), store: limited }).then(
        () => true,
        () => false,
      );
      clock.pass(5);
      write("20261124T08", 2);
      await seal(ports());
      const leaves = await wholeTree(store);
      expect(namesOf(leaves)).toEqual(await versionsOf(store));
      expect((await currentCheckpoint(store, [log.key]))?.size).toBe(leaves.length);
    }
  });

  test("sealers at once agree, and each can be cut off", async () => {
    const sealer = fc.record({
      calls: fc.integer({ min: 1, max: 60 }),
      after: fc.boolean(),
      pauses: fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 10 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(sealer, { minLength: 2, maxLength: 3 }), async (sealers) => {
        store = new MemoryRecordStore(() => clock.now());
        write("20261124T08", 4);
        const runs = sealers.map(async ({ calls, after, pauses }) => {
          const limited = cutOff(store, calls, after);
          let turn = 0;
          const pause = async () => {
            for (let left = pauses[turn++ % pauses.length] ?? 0; left > 0; left--) await undefined;
          };
          const slow = {
            ...limited,
            readVersion: async (key: string, version: string) => {
              await pause();
              return await limited.readVersion(key, version);
            },
            create: async (key: string, bytes: Uint8Array) => {
              await pause();
              if (key.includes("/batch/")) write("20261124T08", 1);
              await limited.create(key, bytes);
            },
          };
          await seal({ ...ports(), store: slow }).catch(() => undefined);
        });
        await Promise.all(runs);
        await seal(ports());
        expect(namesOf(await wholeTree(store))).toEqual(await versionsOf(store));
      }),
    );
  });

  test("a slower sealer's older checkpoint is put right", async () => {
    write("20261124T08", 1);
    await seal(ports());
    const old = await store.read(checkpointName);
    write("20261124T08", 1);
    await seal(ports());
    await store.replace(checkpointName, old ?? new Uint8Array());
    await seal(ports());
    expect((await currentCheckpoint(store, [log.key]))?.size).toBe(2);
  });

  test.each<[string, () => void]>([
    [
      "a tile at the edge is another",
      () => store.spoil(tileName({ level: 0, index: 0, width: 3 }), () => Buffer.alloc(96)),
    ],
    ["a batch is missing", () => store.erase("v1/tree/batch/0000000000000003")],
    ["a batch is none", () => store.spoil("v1/tree/batch/0000000000000005", () => Buffer.from("x\n"))],
  ])("nothing is signed where %s", async (_, spoil) => {
    for (const many of [3, 2, 1]) {
      write("20261124T08", many);
      await seal(ports());
    }
    store.erase(keptCheckpoint(5));
    store.erase(keptCheckpoint(6));
    const pointer = await store.read(keptCheckpoint(3));
    store.objects.delete(checkpointName);
    store.put(checkpointName, pointer);
    spoil();
    write("20261124T08", 1);
    expect(await seal(ports()).catch(codeOf)).toBe("SEAL_DAMAGED");
    expect((await newestCheckpoint(store, [log.key]))?.size ?? 0).toBeLessThan(6);
  });

  test("a further log key goes on with the tree", async () => {
    write("20261124T08", 3);
    await seal(ports());
    const next = keyOf("another log key");
    write("20261124T08", 3);
    const both = { ...sealPorts(store, clock, next), logKeys: [log.key, next.key] };
    expect(await seal(both)).toMatchObject({ size: 6, added: 3 });
    write("20261124T08", 1);
    expect(await seal({ ...ports(), logKeys: both.logKeys })).toMatchObject({ size: 7 });
    expect(await wholeTree(store)).toHaveLength(7);
  });
});

describe("leaves", () => {
  const leaf = {
    key: "v1/rec/20261124T08/-/AROA/x",
    versionId: "v1",
    sha256: "ab".repeat(32),
    serverTime: "2026-11-24T08:16:36Z",
    lockedUntil: "2027-12-29T08:16:36Z",
    fault: "-",
  };

  test("have one spelling", () => {
    expect(readLeaf(writeLeaf(leaf))).toEqual(leaf);
    const text = Buffer.from(writeLeaf(leaf)).toString();
    const wrong = [
      text.replace("{", "{ "),
      text.replace('"fault":"-"', '"fault":"bad"'),
      text.replace("T08:16:36Z", "T24:00:00Z"),
      text.replace("v1/rec/", "v1/tree/"),
      text.replace("abab", "ABAB"),
      `${text.slice(0, -1)},"z":1}`,
      "[]",
      "null",
    ];
    for (const one of wrong) expect([one, readLeaf(Buffer.from(one))]).toEqual([one, undefined]);
  });

  test("of any name are read again, line ends and all", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), (name) => {
        const one = { ...leaf, key: `v1/rec/${name}\n\u0000` };
        const entry = writeLeaf(one);
        expect(readLeaf(entry)).toEqual(one);
        const batch = Buffer.concat([entry, Buffer.from("\n")]);
        expect(readBatch(batch)?.map((read) => [read.leaf, Buffer.from(read.entry).toString()])).toEqual([
          [one, Buffer.from(entry).toString()],
        ]);
      }),
    );
  });

  test("any bytes are a batch or none", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => readBatch(bytes) === undefined));
  });
});
