import { sha256Hex } from "../access/digest.ts";
import type { Random } from "../audit/ports.ts";
import { makeNonce } from "../audit/signer.ts";
import type { SealedText } from "../audit/types.ts";

/** The texts of a justification that are personal data, as they lie in the catalog's `reasons` location. */
export interface ReasonTexts {
  readonly reason: string;
  readonly ticket: string | undefined;
}

/** The place of reasons and tickets that can be deleted, where the catalog names one. */
export interface ReasonStore {
  /**
   * Keeps the texts of a request. Durable when the promise resolves; fails as `RecordStore` does.
   * @param location `s3://bucket/prefix/`
   * @param request the request's id
   */
  write(location: string, request: string, texts: ReasonTexts): Promise<void>;
  /** The texts of a request: `absent` where there are none any more, `denied` to who may not read them. */
  read(location: string, request: string): Promise<ReasonTexts | "absent" | "denied">;
  /**
   * Deletes the texts of a request, every version of them and every mark that they were deleted.
   * @returns how many versions there were; 0 where there was nothing
   * @throws JitError `REASONS_DENIED`, else as `RecordStore`
   */
  erase(location: string, request: string): Promise<number>;
  /** Requests that have texts there, deleted ones whose versions are still there included. */
  list(location: string): AsyncIterable<string>;
}

/** What stands in the record in place of a text: SHA-256(salt ‖ text), the salt as its 22 ASCII characters. */
export function sealText(text: string, random: Random): SealedText {
  const salt = makeNonce(random);
  return { sha256: digest(salt, text), salt };
}

/** Whether the record's text, or the digest in its place, is of this text. */
export function isTextOf(sealed: SealedText, text: string): boolean {
  return "text" in sealed ? sealed.text === text : sealed.sha256 === digest(sealed.salt, text);
}

/** Whether texts that lie apart are those of the record. */
export function areTextsOf(
  record: { readonly reason: SealedText; readonly ticket: SealedText | "-" },
  { reason, ticket }: ReasonTexts,
): boolean {
  const sameTicket =
    record.ticket === "-" ? ticket === undefined : ticket !== undefined && isTextOf(record.ticket, ticket);
  return sameTicket && isTextOf(record.reason, reason);
}

function digest(salt: string, text: string): string {
  return sha256Hex(new TextEncoder().encode(salt + text));
}
