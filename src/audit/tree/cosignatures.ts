import type { VerifierKey } from "../../access/trust/verifier-key.ts";
import type { RecordStore } from "../ports.ts";
import type { SignedCheckpoint } from "./checkpoint.ts";
import { type NoteSignature, readSignatureLines, signersOf, type Verified } from "./note.ts";
import { cosignaturesPrefix } from "./places.ts";

/** More than there are witnesses; the rest of a folder is not looked at. */
const maximumFiles = 64;

/** A checkpoint with the good cosignatures that its note has, or that lie beside it, and no other signature but the log's. */
export interface Cosigned {
  readonly checkpoint: SignedCheckpoint;
  /** By whom and when; each witness once. */
  readonly cosigners: readonly Verified[];
}

/** Reads what lies beside a checkpoint. What is wrong counts for nothing, and spoils nothing. */
export async function readCosigned(
  store: Pick<RecordStore, "list" | "read">,
  checkpoint: SignedCheckpoint,
  witnesses: readonly VerifierKey[],
): Promise<Cosigned> {
  const signatures: NoteSignature[] = [...checkpoint.note.signatures];
  let files = 0;
  for await (const { key } of store.list(cosignaturesPrefix(checkpoint.size))) {
    if (++files > maximumFiles) break;
    const bytes = await store.read(key);
    signatures.push(
      ...(bytes === undefined ? [] : (readSignatureLines(Buffer.from(bytes).toString()) ?? [])),
    );
  }
  return cosignedBy(checkpoint, signatures, witnesses);
}

/** @param signatures all that are said to be of this checkpoint */
export function cosignedBy(
  checkpoint: SignedCheckpoint,
  signatures: readonly NoteSignature[],
  witnesses: readonly VerifierKey[],
): Cosigned {
  const { text } = checkpoint.note;
  const good = new Map<VerifierKey, { readonly by: Verified; readonly signature: NoteSignature }>();
  for (const signature of signatures) {
    const [by] = signersOf({ text, signatures: [signature] }, witnesses) ?? [];
    if (by?.time !== undefined && !good.has(by.key)) good.set(by.key, { by, signature });
  }
  const { name, id } = checkpoint.signedBy;
  const own = checkpoint.note.signatures.filter((one) => one.name === name && one.id === id).slice(0, 1);
  const note = { text, signatures: [...own, ...[...good.values()].map(({ signature }) => signature)] };
  return { checkpoint: { ...checkpoint, note }, cosigners: [...good.values()].map(({ by }) => by) };
}
