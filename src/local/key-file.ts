import { randomBytes } from "node:crypto";
import { parsePublicJwk, thumbprint as thumbprintOf } from "../access/jwk.ts";
import type { PublicJwk } from "../access/types.ts";
import type { Signer } from "../audit/ports.ts";
import { localSigner, type PrivateJwk } from "../audit/signer.ts";
import { codeOf, JitError } from "../error.ts";
import { decryptText, encryptText } from "../session/cache-cipher.ts";
import type { Encrypted } from "../session/cache-entry.ts";
import type { Vault } from "../session/ports.ts";

/** Where the private half of a key of this machine lies. */
export type KeyPlace =
  /** In the file itself (0600). */
  | "file"
  /** In the file, encrypted with a key from the operating system's keyring. */
  | "keyring";

/** A key's file, read. */
export interface KeyFile {
  readonly publicKey: PublicJwk;
  readonly place: KeyPlace;
  /** Asks the keyring when it signs, and only then. */
  readonly signer: Signer;
}

/**
 * The file of a new key: a private JWK, or, with a key from the keyring, its public half and the private one under
 * AES-256-GCM, the thumbprint as additional data.
 */
export function printKeyFile(key: PrivateJwk, vaultKey: Uint8Array | undefined): string {
  if (vaultKey === undefined) return `${JSON.stringify(key)}\n`;
  const { d, ...publicKey } = key;
  const sealed = encryptText(vaultKey, nameOf(thumbprintOf(key)), randomBytes(12), d);
  return `${JSON.stringify({ v: 1, publicKey, sealed })}\n`;
}

/** @throws JitError `LOCAL_DAMAGED` */
export function readKeyFile(bytes: Uint8Array, path: string, vault: Pick<Vault, "key">): KeyFile {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString());
    if (typeof value !== "object" || value === null) throw new Error("no object");
    if (!("sealed" in value)) {
      const signer = localSigner(value as PrivateJwk);
      return { publicKey: signer.publicKey, place: "file", signer };
    }
    const publicKey = parsePublicJwk("publicKey" in value ? value.publicKey : undefined);
    return { publicKey, place: "keyring", signer: sealedSigner(publicKey, value.sealed, path, vault) };
  } catch (cause) {
    throw damaged(path, codeOf(cause));
  }
}

function sealedSigner(
  publicKey: PublicJwk,
  sealed: unknown,
  path: string,
  vault: Pick<Vault, "key">,
): Signer {
  const thumbprint = thumbprintOf(publicKey);
  let opened: Promise<Signer> | undefined;
  const open = async (): Promise<Signer> => {
    const key = await vault.key();
    if (key === undefined) {
      throw new JitError(
        "LOCAL_KEYRING",
        "the signing key is kept under the keyring, which does not answer",
        {
          hint: "unlock the keyring and run `jit doctor`; where it is gone for good, `jit keys rotate` makes a new key",
        },
      );
    }
    const d = isEncrypted(sealed) ? decryptText(key, nameOf(thumbprint), sealed) : undefined;
    if (d === undefined) throw damaged(path, undefined);
    return localSigner({ ...publicKey, d });
  };
  return {
    algorithm: publicKey.kty === "OKP" ? "Ed25519" : "ES256",
    publicKey,
    thumbprint,
    async sign(message) {
      opened ??= open();
      return await (await opened).sign(message);
    },
  };
}

function nameOf(thumbprint: string): string {
  return `signing key ${thumbprint}`;
}

function isEncrypted(value: unknown): value is Encrypted {
  if (typeof value !== "object" || value === null) return false;
  const { iv, ciphertext, tag } = value as Record<string, unknown>;
  return [iv, ciphertext, tag].every((part) => typeof part === "string");
}

function damaged(path: string, cause: unknown): JitError {
  return new JitError("LOCAL_DAMAGED", `the signing key in ${path} cannot be read`, {
    hint: "move the file away: the next request then enrols a new key",
    cause,
  });
}
