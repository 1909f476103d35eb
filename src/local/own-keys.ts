import { statSync } from "node:fs";
import { join } from "node:path";
import { thumbprint as thumbprintOf } from "../access/jwk.ts";
import type { PublicJwk } from "../access/types.ts";
import { isThumbprint } from "../audit/key.ts";
import { readChain, removeChain } from "./chain.ts";
import { filesIn, inodeOf, removeFile } from "./files.ts";
import { chainPlace, keyPath, readKey, type WriterPlace } from "./key-store.ts";
import { readKmsFile } from "./kms-file.ts";
import { segmentOf } from "./paths.ts";

/** A key that this machine signs with, or has signed with. */
export interface OwnKey {
  readonly thumbprint: string;
  /** `undefined` for a key that was retired. */
  readonly userid: string | undefined;
  readonly publicKey: PublicJwk | undefined;
  /** Where its private half lies: `file`, `keyring`, an ARN of KMS, or `gone`. */
  readonly place: string;
  /** When its file was made. */
  readonly made: Date | undefined;
  /** Records that it has signed and sent. */
  readonly records: number;
}

/**
 * The keys of this machine for one organization, the retired ones last. What cannot be read is left out: whoever needs it is
 * told then.
 */
export function ownKeys(place: Omit<WriterPlace, "userid">): readonly OwnKey[] {
  const folder = join(place.keys, place.fingerprint);
  const keys = filesIn(folder).flatMap((name) => {
    const ending = /\.(jwk|kms)$/.exec(name)?.[1];
    if (ending === undefined) return [];
    const userid = decodeURIComponent(name.slice(0, -4));
    try {
      const found = ending === "jwk" ? ownFile(join(folder, name)) : ownKms(join(folder, name));
      if (found === undefined) return [];
      const thumbprint = thumbprintOf(found.publicKey);
      const chains = join(place.chains, place.fingerprint);
      const chain =
        ending === "jwk"
          ? chainPlace(place, { thumbprint })
          : { folder: join(chains, segmentOf(userid)), thumbprint };
      const made = statSync(join(folder, name)).mtime;
      return [{ ...found, thumbprint, userid, made, records: readChain(chain)?.next ?? 0 }];
    } catch {
      return [];
    }
  });
  const known = new Set(keys.map(({ thumbprint }) => thumbprint));
  return [...keys, ...retired(place, known)];
}

function retired(place: Omit<WriterPlace, "userid">, known: ReadonlySet<string>): readonly OwnKey[] {
  return filesIn(join(place.chains, place.fingerprint)).flatMap((name) => {
    const thumbprint = name.replace(/\.json$/, "");
    if (!isThumbprint(thumbprint) || known.has(thumbprint)) return [];
    try {
      const records = readChain(chainPlace(place, { thumbprint }))?.next ?? 0;
      const nothing = { userid: undefined, publicKey: undefined, made: undefined };
      return records === 0 ? [] : [{ ...nothing, thumbprint, place: "gone", records }];
    } catch {
      return [];
    }
  });
}

function ownFile(path: string) {
  const key = readKey(path, { key: async () => undefined });
  return key === undefined ? undefined : { publicKey: key.publicKey, place: key.place };
}

function ownKms(path: string) {
  const key = readKmsFile(path);
  return key === undefined ? undefined : { publicKey: key.publicKey, place: key.arn };
}

/**
 * Throws a key's private half away, if it is still the one of that thumbprint. Its chain's state stays, which tells that
 * there was one; a chain that nothing was written to goes with it. To be called while the chain is held.
 * @returns whether there was such a key
 */
export function retireKey(place: WriterPlace, thumbprint: string): boolean {
  const path = keyPath(place);
  const inode = inodeOf(path);
  const key = readKey(path, { key: async () => undefined });
  if (key === undefined || inode === undefined || thumbprintOf(key.publicKey) !== thumbprint) return false;
  const chain = chainPlace(place, { thumbprint });
  removeFile(path);
  if (readChain(chain)?.next === 0) removeChain(chain);
  return true;
}
