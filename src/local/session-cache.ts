import { join } from "node:path";
import { parseEntry, printEncrypted, printEntry } from "../session/cache-entry.ts";
import { isCacheName } from "../session/cache-name.ts";
import type { SessionCache, Vault } from "../session/ports.ts";
import type { Session } from "../session/types.ts";
import {
  filesIn,
  inodeOf,
  privateDirectory,
  readPrivate,
  removeFile,
  removeIfSame,
  writePrivate,
} from "./files.ts";
import { removeStaleTemporaries } from "./temporary-file.ts";

/** A grant this long over, ms, is over by any clock. */
const surelyOver = 3_600_000;

/**
 * Sessions as files of one folder (0600): encrypted with the vault's key where it has one. A file is replaced by a
 * rename, so a reader sees the old session or the new one.
 */
export function fileSessionCache(folder: string, vault: Vault, now: () => number): SessionCache {
  async function read(name: string): Promise<Session | undefined> {
    if (!isCacheName(name)) return undefined;
    let text: string;
    try {
      const bytes = readPrivate(join(folder, name));
      if (bytes === undefined) return undefined;
      text = Buffer.from(bytes).toString("utf8");
    } catch {
      // Unreadable, somebody else's, a link: a miss.
      return undefined;
    }
    const entry = parseEntry(text);
    if (entry?.kind !== "encrypted") return entry?.session;
    const key = await vault.key();
    if (key === undefined) return undefined;
    const { decryptEntry } = await import("../session/cache-cipher.ts");
    return decryptEntry(key, name, entry.encrypted);
  }

  /** Sessions of other names whose grants have ended: nobody asks for them again once the catalog has changed. */
  async function removeEnded(besides: string): Promise<void> {
    for (const name of filesIn(folder)) {
      const path = join(folder, name);
      const inode = inodeOf(path);
      const session = name === besides || inode === undefined ? undefined : await read(name);
      const over = session !== undefined && now() - session.notAfter.getTime() > surelyOver;
      if (over && inode !== undefined) removeIfSame(path, inode);
    }
  }

  return {
    read,
    async write(name, session, fence) {
      privateDirectory(folder);
      removeStaleTemporaries(folder, now());
      const key = await vault.key();
      const text = key === undefined ? printEntry(session) : await encrypted(key, name, session);
      // Not durable: after a power loss the session is asked for again, and its request has its abort.
      writePrivate(join(folder, name), text, { durable: false, beforePublish: () => fence.check() });
      // The session is kept: that others cannot be tidied away is no reason to fail.
      await removeEnded(name).catch(() => undefined);
    },
    async confirm(name) {
      const { utimesSync } = process.getBuiltinModule("fs");
      try {
        const at = now() / 1000;
        if (isCacheName(name)) utimesSync(join(folder, name), at, at);
      } catch {
        // The next call asks again.
      }
    },
    async remove(name) {
      if (isCacheName(name)) removeFile(join(folder, name));
    },
    async list() {
      const found: { name: string; session: Session }[] = [];
      for (const name of filesIn(folder)) {
        const session = await read(name);
        if (session !== undefined) found.push({ name, session });
      }
      return found;
    },
  };
}

/** Loaded only where there is a key: the cipher is most of what this file would cost. */
async function encrypted(key: Uint8Array, name: string, session: Session): Promise<string> {
  const { encryptEntry } = await import("../session/cache-cipher.ts");
  const { randomBytes } = process.getBuiltinModule("crypto");
  return printEncrypted(encryptEntry(key, name, randomBytes(12), session));
}
