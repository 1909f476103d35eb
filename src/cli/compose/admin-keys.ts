import { readFileSync } from "node:fs";
import { parsePublicJwk } from "../../access/jwk.ts";
import type { PublicJwk } from "../../access/types.ts";
import type { Signer } from "../../audit/ports.ts";
import { generateKey, localSigner, type PrivateJwk } from "../../audit/signer.ts";
import { codeOf, JitError } from "../../error.ts";
import { createPrivate, readPrivate } from "../../local/files.ts";

/** Administrators' keys: private JWKs in files that only their owner can read. */

/** @throws JitError `KEY_FILE` where it cannot be read or is no private JWK, `LOCAL_UNSAFE` */
export function readAdminKey(path: string): Signer {
  const bytes = readPrivate(path);
  if (bytes === undefined)
    throw new JitError("KEY_FILE", `there is no key at ${path}`, { hint: "name it with --key" });
  const value = jsonOf(bytes, path);
  if (typeof value !== "object" || value === null || !("d" in value) || typeof value.d !== "string") {
    throw new JitError("KEY_FILE", `${path} holds no private key (JWK)`);
  }
  const { d, ...rest } = value;
  return localSigner({ ...parsePublicJwk(rest), d } as PrivateJwk);
}

/**
 * Makes a key; a file that is there is never overwritten.
 * @param use may refuse by throwing: no file is written then
 */
export function createAdminKey(path: string, use: (signer: Signer) => void = () => undefined): Signer {
  const key = generateKey();
  use(localSigner(key));
  if (!createPrivate(path, `${JSON.stringify(key)}\n`)) {
    throw new JitError("KEY_FILE", `${path} is there already`, { hint: "name another file with --key" });
  }
  return localSigner(key);
}

/** @throws JitError `KEY_FILE` */
export function readPublicKey(path: string): PublicJwk {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new JitError("KEY_FILE", `cannot read ${path} (${codeOf(error) ?? "unknown"})`);
  }
  const value = jsonOf(bytes, path);
  if (typeof value === "object" && value !== null && "d" in value) {
    throw new JitError("KEY_FILE", `${path} holds a private key`, {
      hint: "ask its owner for the public half alone",
    });
  }
  return parsePublicJwk(value);
}

function jsonOf(bytes: Uint8Array, path: string): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    throw new JitError("KEY_FILE", `${path} is no JSON`);
  }
}
