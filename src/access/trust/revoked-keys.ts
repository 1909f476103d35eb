import * as v from "valibot";
import { JitError } from "../../error.ts";
import type { RevokedKey, Trust } from "../types.ts";

/** 43 characters of base64url in their one spelling. */
const thumbprintPattern = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/** More keys than an organization loses; it bounds the file. */
const maximumRevoked = 4096;

const revokedKey = v.strictObject({
  thumbprint: v.pipe(v.string(), v.regex(thumbprintPattern, "is no thumbprint of a key")),
  at: v.pipe(v.string(), v.check(isTime, "is no time (yyyy-mm-ddThh:mm:ssZ)")),
  size: v.exactOptional(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
});

/** Sorted, so that one set of revocations has one spelling. */
export const revokedKeys = v.pipe(
  v.array(revokedKey),
  v.minLength(1),
  v.maxLength(maximumRevoked),
  v.check(
    (all) => all.every(({ thumbprint }, i) => i === 0 || (all[i - 1]?.thumbprint ?? "") < thumbprint),
    "is not sorted, or names a key twice",
  ),
);

/** Where and when a record is found. */
export interface Arrival {
  /** Thumbprint of the key that signed. */
  readonly thumbprint: string;
  /** When it arrived, by S3. */
  readonly arrived: Date;
  /** Its index in the tree, where that is known. */
  readonly index?: number | undefined;
}

/** Whether a record came after its key was revoked. What the writer's clock says plays no part. */
export function isRevoked(
  revoked: readonly RevokedKey[] | undefined,
  { thumbprint, arrived, index }: Arrival,
): boolean {
  const found = revoked?.find((one) => one.thumbprint === thumbprint);
  if (found === undefined) return false;
  if (arrived.getTime() >= Date.parse(found.at)) return true;
  return found.size !== undefined && index !== undefined && index >= found.size;
}

/** For finding what there is, and not what is to be believed: sessions to end, texts to erase. */
export function withoutRevocations<T extends Pick<Trust, "revokedKeys">>(trust: T | undefined) {
  return trust && { ...trust, revokedKeys: [] };
}

/**
 * Whether this machine may go on signing with its key: what it wrote would count for nothing.
 * @throws JitError `KEY_REVOKED`
 */
export function refuseRevokedKey(trust: Trust | undefined, thumbprint: string, now: Date): void {
  if (!isRevoked(trust?.revokedKeys, { thumbprint, arrived: now })) return;
  throw new JitError("KEY_REVOKED", `this machine's signing key was revoked (${thumbprint})`, {
    hint: "ask your security team why; then `jit keys rotate` gives this machine a new one",
  });
}

/** The revocations of a next trust file: one more; of a key that is revoked already, the earlier limits stay. */
export function withRevoked(
  revoked: readonly RevokedKey[] | undefined,
  added: RevokedKey,
): readonly RevokedKey[] {
  const before = revoked?.find(({ thumbprint }) => thumbprint === added.thumbprint);
  const at = before !== undefined && before.at < added.at ? before.at : added.at;
  const sizes = [before?.size, added.size].filter((size) => size !== undefined);
  const one: RevokedKey = {
    thumbprint: added.thumbprint,
    at,
    ...(sizes.length === 0 ? {} : { size: Math.min(...sizes) }),
  };
  const others = (revoked ?? []).filter(({ thumbprint }) => thumbprint !== added.thumbprint);
  return [...others, one].sort((a, b) => (a.thumbprint < b.thumbprint ? -1 : 1));
}

/** A key that was revoked, and that the next version does not name any more. */
export function forgottenKey(before: Trust, after: Trust): string | undefined {
  const named = new Set((after.revokedKeys ?? []).map(({ thumbprint }) => thumbprint));
  return before.revokedKeys?.find(({ thumbprint }) => !named.has(thumbprint))?.thumbprint;
}

function isTime(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text)) return false;
  const time = new Date(text);
  return !Number.isNaN(time.getTime()) && `${time.toISOString().slice(0, 19)}Z` === text;
}
