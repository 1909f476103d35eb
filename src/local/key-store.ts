import { renameSync } from "node:fs";
import { join } from "node:path";
import { thumbprint as thumbprintOf } from "../access/jwk.ts";
import type { Chain, Signer } from "../audit/ports.ts";
import { generateKey, localSigner } from "../audit/signer.ts";
import { codeOf } from "../error.ts";
import type { Lock, Vault } from "../session/ports.ts";
import { type ChainPlace, createChain, fileChain, readChain, removeChain } from "./chain.ts";
import { createPrivate, filesIn, inodeOf, privateDirectory, readPrivate } from "./files.ts";
import { type KeyFile, printKeyFile, readKeyFile } from "./key-file.ts";
import { readKmsFile } from "./kms-file.ts";
import { localError } from "./local-error.ts";
import { segmentOf } from "./paths.ts";

export interface WriterPlace {
  /** Keys, by organization and user. */
  readonly keys: string;
  /** Chains, by organization and key. */
  readonly chains: string;
  readonly fingerprint: string;
  readonly userid: string;
}

/** Who writes records on this machine. */
export interface LocalWriter {
  readonly signer: Signer;
  readonly chain: Chain;
}

/** Nothing is kept in a keyring. */
const noVault: Pick<Vault, "key"> = { key: async () => undefined };

/**
 * The signing key of this machine for one organization and `aws:userid` (a 0600 file; a new key's private half is encrypted
 * in it where there is a keyring), and its chain. Two processes that come first at once end with one key. A key whose chain is not here, or that was copied
 * (a home folder on a second machine, a restored backup), is put aside and replaced: two machines with one key would
 * fork its chain.
 */
export async function openWriter(
  place: WriterPlace,
  lock: Lock,
  vault: Pick<Vault, "key"> = noVault,
): Promise<LocalWriter> {
  const path = keyPath(place);
  privateDirectory(join(place.keys, place.fingerprint));
  for (;;) {
    const signer = readKey(path, vault)?.signer ?? makeSigner(path, place, await vault.key());
    if (signer === undefined) continue; // another process was first: take its key
    const chain = chainPlace(place, signer);
    if (isAtHome(path, chain)) return { signer, chain: fileChain(chain, lock) };
    putAside(path);
  }
}

/** The file of a key; one in KMS has another ending. */
export function keyPath(place: WriterPlace, ending: "jwk" | "kms" = "jwk"): string {
  return join(place.keys, place.fingerprint, `${segmentOf(place.userid)}.${ending}`);
}

/**
 * Thumbprints of this machine's keys for one organization, whosesoever they are, so that AWS can be asked for a statement
 * before it is known who calls; at most ten, as many audiences as a statement takes.
 */
export function knownThumbprints({
  keys,
  fingerprint,
}: Pick<WriterPlace, "keys" | "fingerprint">): readonly string[] {
  const folder = join(keys, fingerprint);
  return filesIn(folder)
    .filter((name) => /\.(?:jwk|kms)$/.test(name))
    .slice(0, 10)
    .flatMap((name) => {
      try {
        const path = join(folder, name);
        const key = name.endsWith(".kms") ? readKmsFile(path)?.publicKey : readKey(path, noVault)?.publicKey;
        return key === undefined ? [] : thumbprintOf(key);
      } catch {
        // Whoever needs that key is told then.
        return [];
      }
    });
}

/** @throws JitError `LOCAL_DAMAGED` */
export function readKey(path: string, vault: Pick<Vault, "key">): KeyFile | undefined {
  const bytes = readPrivate(path);
  return bytes === undefined ? undefined : readKeyFile(bytes, path, vault);
}

/**
 * The chain before the key has its name: whoever sees the key sees its chain, and nobody has to write to the chain later
 * while another process uses it. A crash in between leaves a chain without a key, which is nothing.
 */
function makeSigner(path: string, place: WriterPlace, vaultKey: Uint8Array | undefined): Signer | undefined {
  const key = generateKey();
  const signer = localSigner(key);
  const chain = chainPlace(place, signer);
  const text = printKeyFile(key, vaultKey);
  if (createPrivate(path, text, (inode) => createChain(chain, inode))) return signer;
  removeChain(chain);
  return undefined;
}

function isAtHome(path: string, chain: ChainPlace): boolean {
  const state = readChain(chain);
  return state !== undefined && state.keyInode === inodeOf(path);
}

/** Where the chain of a key is kept. */
export function chainPlace(
  place: Pick<WriterPlace, "chains" | "fingerprint">,
  { thumbprint }: Pick<Signer, "thumbprint">,
): ChainPlace {
  return { folder: join(place.chains, place.fingerprint), thumbprint };
}

function putAside(path: string): void {
  try {
    renameSync(path, `${path}.unused-${inodeOf(path)}`);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw localError(error, path);
  }
}
