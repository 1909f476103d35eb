import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { dirname, join } from "node:path";
import { createPrivate, privateDirectory, readPrivate, writePrivate } from "./files.ts";

/**
 * Texts that this machine worked out before and need not again. Only what it wrote itself is given back: a file is sealed
 * (HMAC-SHA-256, hexadecimal, in its first line) with a key that lies outside the cache, for caches are carried from one
 * pipeline's run to the next. Neither call fails: a text that is not to be had costs time alone.
 */
export interface OwnCache {
  get(name: string): string | undefined;
  set(name: string, text: string): void;
}

/** @param keyFile 32 bytes, made with the first text */
export function ownCache(folder: string, keyFile: string): OwnCache {
  const seal = (key: Uint8Array, name: string, text: Uint8Array): Buffer =>
    createHmac("sha256", key).update(`${name}\n`).update(text).digest();
  return {
    get(name) {
      try {
        const key = readKey(keyFile);
        const bytes = readPrivate(join(folder, name));
        if (key === undefined || bytes === undefined) return undefined;
        const file = Buffer.from(bytes.buffer);
        const text = file.subarray(65);
        const given = Buffer.from(file.toString("latin1", 0, 64), "hex");
        const fits = given.length === 32 && file[64] === 0x0a;
        return fits && timingSafeEqual(given, seal(key, name, text)) ? text.toString("utf8") : undefined;
      } catch {
        return undefined;
      }
    },
    set(name, text) {
      try {
        privateDirectory(dirname(keyFile));
        if (readKey(keyFile) === undefined) createPrivate(keyFile, randomBytes(32));
        const key = readKey(keyFile);
        if (key === undefined) return;
        privateDirectory(folder);
        const sealed = `${seal(key, name, Buffer.from(text)).toString("hex")}\n${text}`;
        writePrivate(join(folder, name), sealed, { durable: false });
      } catch {
        // As above.
      }
    },
  };
}

function readKey(file: string): Uint8Array | undefined {
  const key = readPrivate(file);
  return key?.length === 32 ? key : undefined;
}
