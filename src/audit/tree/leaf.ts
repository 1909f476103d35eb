import { canonicalJson, parseStrictJson } from "../../access/canonical.ts";
import { isSha256Hex } from "../../access/digest.ts";
import { isTime } from "../time.ts";

/** One version of one object under the records' prefix, as the sealer found it. Frozen: trees are made of these. */
export interface Leaf {
  /** The object's name; hostile text where it breaks the grammar. */
  readonly key: string;
  readonly versionId: string;
  /** Of the object's bytes; `-` where they were not read. */
  readonly sha256: string;
  /** When S3 took it. */
  readonly serverTime: string;
  /** Until when Object Lock keeps it in COMPLIANCE mode; `-` where it does not. */
  readonly lockedUntil: string;
  /** What is wrong with its name, form or version: a finding's code; `-` where nothing is. Its signature was not looked at. */
  readonly fault: string;
}

/** An entry of the tree: RFC 8785 canonical JSON of a leaf. */
export function writeLeaf({ key, versionId, sha256, serverTime, lockedUntil, fault }: Leaf): Uint8Array {
  return canonicalJson({ key, versionId, sha256, serverTime, lockedUntil, fault });
}

/** A leaf in its one spelling, or `undefined`. */
export function readLeaf(entry: Uint8Array): Leaf | undefined {
  return readPlainLeaf(entry) ?? readAnyLeaf(entry);
}

/** Nearly all leaves: canonical JSON without an escape or a character beyond ASCII has one form. */
const plain =
  /^\{"fault":"(-|[A-Z][A-Z0-9_]{0,63})","key":"(v1\/rec\/[ !#-[\]-~]*)","lockedUntil":"([^"]*)","serverTime":"([^"]*)","sha256":"(-|[0-9a-f]{64})","versionId":"([ !#-[\]-~]+)"\}$/;

function readPlainLeaf(entry: Uint8Array): Leaf | undefined {
  const text = Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength).toString("latin1");
  const parts = plain.exec(text);
  if (parts === null) return undefined;
  const [, fault = "", key = "", lockedUntil = "", serverTime = "", sha256 = "", versionId = ""] = parts;
  if (!isTime(serverTime) || (lockedUntil !== "-" && !isTime(lockedUntil))) return undefined;
  return { key, versionId, sha256, serverTime, lockedUntil, fault };
}

function readAnyLeaf(entry: Uint8Array): Leaf | undefined {
  const value = jsonOf(entry);
  if (typeof value !== "object" || value === null) return undefined;
  const { key, versionId, sha256, serverTime, lockedUntil, fault } = value as Partial<
    Record<string, unknown>
  >;
  if (typeof key !== "string" || typeof versionId !== "string" || typeof sha256 !== "string")
    return undefined;
  if (typeof serverTime !== "string" || typeof lockedUntil !== "string" || typeof fault !== "string") {
    return undefined;
  }
  const leaf = { key, versionId, sha256, serverTime, lockedUntil, fault };
  const good =
    key.startsWith("v1/rec/") &&
    versionId !== "" &&
    (sha256 === "-" || isSha256Hex(sha256)) &&
    isTime(serverTime) &&
    (lockedUntil === "-" || isTime(lockedUntil)) &&
    /^(-|[A-Z][A-Z0-9_]{0,63})$/.test(fault) &&
    Buffer.compare(writeLeaf(leaf), entry) === 0;
  return good ? leaf : undefined;
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return parseStrictJson(bytes);
  } catch {
    return undefined;
  }
}
