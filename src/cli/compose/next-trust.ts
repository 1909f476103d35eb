import { join } from "node:path";
import {
  makeTrust,
  readTrust,
  signTrust,
  trustDigest,
  verifyTrustChain,
} from "../../access/trust/trust-file.ts";
import type { Trust } from "../../access/types.ts";
import { JitError } from "../../error.ts";
import { type Context, text } from "../context.ts";
import { trustFilesOf, writeFile } from "./admin-files.ts";
import { refuseStranger } from "./admin-keys.ts";
import { openAdminKey } from "./admin-signer.ts";

/** A next version, on the disk with one signature. */
export interface NextTrust {
  readonly trust: Trust;
  readonly path: string;
  /** Signatures that it still needs. */
  readonly missing: number;
}

/**
 * Makes the version after the newest of `--dir`, signed with `--key`.
 * @param change what is other in it than in the newest; what is left out stays
 * @throws JitError `TRUST_INVALID`, those of `verifyTrustChain`, `KEY_NOT_ADMINISTRATOR`, `FILE_EXISTS`
 */
export async function writeNextTrust(
  context: Context,
  change: (newest: Trust) => Partial<Trust>,
): Promise<NextTrust> {
  const folder = text(context, "dir") ?? "trust";
  const files = trustFilesOf(folder);
  const [first] = files;
  if (first === undefined) {
    throw new JitError("TRUST_INVALID", `there is no ${folder}/1.json`, {
      hint: "name the folder of the organization's trust files with --dir",
    });
  }
  const newest = verifyTrustChain(files, trustDigest(readTrust(first).trust));
  const changed = change(newest);
  const signer = await openAdminKey(context, text(context, "key") ?? "admin.jwk");
  refuseStranger(newest, signer);
  const { v: _, version: __, previous: ___, ...content } = newest;
  const trust = makeTrust({ ...content, ...changed }, newest);
  const path = join(folder, `${trust.version}.json`);
  writeFile(path, await signTrust(trust, signer), { createOnly: true });
  return { trust, path, missing: trust.threshold - 1 };
}
