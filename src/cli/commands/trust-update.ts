import { join } from "node:path";
import {
  makeTrust,
  readTrust,
  signTrust,
  trustDigest,
  verifyTrustChain,
} from "../../access/trust/trust-file.ts";
import { formatVerifierKey } from "../../access/trust/verifier-key.ts";
import { isKeyName } from "../../audit/tree/note.ts";
import { JitError } from "../../error.ts";
import { trustFilesOf, writeFile } from "../compose/admin-files.ts";
import { createAdminKey, hasKey, readAdminKey, refuseStranger } from "../compose/admin-keys.ts";
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
  const isNew = !hasKey(file);
  const signer = isNew ? createAdminKey(file) : readAdminKey(file);
  const key = formatVerifierKey(namedKey(name, isWitness, signer.publicKey));
  if (context.json) {
    printJson(context, { key, file, new: isNew });
    return 0;
  }
  const { terminal, style } = context;
  terminal.print(key);
  terminal.note(
    style.dim(
      `  ${isNew ? "made" : "of"} ${file} (keep it secret); next: jit trust ${isWitness ? "update --witness" : "update --log-key"} '${key}'`,
    ),
  );
  return 0;
}

/** `jit trust update`: the next version of the trust file, with log keys and witnesses added or taken away. */
export async function trustUpdate(context: Context): Promise<number> {
  const folder = text(context, "dir") ?? "trust";
  const files = trustFilesOf(folder);
  const [first] = files;
  if (first === undefined) {
    throw new JitError("TRUST_INVALID", `there is no ${folder}/1.json`, {
      hint: "name the folder of the organization's trust files with --dir",
    });
  }
  const newest = verifyTrustChain(files, trustDigest(readTrust(first).trust));
  const signer = readAdminKey(text(context, "key") ?? "admin.jwk");
  refuseStranger(newest, signer);
  const gone = new Set(listOf(context, "remove"));
  const { v: _, version: __, previous: ___, ...content } = newest;
  const logKeys = merged(newest.logKeys, listOf(context, "logKey"), gone);
  const witnesses = merged(newest.witnesses, listOf(context, "witness"), gone);
  const before = JSON.stringify([newest.logKeys, newest.witnesses]);
  if (JSON.stringify([logKeys, witnesses]) === before) {
    throw new JitError("USAGE", "that changes nothing: name a --log-key, a --witness, or one to --remove");
  }
  const next = makeTrust({ ...content, logKeys, witnesses }, newest);
  const path = join(folder, `${next.version}.json`);
  writeFile(path, await signTrust(next, signer), { createOnly: true });
  const missing = next.threshold - 1;
  if (context.json) {
    printJson(context, { trust: path, version: next.version, logKeys, witnesses, missing });
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
