import { readFileSync } from "node:fs";
import { parsePublicJwk, thumbprint as thumbprintOf } from "../../access/jwk.ts";
import type { PublicJwk, Trust } from "../../access/types.ts";
import type { Signer } from "../../audit/ports.ts";
import { generateKey, localSigner, type PrivateJwk } from "../../audit/signer.ts";
import { codeOf, JitError } from "../../error.ts";
import { createPrivate, readPrivate } from "../../local/files.ts";

/** Administrators' keys: private JWKs in files that only their owner can read. */

/** @throws JitError `KEY_NOT_ADMINISTRATOR` */
export function refuseStranger(trust: Trust, { thumbprint }: Pick<Signer, "thumbprint">): void {
  if (trust.administrators.some(({ key }) => thumbprintOf(key) === thumbprint)) return;
  throw new JitError("KEY_NOT_ADMINISTRATOR", "this key is no administrator's of that trust file", {
    hint: "`jit trust show` names them: sign with the key of one of them, --key FILE or ARN",
  });
}

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

/** Whether a file of a key is there. */
export function hasKey(path: string): boolean {
  return readPrivate(path) !== undefined;
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

/**
 * The keys of an issuer, as its `jwks_uri` gives them: of each its members that are text.
 * @throws JitError `KEY_FILE`
 */
export function readKeySet(path: string): readonly Readonly<Record<string, string>>[] {
  const value = jsonOf(readBytes(path), path);
  const keys: unknown =
    typeof value === "object" && value !== null && "keys" in value ? value.keys : undefined;
  if (!Array.isArray(keys) || keys.length === 0) {
    throw new JitError("KEY_FILE", `${path} is no JWK set`, {
      hint: "save what the issuer's jwks_uri gives: its /.well-known/openid-configuration names it",
    });
  }
  return keys.map((key: unknown) =>
    Object.fromEntries(
      Object.entries(typeof key === "object" && key !== null ? key : {}).filter(
        (entry): entry is [string, string] => typeof entry[1] === "string",
      ),
    ),
  );
}

function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new JitError("KEY_FILE", `cannot read ${path} (${codeOf(error) ?? "unknown"})`);
  }
}

/** @throws JitError `KEY_FILE` */
export function readPublicKey(path: string): PublicJwk {
  const value = jsonOf(readBytes(path), path);
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
