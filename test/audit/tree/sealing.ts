import { cosignature, noteSignature, verifierKey } from "../../../src/access/trust/verifier-key.ts";
import type { RecordStore } from "../../../src/audit/ports.ts";
import { generateKey, localSigner } from "../../../src/audit/signer.ts";
import { readBatch } from "../../../src/audit/tree/batch.ts";
import { TreeBuilder } from "../../../src/audit/tree/builder.ts";
import type { Leaf } from "../../../src/audit/tree/leaf.ts";
import { batchPrefix, tileName } from "../../../src/audit/tree/places.ts";
import type { SealPorts } from "../../../src/audit/tree/seal.ts";
import { newestCheckpoint } from "../../../src/audit/tree/stored.ts";
import { JitError } from "../../../src/error.ts";
import type { MemoryRecordStore } from "../../support/memory-record-store.ts";
import { type StandingClock, seededRandom } from "../writer.ts";

export const origin = "acme.example/audit";

/** A log's key, its verifier key and its signer. */
export function keyOf(name: string, type = noteSignature, called = origin) {
  const signer = localSigner(generateKey("Ed25519", seededRandom(name)));
  return { signer, key: verifierKey(called, type, Buffer.from(signer.publicKey.x, "base64url")) };
}

export const log = keyOf("log key");
export const witness = keyOf("witness key", cosignature, "witness.example/w");

export function sealPorts(store: RecordStore, clock: StandingClock, by = log): SealPorts {
  return { store, clock, signer: by.signer, logKey: by.key, logKeys: [log.key] };
}

/** A store that stops at its n-th call, before or after it is done, and answers none from then on. */
export function cutOff(store: MemoryRecordStore, calls: number, after: boolean): RecordStore {
  let left = calls;
  const gone = () => new JitError("AUDIT_UNREACHABLE", "cut off");
  const call = async <T>(work: () => Promise<T>): Promise<T> => {
    left--;
    if (left < 0 || (left === 0 && !after)) throw gone();
    const result = await work();
    if (left === 0) throw gone();
    return result;
  };
  async function* listing<T>(source: AsyncIterable<T>): AsyncGenerator<T> {
    await call(async () => undefined);
    yield* source;
  }
  return {
    create: (key, bytes) => call(() => store.create(key, bytes)),
    replace: (key, bytes) => call(() => store.replace(key, bytes)),
    read: (key) => call(() => store.read(key)),
    readCurrent: (key) => call(() => store.readCurrent(key)),
    readVersion: (key, version) => call(() => store.readVersion(key, version)),
    list: (prefix, from) => listing(store.list(prefix, from)),
    listVersions: (prefix, from) => listing(store.listVersions(prefix, from)),
    listPrefixes: (prefix) => listing(store.listPrefixes(prefix)),
  };
}

/**
 * All that a sealed log must be: batches without gap, each version of a record in them once, the newest checkpoint's root
 * that of their leaves, and every tile that this tree has in its place.
 * @returns its leaves in order
 */
export async function wholeTree(store: MemoryRecordStore): Promise<readonly Leaf[]> {
  const builder = new TreeBuilder();
  const leaves: Leaf[] = [];
  const tiles = [];
  for await (const { key } of store.list(batchPrefix)) {
    if (Number(key.slice(batchPrefix.length)) !== leaves.length) throw new Error(`a gap before ${key}`);
    for (const { leaf, entry } of readBatch((await store.read(key)) ?? new Uint8Array()) ?? []) {
      leaves.push(leaf);
      tiles.push(...builder.append(entry));
    }
  }
  tiles.push(...builder.partial());
  for (const tile of tiles) {
    const stored = await store.read(tileName(tile));
    if (stored === undefined || Buffer.compare(stored, tile.bytes) !== 0) throw new Error(tileName(tile));
  }
  const names = leaves.map(({ key, versionId }) => `${key} ${versionId}`);
  if (new Set(names).size !== names.length) throw new Error("a leaf twice");
  const checkpoint = await newestCheckpoint(store, [log.key]);
  if (checkpoint?.size !== leaves.length)
    throw new Error(`checkpoint ${checkpoint?.size}, leaves ${leaves.length}`);
  if (Buffer.compare(checkpoint.root, builder.root()) !== 0) throw new Error("another root");
  return leaves;
}

/** All versions under the records' prefix. */
export async function versionsOf(store: MemoryRecordStore): Promise<readonly string[]> {
  const all: string[] = [];
  for await (const { key, versionId, isDeleteMarker } of store.listVersions("v1/rec/")) {
    if (!isDeleteMarker) all.push(`${key} ${versionId}`);
  }
  return all.sort();
}

export function namesOf(leaves: readonly Leaf[]): readonly string[] {
  return leaves.map(({ key, versionId }) => `${key} ${versionId}`).sort();
}
