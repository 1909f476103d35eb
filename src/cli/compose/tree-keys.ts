import { join } from "node:path";
import {
  cosignature,
  noteSignature,
  type VerifierKey,
  verifierKey,
} from "../../access/trust/verifier-key.ts";
import type { PublicJwk } from "../../access/types.ts";
import type { Signer } from "../../audit/ports.ts";
import type { WitnessMemory } from "../../audit/tree/witness.ts";
import { JitError } from "../../error.ts";
import { ownDirectory, readPrivate, writePrivate } from "../../local/files.ts";
import { segmentOf } from "../../local/paths.ts";

/** The verifier key of an Ed25519 key under a name. @throws JitError `KEY_ALGORITHM` */
export function namedKey(name: string, isWitness: boolean, publicKey: PublicJwk): VerifierKey {
  if (publicKey.kty !== "OKP") {
    throw new JitError("KEY_ALGORITHM", "logs and witnesses sign with Ed25519 keys alone");
  }
  return verifierKey(name, isWitness ? cosignature : noteSignature, Buffer.from(publicKey.x, "base64url"));
}

/**
 * What the trust file calls a signer's key.
 * @param named file or ARN, for the error
 * @throws JitError `TREE_KEY_UNKNOWN` where the trust file does not name it
 */
export function openTreeKey(
  signer: Signer,
  named: string,
  keys: readonly VerifierKey[],
  whose: "log" | "witness",
): { readonly signer: Signer; readonly key: VerifierKey } {
  const key = keys.find((one) => Buffer.from(one.key).toString("base64url") === signer.publicKey.x);
  if (key !== undefined) return { signer, key };
  throw new JitError("TREE_KEY_UNKNOWN", `the trust file names no ${whose} with the key ${named}`, {
    hint: `an administrator adds it: jit trust key NAME --key FILE${whose === "witness" ? " --witness" : ""}, then jit trust update`,
  });
}

/** Where a witness remembers what it cosigned, unless told. */
export function witnessFile(state: string, fingerprint: string): string {
  return join(state, "witness", `${segmentOf(fingerprint)}.json`);
}

/** @throws JitError `WITNESS_MEMORY` where the file is damaged: whoever repairs it decides what is believed */
export function witnessMemory(path: string): WitnessMemory {
  return {
    async read() {
      const bytes = readPrivate(path);
      if (bytes === undefined) return undefined;
      const { origin, size, root } = fieldsOf(bytes);
      const hash = typeof root === "string" ? Buffer.from(root, "base64") : undefined;
      if (typeof origin === "string" && isSize(size) && hash?.length === 32)
        return { origin, size, root: hash };
      throw new JitError("WITNESS_MEMORY", `${path} does not say what was cosigned last`, {
        hint: "take it from a backup: without it a forked log would not show",
      });
    },
    async write({ origin, size, root }) {
      ownDirectory(join(path, ".."));
      const text = JSON.stringify({ origin, size, root: Buffer.from(root).toString("base64") });
      writePrivate(path, `${text}\n`);
    },
  };
}

function isSize(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function fieldsOf(bytes: Uint8Array): Readonly<Partial<Record<string, unknown>>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString());
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
