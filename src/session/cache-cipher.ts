import { createCipheriv, createDecipheriv } from "node:crypto";
import { type Encrypted, parseEntry, printEntry } from "./cache-entry.ts";
import type { Session } from "./types.ts";

/**
 * A file's text under AES-256-GCM (NIST SP 800-38D) with a key from the operating system's keyring. The file's name is
 * additional data, so that one file cannot be put in the place of another.
 *
 * @param key 32 bytes
 * @param iv 12 random bytes, new for every file
 */
export function encryptText(key: Uint8Array, name: string, iv: Uint8Array, text: string): Encrypted {
  const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(Buffer.from(name, "utf8"));
  const ciphertext = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return {
    iv: Buffer.from(iv).toString("base64url"),
    ciphertext: ciphertext.toString("base64url"),
    tag: cipher.getAuthTag().toString("base64url"),
  };
}

/** The text, or `undefined` where the key, the name or a byte is another. */
export function decryptText(key: Uint8Array, name: string, encrypted: Encrypted): string | undefined {
  const iv = Buffer.from(encrypted.iv, "base64url");
  const tag = Buffer.from(encrypted.tag, "base64url");
  if (iv.length !== 12 || tag.length !== 16) return undefined;
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, iv, { authTagLength: 16 })
      .setAAD(Buffer.from(name, "utf8"))
      .setAuthTag(tag);
    return Buffer.concat([
      decipher.update(Buffer.from(encrypted.ciphertext, "base64url")),
      decipher.final(),
    ]).toString("utf8");
  } catch {
    return undefined;
  }
}

/** A session for its cache file. @param name the cache name */
export function encryptEntry(key: Uint8Array, name: string, iv: Uint8Array, session: Session): Encrypted {
  return encryptText(key, name, iv, printEntry(session));
}

/** The session, or `undefined` where the key, the name or a byte is another. */
export function decryptEntry(key: Uint8Array, name: string, encrypted: Encrypted): Session | undefined {
  const text = decryptText(key, name, encrypted);
  const entry = text === undefined ? undefined : parseEntry(text);
  return entry?.kind === "plain" ? entry.session : undefined;
}
