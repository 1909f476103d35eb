import { beforeEach, describe, expect, test } from "vitest";
import { formatTreeHead, type TreeHead } from "../../../src/audit/tree/checkpoint.ts";
import { readCosigned } from "../../../src/audit/tree/cosignatures.ts";
import { formatNote, signNote } from "../../../src/audit/tree/note.ts";
import { checkpointName, cosignatureName, keptCheckpoint, tileName } from "../../../src/audit/tree/places.ts";
import { seal } from "../../../src/audit/tree/seal.ts";
import { newestCheckpoint } from "../../../src/audit/tree/stored.ts";
import { witness as cosign } from "../../../src/audit/tree/witness.ts";
import { codeOf } from "../../../src/error.ts";
import { MemoryRecordStore } from "../../support/memory-record-store.ts";
import { StandingClock, start } from "../writer.ts";
import { cutOff, log, origin, sealPorts, witness } from "./sealing.ts";

describe("witness", () => {
  let clock: StandingClock;
  let store: MemoryRecordStore;
  let last: TreeHead | undefined;
  const memory = {
    read: async () => last,
    write: async (head: TreeHead) => {
      last = head;
    },
  };
  const ports = () => ({
    store,
    clock,
    signer: witness.signer,
    key: witness.key,
    logKeys: [log.key],
    memory,
  });
  const seconds = () => Math.floor(clock.now().getTime() / 1000);

  async function grow(many: number): Promise<void> {
    for (let i = 0; i < many; i++) {
      store.put(`v1/rec/20261124T08/${store.objects.size}`, Buffer.from(`${store.objects.size}`));
    }
    await seal(sealPorts(store, clock));
  }

  /** A checkpoint of a size as a log key that went bad would sign it. */
  async function forge(size: number, root: Uint8Array): Promise<void> {
    const text = formatTreeHead({ origin, size, root });
    const note = formatNote({ text, signatures: [await signNote(text, log.key, log.signer)] });
    store.put(checkpointName, note);
    store.put(keptCheckpoint(size), note);
  }

  const cosigners = async () => {
    const checkpoint = await newestCheckpoint(store, [log.key]);
    if (checkpoint === undefined) throw new Error("no checkpoint");
    return (await readCosigned(store, checkpoint, [witness.key])).cosigners;
  };

  beforeEach(() => {
    clock = new StandingClock(start);
    store = new MemoryRecordStore(() => clock.now());
    last = undefined;
  });

  test("cosigns each head once, beside its checkpoint", async () => {
    expect(await cosign(ports())).toBeUndefined();
    await grow(3);
    expect(await cosign(ports())).toMatchObject({ head: { size: 3 }, before: undefined, cosigned: true });
    expect(await cosigners()).toEqual([{ key: witness.key, time: seconds() }]);
    const before = store.fingerprint();
    clock.pass(60);
    expect(await cosign(ports())).toMatchObject({ cosigned: false });
    expect(store.fingerprint()).toBe(before);
    await grow(600);
    expect(await cosign(ports())).toMatchObject({ head: { size: 603 }, before: { size: 3 }, cosigned: true });
    expect(await cosigners()).toEqual([{ key: witness.key, time: seconds() }]);
  });

  test.each([false, true])("cut off at every call, done: %s: the next run ends it", async (after) => {
    await grow(3);
    await cosign(ports());
    await grow(2);
    const [objects, head] = [new Map(store.objects), last];
    for (let calls = 1, finished = false; !finished; calls++) {
      store.objects.clear();
      for (const [key, versions] of objects) store.objects.set(key, [...versions]);
      last = head;
      clock.pass(1);
      finished = await cosign({ ...ports(), store: cutOff(store, calls, after) }).then(
        () => true,
        () => false,
      );
      clock.pass(1);
      expect(await cosign(ports())).toMatchObject({ head: { size: 5 } });
      expect(await cosigners()).toHaveLength(1);
    }
  });

  test.each<[string, () => Promise<unknown>, string]>([
    ["a checkpoint that no log key signed", async () => forgeUnsigned(), "WITNESS_UNSIGNED"],
    ["a smaller log", async () => shrink(), "WITNESS_SHRUNK"],
    ["no log at all", async () => store.objects.clear(), "WITNESS_SHRUNK"],
    ["another tree of the same size", async () => forge(5, Buffer.alloc(32, 1)), "WITNESS_FORKED"],
    ["another tree that is larger", async () => regrow(), "WITNESS_FORKED"],
    ["a larger tree without tiles", async () => forge(9, Buffer.alloc(32, 1)), "WITNESS_FORKED"],
  ])("refuses %s", async (_, spoil, code) => {
    await grow(3);
    await grow(2);
    await cosign(ports());
    const cosigned = last;
    await spoil();
    expect(await cosign(ports()).catch(codeOf)).toBe(code);
    expect(last).toEqual(cosigned);
    expect(store.objects.has(cosignatureName(9, witness.key.id))).toBe(false);
  });

  function forgeUnsigned(): void {
    store.put(checkpointName, Buffer.from("x\n"));
    store.erase(keptCheckpoint(3));
    store.erase(keptCheckpoint(5));
  }

  async function shrink(): Promise<void> {
    await store.replace(checkpointName, (await store.read(keptCheckpoint(3))) ?? new Uint8Array());
    store.erase(keptCheckpoint(5));
  }

  /** The same log with other leaves, as whoever may do anything to the bucket would make it. */
  async function regrow(): Promise<void> {
    store.objects.clear();
    store.put("v1/rec/20261124T08/other", Buffer.from("other"));
    await grow(8);
  }

  test("an older checkpoint in the place of the newest is no shrunk log", async () => {
    await grow(3);
    const old = (await store.read(checkpointName)) ?? new Uint8Array();
    await grow(2);
    await cosign(ports());
    await store.replace(checkpointName, old);
    expect(await cosign(ports())).toMatchObject({ head: { size: 5 }, cosigned: false });
  });

  test("garbage in its place is told, and a cosignature is nobody else's", async () => {
    await grow(3);
    store.put(cosignatureName(3, witness.key.id), Buffer.from("garbage"));
    expect(await cosign(ports()).catch(codeOf)).toBe("WITNESS_TAKEN");
    expect(await cosigners()).toEqual([]);
    expect(store.objects.has(tileName({ level: 0, index: 0, width: 3 }))).toBe(true);
  });
});
