import type { Identity, PublicJwk } from "../../access/types.ts";
import type { JudgedRecord } from "../judged.ts";

/** A key as its `enrol` record brings it, whether that counts or not. */
export interface WriterKey {
  readonly jwk: PublicJwk;
  /** RFC 7638, of `jwk`. */
  readonly thumbprint: string;
  readonly by: Identity;
}

/** Bytes that are to be a record by a key. */
export interface Checkable {
  readonly bytes: Uint8Array;
  readonly writer: WriterKey;
}

/** A record of one spelling, of this log, with a good signature by the key that it was checked by. */
export interface CheckedRecord {
  readonly isChecked: true;
  readonly record: JudgedRecord;
  /** Thumbprint of that key. */
  readonly kid: string;
  readonly sha256: string;
}

/**
 * Opens records and checks their signatures, many at once and perhaps on other cores: what can be said of bytes and a key
 * alone. Whether that key counts, and all else, is for the caller.
 */
export interface RecordChecker {
  /** Calls that keep all cores at work. */
  readonly parallel: number;
  /** `undefined` for what is anything but a good record, in any way: what is wrong with it must be asked of it by itself. */
  check(batch: readonly Checkable[]): Promise<readonly (CheckedRecord | undefined)[]>;
  close(): Promise<void>;
}
