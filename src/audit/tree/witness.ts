import type { VerifierKey } from "../../access/trust/verifier-key.ts";
import { codeOf, JitError } from "../../error.ts";
import type { Clock, RecordStore, Signer } from "../ports.ts";
import { isSameHead, type SignedCheckpoint, type TreeHead } from "./checkpoint.ts";
import { cosignNote, formatSignature, readSignatureLines, signersOf } from "./note.ts";
import { cosignatureName } from "./places.ts";
import { provesConsistency } from "./proof.ts";
import { newestCheckpoint, readPointer } from "./stored.ts";
import { TiledTree } from "./tiled-tree.ts";

/** What a witness remembers: the head that it cosigned last. It is all that a fork is measured by. */
export interface WitnessMemory {
  read(): Promise<TreeHead | undefined>;
  /** Durable when the promise resolves. */
  write(head: TreeHead): Promise<void>;
}

export interface WitnessPorts {
  readonly store: RecordStore;
  readonly clock: Clock;
  /** An Ed25519 key of the witness's own. */
  readonly signer: Signer;
  /** The same key as the trust file names it, of the type of cosignatures. */
  readonly key: VerifierKey;
  readonly logKeys: readonly VerifierKey[];
  /** Held by this process alone while it runs. */
  readonly memory: WitnessMemory;
}

export interface Witnessed {
  readonly head: TreeHead;
  /** Of the head that was cosigned before; `undefined` at the first. */
  readonly before: TreeHead | undefined;
  /** Whether this run made a cosignature: not where the head was cosigned already. */
  readonly cosigned: boolean;
}

/**
 * Cosigns the newest checkpoint, if it continues the one that was cosigned last. Whether its leaves are the objects of the
 * bucket is for auditors; that two readers are never shown two logs is what a witness sees to.
 * @returns `undefined` where the log has no checkpoint yet
 * @throws JitError `WITNESS_UNSIGNED` (no log key's), `WITNESS_SHRUNK` (a smaller log than before), `WITNESS_FORKED`
 * (another log than before), `WITNESS_TAKEN` (something else stands where the cosignature belongs); those of the store
 */
export async function witness(ports: WitnessPorts): Promise<Witnessed | undefined> {
  const { store, logKeys, memory } = ports;
  const before = await memory.read();
  const checkpoint = await newestCheckpoint(store, logKeys);
  if (checkpoint === undefined) {
    if ((await readPointer(store)) !== undefined) {
      throw new JitError(
        "WITNESS_UNSIGNED",
        "the log's checkpoint is signed by no log key of the trust file",
      );
    }
    if (before === undefined) return undefined;
  }
  if (checkpoint === undefined || checkpoint.size < (before?.size ?? 0)) {
    const size = checkpoint?.size ?? 0;
    throw new JitError("WITNESS_SHRUNK", `the log has ${size} entries, and had ${before?.size} before`, {
      hint,
    });
  }
  if (before !== undefined) await refuseFork(store, before, checkpoint);
  const { origin, size, root } = checkpoint;
  const head = { origin, size, root };
  if (before !== undefined && isSameHead(before, head) && (await isCosigned(ports, checkpoint))) {
    return { head, before, cosigned: false };
  }
  // Remembered first: a crash after this costs the next run a cosignature, never a fork that nobody sees.
  await memory.write(head);
  await publish(ports, checkpoint);
  return { head, before, cosigned: true };
}

const hint = "do not cosign by other means: tell whoever keeps the audit bucket, and keep both checkpoints";

async function refuseFork(store: RecordStore, before: TreeHead, now: SignedCheckpoint): Promise<void> {
  const forked = (what: string) =>
    new JitError("WITNESS_FORKED", `this is not the log of before: ${what}`, { hint });
  if (before.origin !== now.origin) throw forked("its origin is another");
  if (before.size === now.size) {
    if (isSameHead(before, now)) return;
    throw forked(`two trees of ${now.size} entries are signed`);
  }
  const proof = await new TiledTree(store, now.size).consistencyProof(before.size);
  if (proof === undefined) throw forked("tiles are missing that would show that it continues it");
  if (!provesConsistency(proof, before, now)) {
    throw forked(`its first ${before.size} entries are others`);
  }
}

async function isCosigned({ store, key }: WitnessPorts, { size, note }: SignedCheckpoint): Promise<boolean> {
  const bytes = await store.read(cosignatureName(size, key.id));
  const signatures = bytes === undefined ? undefined : readSignatureLines(Buffer.from(bytes).toString());
  if (signatures === undefined) return false;
  return (signersOf({ text: note.text, signatures }, [key]) ?? []).length > 0;
}

async function publish(ports: WitnessPorts, checkpoint: SignedCheckpoint): Promise<void> {
  const { store, clock, signer, key } = ports;
  const time = Math.floor(clock.now().getTime() / 1000);
  const line = formatSignature(await cosignNote(checkpoint.note.text, key, signer, time));
  const name = cosignatureName(checkpoint.size, key.id);
  try {
    await store.create(name, Buffer.from(line));
  } catch (error) {
    if (codeOf(error) !== "RECORD_CONFLICT") throw error;
    // A reply that was lost has left a cosignature of an earlier second.
    if (await isCosigned(ports, checkpoint)) return;
    throw new JitError("WITNESS_TAKEN", `something else stands at ${name}`, { hint, cause: error });
  }
}
