import type { Hash } from "./merkle.ts";

/** C2SP tlog-proof: that an entry is in a log, without the entry. */
export interface TlogProof {
  readonly index: number;
  /** RFC 6962, section 2.1.1. */
  readonly hashes: readonly Hash[];
  /** A checkpoint's note, with cosignatures. */
  readonly checkpoint: Uint8Array;
}

const head = "c2sp.org/tlog-proof@v1\n";
/** A tree of 2^53 leaves has no longer proof. */
const maximumHashes = 64;

export function formatTlogProof({ index, hashes, checkpoint }: TlogProof): string {
  const lines = hashes.map((hash) => `${Buffer.from(hash).toString("base64")}\n`);
  return `${head}index ${index}\n${lines.join("")}\n${Buffer.from(checkpoint).toString()}`;
}

/** A proof in its one spelling, a line of extra data passed over; else `undefined`. */
export function readTlogProof(text: string): TlogProof | undefined {
  const blank = text.indexOf("\n\n");
  if (!text.startsWith(head) || blank < 0) return undefined;
  const lines = text.slice(head.length, blank).split("\n");
  const extra = lines[0]?.startsWith("extra ") === true ? base64(lines.shift()?.slice(6)) : Buffer.of(0);
  const [, digits] = /^index (0|[1-9][0-9]{0,15})$/.exec(lines.shift() ?? "") ?? [];
  const index = Number(digits);
  const hashes = lines.map(base64);
  const good = hashes.filter((hash) => hash?.length === 32).filter((hash) => hash !== undefined);
  const isRight =
    extra !== undefined &&
    digits !== undefined &&
    Number.isSafeInteger(index) &&
    good.length === hashes.length &&
    good.length <= maximumHashes;
  return isRight ? { index, hashes: good, checkpoint: Buffer.from(text.slice(blank + 2)) } : undefined;
}

function base64(text: string | undefined): Buffer | undefined {
  const bytes = Buffer.from(text ?? "", "base64");
  return bytes.length > 0 && bytes.toString("base64") === text ? bytes : undefined;
}
