import { withRevoked } from "../../access/trust/revoked-keys.ts";
import type { RevokedKey } from "../../access/types.ts";
import { isThumbprint } from "../../audit/key.ts";
import { formatTime } from "../../audit/time.ts";
import { JitError } from "../../error.ts";
import { writeNextTrust } from "../compose/next-trust.ts";
import { argument, type Context, printJson, text } from "../context.ts";
import { wrap } from "../style.ts";

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
  const size = sizeOf(context);
  const revoked: RevokedKey = {
    thumbprint,
    at: timeOf(context),
    ...(size === undefined ? {} : { size }),
  };
  const { trust, path, missing } = await writeNextTrust(context, (newest) => ({
    revokedKeys: withRevoked(newest.revokedKeys, revoked),
  }));
  if (context.json) {
    printJson(context, { trust: path, version: trust.version, revoked, missing });
    return 0;
  }
  const { terminal, style } = context;
  const what = `${path}: what the key signed counts if it reached S3 before ${revoked.at}, and not after`;
  terminal.print(wrap(`${style.good("✓")} ${what}`, terminal.columns, "  "));
  if (missing > 0) terminal.print(`  ${missing} more must sign it: jit trust sign ${path} --key THEIR.jwk`);
  const next =
    "next: jit catalog publish; then `jit revoke` ends sessions that are still open, and IAM its holder's access";
  terminal.note(style.dim(`  ${wrap(next, terminal.noteColumns, "  ")}`));
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
