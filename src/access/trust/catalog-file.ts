import { codeOf, JitError } from "../../error.ts";
import type { Trust } from "../types.ts";
import { addSignature, type GeneralSigner, readGeneral, signGeneral, verifyGeneral } from "./jws.ts";

const type = "jit-catalog+jws";

/**
 * A signed catalog, `jit.yaml.jws`: the YAML's bytes as they are, and one signature.
 */
export async function signCatalog(yaml: Uint8Array, signer: GeneralSigner): Promise<Uint8Array> {
  return await signGeneral(type, yaml, signer);
}

/**
 * The same catalog with one signature more.
 * @throws JitError `CATALOG_UNSIGNED` where the file is no signed catalog
 */
export async function addCatalogSignature(file: Uint8Array, signer: GeneralSigner): Promise<Uint8Array> {
  readSignedCatalog(file);
  return await addSignature(type, file, signer);
}

/**
 * The YAML within and who is said to have signed it (thumbprints). No signature is looked at: for showing a file,
 * and for signing it, never for believing it.
 * @throws JitError `CATALOG_UNSIGNED` where the file is no signed catalog
 */
export function readSignedCatalog(file: Uint8Array): {
  readonly yaml: Uint8Array;
  readonly claimed: readonly string[];
} {
  try {
    const { payload, signatures } = readGeneral(type, file);
    return { yaml: payload, claimed: signatures.map(({ kid }) => kid) };
  } catch (cause) {
    throw unsigned(cause);
  }
}

/**
 * The YAML of a catalog that the threshold of the trust file's administrators signed.
 * @throws JitError `CATALOG_UNSIGNED` where the file is no signed catalog, `CATALOG_SIGNATURE_INVALID`, which says how
 * many of how many signed
 */
export function verifyCatalogFile(file: Uint8Array, trust: Trust): Uint8Array {
  const keys = trust.administrators.map(({ key }) => key);
  try {
    return verifyGeneral(type, file, keys, trust.threshold).payload;
  } catch (cause) {
    if (codeOf(cause) === "JWS_INVALID") throw unsigned(cause);
    const why = cause instanceof Error ? cause.message : "it cannot be verified";
    throw new JitError("CATALOG_SIGNATURE_INVALID", `the catalog's signatures do not count: ${why}`, {
      hint: "an administrator of the trust file's newest version must run `jit catalog sign`",
      cause,
    });
  }
}

function unsigned(cause: unknown): JitError {
  return new JitError("CATALOG_UNSIGNED", "the catalog's signed file is no signed catalog", {
    hint: "an administrator must run `jit catalog sign`",
    cause,
  });
}
