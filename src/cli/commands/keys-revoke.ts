import { join } from "node:path";
import { withRevoked } from "../../access/trust/revoked-keys.ts";
import {
  makeTrust,
  readTrust,
  signTrust,
  trustDigest,
  verifyTrustChain,
} from "../../access/trust/trust-file.ts";
import type { RevokedKey } from "../../access/types.ts";
import { isThumbprint } from "../../audit/key.ts";
import { formatTime } from "../../audit/time.ts";
import { JitError } from "../../error.ts";
import { trustFilesOf, writeFile } from "../compose/admin-files.ts";
import { refuseStranger } from "../compose/admin-keys.ts";
import { openAdminKey } from "../compose/admin-signer.ts";
import { argument, type Context, printJson, text } from "../context.ts";

/**
 * `jit keys revoke THUMBPRINT`: the next version of the trust file, which says from when on a writer's key counts for
 * nothing, with this administrator's signature.
 */
export async function keysRevoke(context: Context): Promise<number> {
  const thumbprint = argument(context, 0, "the key's thumbprint");
  if (!isThumbprint(thumbprint)) {
    throw new JitError("USAGE", "that is no thumbprint of a key", {
      hint: "copy its 43 characters from `jit keys list --all`",
    });
  }
  const folder = text(context, "dir") ?? "trust";
  const files = trustFilesOf(folder);
  const [first] = files;
  if (first === undefined) {
    throw new JitError("TRUST_INVALID", `there is no ${folder}/1.json`, {
      hint: "name the folder of the organization's trust files with --dir",
    });
  }
  const newest = verifyTrustChain(files, trustDigest(readTrust(first).trust));
  const signer = await openAdminKey(context, text(context, "key") ?? "admin.jwk");
  refuseStranger(newest, signer);
  const size = sizeOf(context);
  const revoked: RevokedKey = {
    thumbprint,
    at: timeOf(context),
    ...(size === undefined ? {} : { size }),
  };
  const { v: _, version: __, previous: ___, ...content } = newest;
  const next = makeTrust({ ...content, revokedKeys: withRevoked(newest.revokedKeys, revoked) }, newest);
  const path = join(folder, `${next.version}.json`);
  writeFile(path, await signTrust(next, signer), { createOnly: true });
  const missing = next.threshold - 1;
  if (context.json) {
    printJson(context, { trust: path, version: next.version, revoked, missing });
    return 0;
  }
  const { terminal, style } = context;
  terminal.print(
    `${style.good("✓")} ${path}: what the key signed counts if it reached S3 before ${revoked.at}, and not after`,
  );
  if (missing > 0) terminal.print(`  ${missing} more must sign it: jit trust sign ${path} --key THEIR.jwk`);
  terminal.note(
    style.dim(
      "  next: jit catalog publish; then `jit revoke` ends sessions that are still open, and IAM its holder's access",
    ),
  );
  return 0;
}

/** Whole seconds; this machine's clock where nothing is said. */
function timeOf(context: Context): string {
  const given = text(context, "at");
  if (given === undefined) return formatTime(new Date());
  const time = new Date(given);
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)$/.test(given) && !Number.isNaN(time.getTime()))
    return formatTime(time);
  throw new JitError("USAGE", "--at is a time with its zone, such as 2026-11-24T08:16:00Z");
}

function sizeOf(context: Context): number | undefined {
  const given = text(context, "size");
  if (given === undefined) return undefined;
  const size = Number(given);
  if (/^\d+$/.test(given) && Number.isSafeInteger(size)) return size;
  throw new JitError("USAGE", "--size is the size of the tree, a whole number");
}
