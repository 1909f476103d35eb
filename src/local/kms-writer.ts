import { join } from "node:path";
import { thumbprint as thumbprintOf } from "../access/jwk.ts";
import type { PublicJwk } from "../access/types.ts";
import type { Signer } from "../audit/ports.ts";
import { JitError } from "../error.ts";
import type { Lock } from "../session/ports.ts";
import { createChain, fileChain, readChain, removeChain } from "./chain.ts";
import { createPrivate, inodeOf, privateDirectory, removeFile } from "./files.ts";
import { keyPath, type LocalWriter, type WriterPlace } from "./key-store.ts";
import { printKmsFile, readKmsFile } from "./kms-file.ts";
import { segmentOf } from "./paths.ts";

/** A key in KMS. */
export interface RemoteKey {
  /** ARN, as it is named in the settings. */
  readonly arn: string;
  publicKey(): Promise<PublicJwk>;
  signer(publicKey: PublicJwk): Signer;
  /** Whether the key has a chain in the bucket already, under this userid. */
  isEnrolled(thumbprint: string): Promise<boolean>;
}

/**
 * A writer whose private key lies in KMS. Its public half and its chain are kept here. A chain is of one machine: where the
 * key has one already that is not this machine's, nothing is signed.
 * @throws JitError `KMS_KEY_INVALID` for a key that records cannot be signed with, `KEY_IN_TWO_PLACES`
 */
export async function openKmsWriter(place: WriterPlace, lock: Lock, key: RemoteKey): Promise<LocalWriter> {
  const path = keyPath(place, "kms");
  privateDirectory(`${place.keys}/${place.fingerprint}`);
  const known = readKmsFile(path);
  const publicKey = known?.arn === key.arn ? known.publicKey : await key.publicKey();
  if (publicKey.kty !== "EC") {
    throw new JitError("KMS_KEY_INVALID", "records are longer than KMS signs with an Ed25519 key", {
      hint: "name a key of spec ECC_NIST_P256: jit config key ARN",
    });
  }
  const signer = key.signer(publicKey);
  // One key may serve several principals, each with a chain of its own.
  const folder = join(place.chains, place.fingerprint, segmentOf(place.userid));
  const chain = { folder, thumbprint: signer.thumbprint };
  const isAtHome = (): boolean => {
    const file = readKmsFile(path);
    const isSame = file !== undefined && thumbprintOf(file.publicKey) === signer.thumbprint;
    const state = readChain(chain);
    return isSame && file.arn === key.arn && state !== undefined && state.keyInode === inodeOf(path);
  };
  if (!isAtHome()) {
    await lock.hold(`kms-${signer.thumbprint}`, async () => {
      if (isAtHome()) return;
      const state = readChain(chain);
      // A chain that nothing was written to is what a crash below leaves behind.
      const isUsed = state !== undefined && (state.next > 0 || state.pending !== undefined);
      if (isUsed || (await key.isEnrolled(signer.thumbprint))) throw elsewhere(key.arn);
      removeFile(path);
      removeChain(chain);
      createPrivate(path, printKmsFile({ arn: key.arn, publicKey }), (inode) => createChain(chain, inode));
    });
  }
  return { signer, chain: fileChain(chain, lock) };
}

function elsewhere(arn: string): JitError {
  return new JitError(
    "KEY_IN_TWO_PLACES",
    `${arn} has signed for you on another machine, or before this one lost its state`,
    {
      hint: "give each machine a key of its own (jit config key ARN); without one, jit makes a key here (jit config key --unset)",
    },
  );
}
