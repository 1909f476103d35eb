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
  const seal = (key: Uint8Array, name: string, text: string): Buffer =>
    createHmac("sha256", key).update(`${name}\n${text}`).digest();
  return {
    get(name) {
      try {
        const key = readKey(keyFile);
        const file = Buffer.from(readPrivate(join(folder, name)) ?? []).toString("utf8");
        const text = file.slice(65);
        const given = Buffer.from(file.slice(0, 64), "hex");
        const fits = key !== undefined && given.length === 32 && file[64] === "\n";
        return fits && timingSafeEqual(given, seal(key, name, text)) ? text : undefined;
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
        const sealed = `${seal(key, name, text).toString("hex")}\n${text}`;
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
