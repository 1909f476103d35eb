import { type KeyObject, verify } from "node:crypto";
import { importPublicKey } from "../../access/jwk.ts";
import { readEnvelope, signatureFault, type UnverifiedRecord } from "../envelope.ts";
import { type JudgedRecord, judgedMembers } from "../judged.ts";
import type { AuditRecord } from "../types.ts";
import type { Checkable, CheckedRecord, WriterKey } from "./checker.ts";

/** What goes to whoever checks a batch: plain values and buffers, that a thread can be sent. */
export interface Batch {
  readonly id: number;
  /** Keys that it was not told of yet, by the numbers that `writers` gives them. */
  readonly keys: readonly { readonly number: number; readonly key: WriterKey }[];
  /** All records, one after the other. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each ends. */
  readonly ends: Uint32Array<ArrayBuffer>;
  /** Whose each is to be. */
  readonly writers: Uint32Array<ArrayBuffer>;
}

/** What comes back: JSON in UTF-8: it is read faster than objects are cloned, and what it was made of need not live as long. */
export interface BatchResult {
  readonly id: number;
  readonly checked: Uint8Array<ArrayBuffer>;
}

/** A checked record without what the asker knows: the log, and `by` where it is the writer's. */
type Told = { readonly sha256: string; readonly record: Partial<JudgedRecord> } | null;

const encoder = new TextEncoder();

/** Writes batches for one checker, which is told each key once, and reads what comes back. */
export class BatchWriter {
  readonly #log: string;
  readonly #numbers = new Map<WriterKey, number>();
  #next = 0;

  /** @param log the fingerprint that records must name */
  constructor(log: string) {
    this.#log = log;
  }

  write(records: readonly Checkable[]): Batch {
    const keys: { readonly number: number; readonly key: WriterKey }[] = [];
    const ends = new Uint32Array(records.length);
    const writers = new Uint32Array(records.length);
    const bytes = new Uint8Array(records.reduce((sum, one) => sum + one.bytes.length, 0));
    let end = 0;
    for (const [at, record] of records.entries()) {
      let number = this.#numbers.get(record.writer);
      if (number === undefined) {
        number = this.#numbers.size;
        this.#numbers.set(record.writer, number);
        keys.push({ number, key: record.writer });
      }
      bytes.set(record.bytes, end);
      end += record.bytes.length;
      ends[at] = end;
      writers[at] = number;
    }
    return { id: this.#next++, keys, bytes, ends, writers };
  }

  read(records: readonly Checkable[], { checked }: BatchResult): readonly (CheckedRecord | undefined)[] {
    const told = JSON.parse(
      Buffer.from(checked.buffer, checked.byteOffset, checked.length).toString(),
    ) as readonly Told[];
    return records.map(({ writer }, at) => {
      const one = told[at];
      if (one === null || one === undefined) return undefined;
      const record = Object.assign(one.record, {
        log: this.#log,
        by: one.record.by ?? writer.by,
      }) as JudgedRecord;
      return { isChecked: true, record, kid: writer.thumbprint, sha256: one.sha256 };
    });
  }
}

/**
 * Whether a signature is plainly good: Ed25519 as RFC 8032 section 5.1.7. What it refuses is checked once more elsewhere, so it
 * may refuse more than `node:crypto` does, and must accept nothing that `node:crypto` refuses.
 * @param publicKey 32 bytes
 */
export type VerifyEd25519 = (signed: Uint8Array, signature: Uint8Array, publicKey: Uint8Array) => boolean;

interface ImportedKey extends WriterKey {
  readonly object: KeyObject;
  /** Of an Ed25519 key, its 32 bytes. */
  readonly bytes: Uint8Array;
}

/** Checks the batches of one `BatchWriter`. */
export class BatchChecker {
  readonly #log: string;
  readonly #verifyEd25519: VerifyEd25519 | undefined;
  readonly #keys = new Map<number, ImportedKey>();

  /** @param verifyEd25519 left out: `node:crypto` */
  constructor(log: string, verifyEd25519?: VerifyEd25519) {
    this.#log = log;
    this.#verifyEd25519 = verifyEd25519;
  }

  check({ id, keys, bytes, ends, writers }: Batch): BatchResult {
    for (const { number, key } of keys) {
      const imported = { object: importPublicKey(key.jwk), bytes: Buffer.from(key.jwk.x, "base64url") };
      this.#keys.set(number, { ...key, ...imported });
    }
    // What is told of a record is shorter than it: members of its payload, which is spelt with a third more there, and a digest.
    const checked = new Uint8Array(bytes.length + ends.length * "null,".length + "[]".length);
    let length = 0;
    const write = (text: string): void => {
      const { read, written } = encoder.encodeInto(text, checked.subarray(length));
      if (read < text.length) throw new RangeError("what is told of a batch is longer than the batch");
      length += written;
    };
    let start = 0;
    for (const [at, end] of ends.entries()) {
      const record = bytes.subarray(start, end);
      start = end;
      const key = this.#keys.get(writers[at] ?? -1);
      const told = (key === undefined ? undefined : this.#one(record, key)) ?? "null";
      write(`${at === 0 ? "[" : ","}${told}`);
    }
    write(ends.length === 0 ? "[]" : "]");
    return { id, checked: checked.subarray(0, length) };
  }

  /** @returns a `Told` in JSON */
  #one(bytes: Uint8Array, key: ImportedKey) {
    const { jwk, thumbprint, by } = key;
    const opened = readEnvelope(bytes);
    if (!opened.ok || opened.kid !== thumbprint || opened.record.log !== this.#log) return undefined;
    if (signatureFault(opened, jwk) !== undefined) return undefined;
    if (!this.#isSigned(opened, key)) return undefined;
    const judged = opened.judged ?? judgedText(opened.record);
    const own = opened.record.by;
    const isBy = own.arn === by.arn && own.userid === by.userid && own.account === by.account;
    const other = isBy ? "" : `,"by":${JSON.stringify(own)}`;
    return `{"sha256":"${opened.sha256}","record":{${judged}${other}}}`;
  }

  #isSigned({ algorithm, signed, signature }: UnverifiedRecord, { object, bytes }: ImportedKey): boolean {
    // A key by itself is looked at once; in an object, again for every signature.
    if (algorithm === "ES256")
      return verify("sha256", signed, { key: object, dsaEncoding: "ieee-p1363" }, signature);
    return this.#verifyEd25519?.(signed, signature, bytes) ?? verify(null, signed, object, signature);
  }
}

function judgedText(record: AuditRecord): string {
  const { log: _, by: __, ...members } = judgedMembers(record);
  return JSON.stringify(members).slice(1, -1);
}
