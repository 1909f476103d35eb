import { isArn } from "../../access/kms-arn.ts";
import { formatVerifierKey } from "../../access/trust/verifier-key.ts";
import { isKeyName } from "../../audit/tree/note.ts";
import { JitError } from "../../error.ts";
import { createAdminKey, hasKey } from "../compose/admin-keys.ts";
import { openAdminKey } from "../compose/admin-signer.ts";
import { writeNextTrust } from "../compose/next-trust.ts";
import { namedKey } from "../compose/tree-keys.ts";
import { argument, type Context, isOn, printJson, text } from "../context.ts";

/** `jit trust key NAME`: a log's or witness's key, and the text by which trust files name it. */
export async function trustKey(context: Context): Promise<number> {
  const name = argument(context, 0, "the key's name");
  if (!isKeyName(name) || name.length > 200) {
    throw new JitError("USAGE", "a key's name has no spaces and no plus sign", {
      hint: "write where the log is, without https://: acme.example/audit",
    });
  }
  const isWitness = isOn(context, "witness");
  const file = text(context, "key") ?? (isWitness ? "witness.jwk" : "log.jwk");
  const isNew = !isArn(file) && !hasKey(file);
  const signer = isNew ? createAdminKey(file) : await openAdminKey(context, file);
  const key = formatVerifierKey(namedKey(name, isWitness, signer.publicKey));
  if (context.json) {
    printJson(context, { key, file, new: isNew });
    return 0;
  }
  const { terminal, style } = context;
  terminal.print(key);
  const secret = isArn(file) ? "" : " (keep it secret)";
  terminal.note(style.dim(`  ${isNew ? "made" : "of"} ${file}${secret}; next:`));
  terminal.note(style.dim(`    jit trust update ${isWitness ? "--witness" : "--log-key"} '${key}'`));
  return 0;
}

/** `jit trust update`: the next version of the trust file, with log keys and witnesses added or taken away. */
export async function trustUpdate(context: Context): Promise<number> {
  const gone = new Set(listOf(context, "remove"));
  const { trust, path, missing } = await writeNextTrust(context, (newest) => {
    const logKeys = merged(newest.logKeys, listOf(context, "logKey"), gone);
    const witnesses = merged(newest.witnesses, listOf(context, "witness"), gone);
    const before = JSON.stringify([newest.logKeys, newest.witnesses]);
    if (JSON.stringify([logKeys, witnesses]) === before) {
      throw new JitError("USAGE", "that changes nothing: name a --log-key, a --witness, or one to --remove");
    }
    return { logKeys, witnesses };
  });
  const { logKeys, witnesses, version } = trust;
  if (context.json) {
    printJson(context, { trust: path, version, logKeys, witnesses, missing });
    return 0;
  }
  const { terminal, style } = context;
  terminal.print(`${style.good("✓")} ${path}: ${logKeys.length} log keys, ${witnesses.length} witnesses`);
  if (missing > 0) terminal.print(`  ${missing} more must sign it: jit trust sign ${path} --key THEIR.jwk`);
  terminal.note(style.dim("  next: jit catalog publish"));
  return 0;
}

function listOf(context: Context, name: string): readonly string[] {
  return (context.invocation.flags[name] ?? []) as readonly string[];
}

function merged(
  known: readonly string[],
  added: readonly string[],
  gone: ReadonlySet<string>,
): readonly string[] {
  return [...new Set([...known, ...added])].filter((key) => !gone.has(key));
}
