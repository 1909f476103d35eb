import * as v from "valibot";
import { canonicalJson, parseStrictJson } from "../../access/canonical.ts";
import { type GeneralSigner, readGeneral, signGeneral, verifyGeneral } from "../../access/trust/jws.ts";
import type { PublicJwk } from "../../access/types.ts";
import { isJitError } from "../../error.ts";
import { isThumbprint } from "../key.ts";
import { sha256, text } from "../record-parts.ts";
import { canBeAcknowledged, findingHash } from "./evidence.ts";

/** Below it `<hash of the finding>/<thumbprint of the administrator's key>.jws`, each created once. */
export const acknowledgedPrefix = "v1/acknowledged/";

/** Larger than any acknowledgement. */
export const maximumAcknowledgement = 16 * 1024;

const type = "jit-acknowledgement+jws";

const schema = v.strictObject({
  v: v.literal(1),
  /** The organization's fingerprint. */
  log: sha256,
  code: v.pipe(v.string(), v.regex(/^[A-Z_]{1,64}$/)),
  severity: v.picklist(["invalid", "noise", "notice"]),
  /** Name of the object: hostile text where that breaks the grammar. */
  object: v.pipe(v.string(), v.minLength(1), v.maxLength(1024)),
  about: v.pipe(v.string(), v.minLength(1), v.maxLength(256)),
  evidence: sha256,
  reason: text(1024),
});

/** One administrator's word that a finding is known, and why it may stand. */
export type Acknowledgement = v.InferOutput<typeof schema>;

/** Name of the object that a key's acknowledgement of a finding is. */
export function acknowledgementName(hash: string, thumbprint: string): string {
  return `${acknowledgedPrefix}${hash}/${thumbprint}.jws`;
}

/** Which finding and whose key a name tells, or `undefined` where it is none of ours. */
export function readAcknowledgementName(
  name: string,
): { readonly hash: string; readonly thumbprint: string } | undefined {
  const parts = /^([0-9a-f]{64})\/([A-Za-z0-9_-]{43})\.jws$/.exec(name.slice(acknowledgedPrefix.length));
  const [, hash = "", thumbprint = ""] = parts ?? [];
  return name.startsWith(acknowledgedPrefix) && isThumbprint(thumbprint) ? { hash, thumbprint } : undefined;
}

/** RFC 7515 general serialization with one signature, in canonical JSON, as trust files and catalogs have it. */
export async function signAcknowledgement(said: Acknowledgement, signer: GeneralSigner): Promise<Uint8Array> {
  return await signGeneral(type, canonicalJson(said), signer);
}

/**
 * What an object says that an acknowledgement's name has: `undefined` where it is not in its one spelling, is not what the
 * name tells, or is of what nobody can acknowledge. Its signature is not looked at.
 */
export function readAcknowledgement(name: string, bytes: Uint8Array): Acknowledgement | undefined {
  const place = readAcknowledgementName(name);
  if (place === undefined || bytes.length > maximumAcknowledgement) return undefined;
  try {
    const { payload, signatures } = readGeneral(type, bytes);
    const result = v.safeParse(schema, parseStrictJson(payload), { abortEarly: true });
    if (!result.success || signatures.length !== 1 || signatures[0]?.kid !== place.thumbprint)
      return undefined;
    const said = result.output;
    if (Buffer.compare(canonicalJson(said), payload) !== 0) return undefined;
    return findingHash(said) === place.hash && canBeAcknowledged(said.code) ? said : undefined;
  } catch (error) {
    if (isJitError(error)) return undefined;
    throw error;
  }
}

/** Whether this key signed it. */
export function isSignedBy(bytes: Uint8Array, key: PublicJwk): boolean {
  try {
    verifyGeneral(type, bytes, [key], 1);
    return true;
  } catch (error) {
    if (isJitError(error)) return false;
    throw error;
  }
}
