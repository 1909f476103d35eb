import { join } from "node:path";
import { isArn } from "../../access/kms-arn.ts";
import {
  addTrustSignature,
  makeTrust,
  readTrust,
  signTrust,
  trustDigest,
} from "../../access/trust/trust-file.ts";
import type { PublicJwk, Trust } from "../../access/types.ts";
import { JitError } from "../../error.ts";
import { readFile, readFileIfThere, trustFilesOf, writeFile } from "../compose/admin-files.ts";
import { createAdminKey, readKeySet, refuseStranger } from "../compose/admin-keys.ts";
import { openAdminKey, openPublicKey } from "../compose/admin-signer.ts";
import { openOrganization } from "../compose/audit.ts";
import { type Context, printJson, text } from "../context.ts";
import { clean, table, wrap } from "../style.ts";

/** `jit trust init`: an administrator's key, and the first trust file, which the organization's fingerprint is of. */
export async function trustInit(context: Context): Promise<number> {
  const organization = need(context, "organization", "--organization");
  const name = need(context, "name", "--name");
  const keyFile = text(context, "key") ?? "admin.jwk";
  const folder = text(context, "dir") ?? "trust";
  const threshold = Number(text(context, "threshold") ?? "1");
  const others = (context.invocation.flags["administrator"] ?? []) as readonly string[];
  const more: Trust["administrators"][number][] = [];
  for (const one of others) {
    const [who = "", named] = one.split("=");
    if (named === undefined) throw new JitError("USAGE", "--administrator is NAME=FILE or NAME=ARN");
    more.push({ name: who, key: await openPublicKey(context, named) });
  }
  const tokenIssuers = ((context.invocation.flags["tokenIssuer"] ?? []) as readonly string[]).map((one) => {
    const at = one.lastIndexOf("=");
    if (at < 1) throw new JitError("USAGE", "--token-issuer is URL=FILE");
    return { issuer: one.slice(0, at), keys: readKeySet(one.slice(at + 1)) };
  });
  const sessionNameRoles = (context.invocation.flags["sessionNameRole"] ?? []) as readonly string[];
  const logKeys = (context.invocation.flags["logKey"] ?? []) as readonly string[];
  const witnesses = (context.invocation.flags["witness"] ?? []) as readonly string[];
  const path = join(folder, "1.json");
  if (readFileIfThere(path) !== undefined) {
    throw new JitError("FILE_EXISTS", `${path} is there already`, {
      hint: "the first trust file is never overwritten: name another folder with --dir",
    });
  }
  const trustOf = ({ publicKey }: { publicKey: PublicJwk }) =>
    makeTrust({
      organization,
      threshold,
      administrators: [{ name, key: publicKey }, ...more],
      tokenIssuers,
      sessionNameRoles,
      logKeys,
      witnesses,
    });
  const isFile = !isArn(keyFile);
  const signer = isFile ? createAdminKey(keyFile, trustOf) : await openAdminKey(context, keyFile);
  const trust = trustOf(signer);
  writeFile(path, await signTrust(trust, signer), { createOnly: true });
  const publicFile = isFile ? `${keyFile}.pub` : undefined;
  if (publicFile !== undefined)
    writeFile(publicFile, new TextEncoder().encode(`${JSON.stringify(signer.publicKey)}\n`), {});
  const fingerprint = trustDigest(trust);
  if (context.json) {
    printJson(context, {
      fingerprint,
      trust: path,
      key: keyFile,
      publicKey: publicFile ?? signer.publicKey,
      missing: threshold - 1,
    });
    return 0;
  }
  const { terminal, style } = context;
  const made = isFile
    ? `${path} and the key ${keyFile} (keep it secret; ${keyFile}.pub is for others)`
    : `${path}, signed with ${keyFile}`;
  terminal.print(wrap(`${style.good("✓")} ${made}`, terminal.columns, "  "));
  if (threshold > 1)
    terminal.print(`  ${threshold - 1} more must sign it: jit trust sign ${path} --key THEIR.jwk`);
  terminal.print(`  fingerprint ${style.strong(fingerprint)}`);
  const next =
    "next: write jit.yaml, then jit catalog check, sign and publish; people run jit use LOCATION#FINGERPRINT";
  terminal.note(style.dim(`  ${wrap(next, terminal.noteColumns, "  ")}`));
  return 0;
}

/** `jit trust sign FILE --key K`: one administrator's signature more. */
export async function trustSign(context: Context): Promise<number> {
  const path = context.invocation.args[0] ?? join("trust", "1.json");
  const before = readFile(path);
  const signer = await openAdminKey(context, text(context, "key") ?? "admin.jwk");
  const { trust } = readTrust(before);
  refuseStranger(trust, signer);
  const after = await addTrustSignature(before, signer);
  writeFile(path, after, {});
  const signed = readTrust(after).claimed.length;
  if (context.json) printJson(context, { file: path, signatures: signed, threshold: trust.threshold });
  else
    context.terminal.print(`${context.style.good("✓")} ${path}: ${signed} of ${trust.threshold} signatures`);
  return 0;
}

/** `jit trust show`: what is believed, or what a folder's files say (unverified). */
export async function trustShow(context: Context): Promise<number> {
  const folder = text(context, "dir");
  const files = folder === undefined ? undefined : trustFilesOf(folder);
  const first = files?.[0];
  const newest = files?.at(-1);
  const organization = files === undefined ? await openOrganization(context).catch(orItsFiles) : undefined;
  const trust = newest === undefined ? organization?.trust : readTrust(newest).trust;
  if (trust === undefined)
    throw new JitError("TRUST_INVALID", "there is no trust file", { hint: "jit trust init makes the first" });
  const fingerprint =
    first === undefined ? (organization?.fingerprint ?? "-") : trustDigest(readTrust(first).trust);
  if (context.json) {
    printJson(context, { fingerprint, verified: files === undefined, ...trust });
    return 0;
  }
  const { terminal, style } = context;
  terminal.print(
    table(
      [
        ["organization", trust.organization],
        ["version", String(trust.version)],
        ["fingerprint", fingerprint],
        ["must sign", `${trust.threshold} of ${trust.administrators.length}`],
        ...each(
          "administrators",
          trust.administrators.map(({ name }) => name),
        ),
        ...each(
          "token issuers",
          trust.tokenIssuers.map(({ issuer }) => issuer),
        ),
        ...each("log keys", trust.logKeys),
        ...each("witnesses", trust.witnesses),
        ["revoked keys", String(trust.revokedKeys?.length ?? 0)],
        ["path only keys", trust.refusePathOnly ? "refused" : "accepted, and shown as such"],
      ],
      (cell, _row, column) => (column === 0 ? style.dim(cell) : cell),
    ),
  );
  if (files !== undefined) terminal.note(style.warn("not verified: this is what the files say"));
  return 0;
}

/** Who has made the first trust file here, and pinned nothing yet, looks for its fingerprint. */
function orItsFiles(error: unknown): never {
  if (error instanceof JitError && error.code === "NOT_PINNED" && trustFilesOf("trust").length > 0) {
    throw new JitError(error.code, error.message, {
      hint: "those of this folder: jit trust show --dir trust",
    });
  }
  throw error;
}

/** Several of a kind, a line each: they are long, and copied whole. */
function each(name: string, values: readonly string[]): string[][] {
  const shown = values.length === 0 ? ["none"] : values.map(clean);
  return shown.map((value, index) => [index === 0 ? name : "", value]);
}

function need(context: Context, name: string, flag: string): string {
  const value = text(context, name);
  if (value === undefined) throw new JitError("FLAG_MISSING", `${flag} is missing`, { hint: `give ${flag}` });
  return value;
}
