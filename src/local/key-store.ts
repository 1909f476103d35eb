import { renameSync } from "node:fs";
import { join } from "node:path";
import type { Chain, Signer } from "../audit/ports.ts";
import { generateKey, localSigner, type PrivateJwk } from "../audit/signer.ts";
import { codeOf, JitError } from "../error.ts";
import type { Lock } from "../session/ports.ts";
import { type ChainPlace, createChain, fileChain, readChain, removeChain } from "./chain.ts";
import { createPrivate, filesIn, inodeOf, privateDirectory, readPrivate } from "./files.ts";
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

/**
 * The signing key of this machine for one organization and `aws:userid` (a 0600 file with a private JWK), and its
 * chain. Two processes that come first at once end with one key. A key whose chain is not here, or that was copied
 * (a home folder on a second machine, a restored backup), is put aside and replaced: two machines with one key would
 * fork its chain.
 */
export function openWriter(place: WriterPlace, lock: Lock): LocalWriter {
  const folder = join(place.keys, place.fingerprint);
  const path = join(folder, `${segmentOf(place.userid)}.jwk`);
  privateDirectory(folder);
  for (;;) {
    const signer = readSigner(path) ?? makeSigner(path, place);
    if (signer === undefined) continue; // another process was first: take its key
    const chain = chainPlace(place, signer);
    if (isAtHome(path, chain)) return { signer, chain: fileChain(chain, lock) };
    putAside(path);
  }
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
    .filter((name) => name.endsWith(".jwk"))
    .slice(0, 10)
    .flatMap((name) => {
      try {
        return readSigner(join(folder, name))?.thumbprint ?? [];
      } catch {
        // Whoever needs that key is told then.
        return [];
      }
    });
}

function readSigner(path: string): Signer | undefined {
  const bytes = readPrivate(path);
  if (bytes === undefined) return undefined;
  try {
    return localSigner(JSON.parse(Buffer.from(bytes).toString()) as PrivateJwk);
  } catch (cause) {
    throw new JitError("LOCAL_DAMAGED", `the signing key in ${path} cannot be read`, {
      hint: "move the file away: the next request then enrols a new key",
      cause: codeOf(cause),
    });
  }
}

/**
 * The chain before the key has its name: whoever sees the key sees its chain, and nobody has to write to the chain later
 * while another process uses it. A crash in between leaves a chain without a key, which is nothing.
 */
function makeSigner(path: string, place: WriterPlace): Signer | undefined {
  const key = generateKey();
  const signer = localSigner(key);
  const chain = chainPlace(place, signer);
  if (createPrivate(path, `${JSON.stringify(key)}\n`, (inode) => createChain(chain, inode))) return signer;
  removeChain(chain);
  return undefined;
}

function isAtHome(path: string, chain: ChainPlace): boolean {
  const state = readChain(chain);
  return state !== undefined && state.keyInode === inodeOf(path);
}

function chainPlace(place: WriterPlace, signer: Signer): ChainPlace {
  return { folder: join(place.chains, place.fingerprint), thumbprint: signer.thumbprint };
}

function putAside(path: string): void {
  try {
    renameSync(path, `${path}.unused-${inodeOf(path)}`);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw localError(error, path);
  }
}
