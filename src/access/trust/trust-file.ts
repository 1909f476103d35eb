import { codeOf, JitError } from "../../error.ts";
import { canonicalJson } from "../canonical.ts";
import { sha256Hex } from "../digest.ts";
import type { Trust } from "../types.ts";
import { addSignature, type GeneralSigner, readGeneral, signGeneral, verifyGeneral } from "./jws.ts";
import { checkTrust, parseTrust } from "./parse.ts";
import { forgottenKey } from "./revoked-keys.ts";

/** What administrators decide; the rest of a trust file follows from the version before. */
export type TrustContent = Pick<Trust, "organization" | "threshold" | "administrators"> &
  Partial<Omit<Trust, "v" | "version" | "previous">>;

const type = "jit-trust+jws";

/**
 * The next version of a trust file, or the first. What `content` does not name is empty, not taken over.
 * @throws JitError `TRUST_INVALID`, `TRUST_BROKEN_CHAIN` where the organization has another name
 */
export function makeTrust(content: TrustContent, previous?: Trust): Trust {
  if (previous !== undefined && previous.organization !== content.organization) {
    throw brokenChain("the organization's name is not that of the version before");
  }
  return checkTrust({
    logKeys: [],
    witnesses: [],
    tokenIssuers: [],
    sessionNameRoles: [],
    refusePathOnly: false,
    ...content,
    v: 1,
    version: (previous?.version ?? 0) + 1,
    previous: previous === undefined ? "-" : trustDigest(previous),
  });
}

/**
 * SHA-256 of a version's payload, its canonical JSON without signatures: of version 1 this is the organization's
 * fingerprint, of any version what the next one has as `previous`. Signatures that are added later do not change it.
 */
export function trustDigest(trust: Trust): string {
  return sha256Hex(canonicalJson(trust));
}

/**
 * A trust file with one signature.
 * @throws JitError `TRUST_INVALID`
 */
export async function signTrust(trust: Trust, signer: GeneralSigner): Promise<Uint8Array> {
  return await signGeneral(type, canonicalJson(checkTrust(trust)), signer);
}

/**
 * The same trust file with one signature more.
 * @throws JitError `TRUST_INVALID`
 */
export async function addTrustSignature(file: Uint8Array, signer: GeneralSigner): Promise<Uint8Array> {
  readTrust(file);
  return await addSignature(type, file, signer);
}

/**
 * What a trust file says and who is said to have signed it (thumbprints). No signature is looked at: for showing
 * a file, and for signing it, never for believing it.
 * @throws JitError `TRUST_INVALID`
 */
export function readTrust(file: Uint8Array): { readonly trust: Trust; readonly claimed: readonly string[] } {
  const { payload, signatures } = read(file);
  return { trust: parseTrust(payload), claimed: signatures.map(({ kid }) => kid) };
}

/**
 * The newest version of a chain whose first is the pinned one. Each version is signed by the threshold of its own
 * administrators, and each but the first by the threshold of those of the version before, too.
 * @param files versions 1 to n, in order
 * @param fingerprint pinned; SHA-256 of the payload of version 1
 * @throws JitError `TRUST_INVALID` (form), `TRUST_FINGERPRINT` (the first is not the pinned one),
 * `TRUST_BROKEN_CHAIN` (a gap, another predecessor, another organization, or a revoked key that is no longer named), `TRUST_SIGNATURE_INVALID` (which says how
 * many of how many signed)
 */
export function verifyTrustChain(files: readonly Uint8Array[], fingerprint: string): Trust {
  const newest = verifyTrustVersions(files, fingerprint).at(-1);
  if (newest === undefined) throw new JitError("TRUST_INVALID", "there is no trust file");
  return newest;
}

/** All versions of a chain, in order, verified as `verifyTrustChain` does. */
export function verifyTrustVersions(files: readonly Uint8Array[], fingerprint: string): readonly Trust[] {
  const versions: Trust[] = [];
  for (const file of files) {
    const { payload } = read(file);
    const newest = versions.at(-1);
    if (newest === undefined && sha256Hex(payload) !== fingerprint) {
      throw new JitError("TRUST_FINGERPRINT", "the first trust file is not the one that is pinned", {
        hint: "ask an administrator for the right LOCATION#FINGERPRINT, and run `jit use` again",
      });
    }
    const trust = parseTrust(payload);
    refuseBrokenLink(trust, newest);
    refuseUnsigned(file, trust, trust);
    if (newest !== undefined) refuseUnsigned(file, trust, newest);
    versions.push(trust);
  }
  return versions;
}

function refuseBrokenLink(trust: Trust, previous: Trust | undefined): void {
  const expected = (previous?.version ?? 0) + 1;
  if (trust.version !== expected) {
    throw brokenChain(`version ${trust.version} stands where ${expected} must`);
  }
  if (previous === undefined) return;
  if (trust.previous !== trustDigest(previous)) {
    throw brokenChain(`version ${trust.version} does not follow the one before`);
  }
  if (trust.organization !== previous.organization) {
    throw brokenChain(`version ${trust.version} is of another organization`);
  }
  const forgotten = forgottenKey(previous, trust);
  if (forgotten !== undefined) {
    throw brokenChain(`version ${trust.version} no longer says that the key ${forgotten} is revoked`);
  }
}

/** @param by the version whose administrators must have signed */
function refuseUnsigned(file: Uint8Array, trust: Trust, by: Trust): void {
  try {
    verifyGeneral(
      type,
      file,
      by.administrators.map(({ key }) => key),
      by.threshold,
    );
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "it cannot be verified";
    const whose = `the administrators of version ${by.version}`;
    throw new JitError("TRUST_SIGNATURE_INVALID", `trust file ${trust.version}, ${whose}: ${why}`, { cause });
  }
}

function read(file: Uint8Array): ReturnType<typeof readGeneral> {
  try {
    return readGeneral(type, file);
  } catch (cause) {
    if (codeOf(cause) !== "JWS_INVALID") throw cause;
    throw new JitError("TRUST_INVALID", "the trust file is no signed trust file", { cause });
  }
}

function brokenChain(message: string): JitError {
  return new JitError("TRUST_BROKEN_CHAIN", message);
}
