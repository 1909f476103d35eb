import type { VerifierKey } from "../../access/trust/verifier-key.ts";
import type { Hash } from "./merkle.ts";
import { readNote, signersOf, type UnverifiedNote } from "./note.ts";

/** C2SP tlog-checkpoint. */

/** A tree's head. */
export interface TreeHead {
  readonly origin: string;
  /** Number of leaves. */
  readonly size: number;
  readonly root: Hash;
}

/** A checkpoint that a log key signed. */
export interface SignedCheckpoint extends TreeHead {
  readonly note: UnverifiedNote;
  readonly signedBy: VerifierKey;
}

/** The text of a note; the log's own have no extension lines. */
export function formatTreeHead({ origin, size, root }: TreeHead): string {
  return `${origin}\n${size}\n${Buffer.from(root).toString("base64")}\n`;
}

/** The head in a note's text, extension lines passed over, or `undefined`. */
export function readTreeHead(text: string): TreeHead | undefined {
  if (!text.endsWith("\n")) return undefined;
  const [origin = "", size = "", encoded = "", ...extensions] = text.slice(0, -1).split("\n");
  const root = Buffer.from(encoded, "base64");
  const good =
    origin !== "" &&
    /^(0|[1-9][0-9]{0,15})$/.test(size) &&
    Number.isSafeInteger(Number(size)) &&
    root.length === 32 &&
    root.toString("base64") === encoded &&
    extensions.every((line) => line !== "");
  return good ? { origin, size: Number(size), root } : undefined;
}

/** A checkpoint that one of the log's keys signed, under the origin that is its name; else `undefined`. */
export function readCheckpoint(
  bytes: Uint8Array,
  logKeys: readonly VerifierKey[],
): SignedCheckpoint | undefined {
  const note = readNote(bytes);
  const head = note === undefined ? undefined : readTreeHead(note.text);
  if (note === undefined || head === undefined) return undefined;
  const [signer] = signersOf(note, logKeys) ?? [];
  return signer?.key.name === head.origin ? { ...head, note, signedBy: signer.key } : undefined;
}

/** Whether two heads are of one tree. */
export function isSameHead(one: TreeHead, other: TreeHead): boolean {
  return one.origin === other.origin && one.size === other.size && Buffer.compare(one.root, other.root) === 0;
}
