import { beforeEach, expect, test } from "vitest";
import { readBatch, writeBatch } from "../../../src/audit/tree/batch.ts";
import type { Leaf } from "../../../src/audit/tree/leaf.ts";
import { writeLeaf } from "../../../src/audit/tree/leaf.ts";
import { LeafIndex } from "../../../src/audit/tree/leaf-index.ts";
import { leafHash } from "../../../src/audit/tree/merkle.ts";
import { batchName } from "../../../src/audit/tree/places.ts";
import { seal } from "../../../src/audit/tree/seal.ts";
import { codeOf } from "../../../src/error.ts";
import { MemoryRecordStore } from "../../support/memory-record-store.ts";
import { StandingClock, testWriter } from "../writer.ts";
import { keyOf, log, sealPorts, wholeTree } from "./sealing.ts";

let store: MemoryRecordStore;
let leaves: readonly Leaf[];
const keys = { logKeys: [log.key] };
const read = () => LeafIndex.read(store, keys);

beforeEach(async () => {
  const clock = new StandingClock();
  store = new MemoryRecordStore(() => clock.now());
  const alice = testWriter(store, "alice", { clock });
  for (let batch = 0; batch < 20; batch++) {
    await alice.issue(await alice.request());
    clock.pass(60);
    await seal(sealPorts(store, clock));
  }
  leaves = await wholeTree(store);
});

test("finds each version with its index and the hash that a proof begins with", async () => {
  const index = await read();
  expect(index.checkpoint?.size).toBe(leaves.length);
  expect(leaves.length).toBe(41);
  for (const [at, leaf] of leaves.entries()) {
    expect(index.find(leaf.key, leaf.versionId)).toMatchObject({
      index: at,
      leafHash: Buffer.from(leafHash(writeLeaf(leaf))).toString("hex"),
      sha256: leaf.sha256,
    });
  }
  expect(index.find("v1/rec/none", "1")).toBeUndefined();
});

test("knows which trees it comes from", async () => {
  const before = await read();
  const { size = 0, root = new Uint8Array() } = before.checkpoint ?? {};
  expect(before.beginsWith({ size, root: Buffer.from(root).toString("base64") })).toBe(true);
  expect(before.beginsWith({ size, root: Buffer.alloc(32).toString("base64") })).toBe(false);
  expect(before.beginsWith({ size: size + 2, root: Buffer.from(root).toString("base64") })).toBe(false);
});

test("a log without a checkpoint of this key has no leaves", async () => {
  const index = await LeafIndex.read(store, { logKeys: [keyOf("another").key] });
  const [leaf] = leaves;
  expect([index.checkpoint, index.find(leaf?.key ?? "", leaf?.versionId ?? "")]).toEqual([
    undefined,
    undefined,
  ]);
});

test("batches that make another tree than the signed one prove nothing", async () => {
  const last = batchName(39);
  const [version] = store.objects.get(last) ?? [];
  const entries = readBatch(version?.bytes ?? new Uint8Array()) ?? [];
  const spoilt = [
    writeBatch(entries.map(({ leaf }) => ({ ...leaf, serverTime: "2001-01-01T00:00:00Z" }))),
    writeBatch(entries.slice(1).map(({ leaf }) => leaf)),
    writeBatch([...entries, ...entries].map(({ leaf }) => leaf)),
    Buffer.from("none"),
  ];
  for (const bytes of spoilt) {
    if (version !== undefined) store.objects.set(last, [{ ...version, bytes }]);
    expect(await read().catch(codeOf)).toBe("PROOF_TREE");
  }
  store.objects.delete(last);
  expect(await read().catch(codeOf)).toBe("PROOF_TREE");
});
