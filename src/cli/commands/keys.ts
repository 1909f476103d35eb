import { shortName } from "../../access/short-name.ts";
import { isRevoked } from "../../access/trust/revoked-keys.ts";
import type { Trust } from "../../access/types.ts";
import { isThumbprint } from "../../audit/key.ts";
import { type ListedWriter, listWriters } from "../../audit/writers.ts";
import { JitError } from "../../error.ts";
import { openKmsKey } from "../compose/admin-signer.ts";
import { type Audit, openAudit, openOrganization } from "../compose/audit.ts";
import { ownKeysOf, placeText, signsNow } from "../compose/keys.ts";
import { type Context, isOn, printJson } from "../context.ts";
import { counted } from "../render/counted.ts";
import { dayOf, minute } from "../render/utc.ts";
import { clean, table, wrap } from "../style.ts";

/** `jit keys list`: this machine's keys; with `--all` those of the log. */
export async function keysList(context: Context): Promise<number> {
  if (isOn(context, "all")) return await listAll(context);
  const keys = ownKeysOf(context);
  const trust = (await openOrganization(context)).trust;
  const signs = signsNow(context);
  if (context.json) {
    const shown = keys.map(({ publicKey, ...key }) => ({
      ...key,
      signs: signs({ publicKey, ...key }),
      revoked: revokedAt(trust, key.thumbprint),
    }));
    printJson(context, { keys: shown });
    return 0;
  }
  if (keys.length === 0) {
    context.terminal.print("this machine has no key yet: the first request makes one");
    return 0;
  }
  printKeys(
    context,
    keys.map((key) => [
      key.thumbprint,
      counted(key.records, "record"),
      clean(key.userid ?? ""),
      stateOf(context, trust, key.thumbprint, placeText(key.place)),
      signs(key) ? "signs now" : "",
    ]),
  );
  return 0;
}

async function listAll(context: Context): Promise<number> {
  const audit = await openAudit(context);
  const writers = await writersOf(context, audit);
  if (context.json) {
    printJson(context, { keys: writers.map((writer) => shownOf(audit, writer)) });
    return 0;
  }
  const rows = writers
    .toSorted((a, b) => b.last.getTime() - a.last.getTime())
    .map((writer) => [
      writer.thumbprint,
      `${counted(writer.records, "record")}, ${dayOf(writer.first)} to ${dayOf(writer.last)}`,
      clean(whoOf(writer)),
      stateOf(context, audit.trust, writer.thumbprint, gradeText(writer)),
    ]);
  if (rows.length === 0) context.terminal.print("the log has no record");
  else printKeys(context, rows);
  const { terminal, style } = context;
  const rests = "by the names of the log, and each key's enrolment; `jit audit verify` checks the records";
  terminal.note(style.dim(`  ${wrap(rests, terminal.noteColumns, "  ")}`));
  return 0;
}

/** A thumbprint a line, and what is known of it under it: together they do not fit 80 columns. */
function printKeys({ terminal, style }: Context, rows: readonly (readonly string[])[]): void {
  for (const [thumbprint = "", ...known] of rows) {
    terminal.print(style.name(thumbprint));
    const line = known.filter((word) => word !== "").join("; ");
    terminal.print(`  ${wrap(line, terminal.columns, "  ")}`);
  }
}

/** `jit keys show [THUMBPRINT|ARN]`: one key; without a word, this machine's own. */
export async function keysShow(context: Context): Promise<number> {
  const named = context.invocation.args[0];
  if (named?.startsWith("arn:") === true) {
    const { publicKey, thumbprint, algorithm } = await openKmsKey(context, named);
    printJson(context, { thumbprint, algorithm, publicKey });
    return 0;
  }
  const own = ownKeysOf(context);
  const thumbprint = named ?? own.find(signsNow(context))?.thumbprint;
  if (thumbprint === undefined) {
    throw new JitError("KEY_UNKNOWN", "this machine has no key yet", { hint: "the first request makes one" });
  }
  if (!isThumbprint(thumbprint)) {
    throw new JitError("USAGE", "that is no thumbprint of a key, and no ARN", {
      hint: "copy its 43 characters from `jit keys list --all`",
    });
  }
  const here = own.find((key) => key.thumbprint === thumbprint);
  const audit = await openAudit(context);
  const writers = await writersOf(context, audit, thumbprint);
  if (here === undefined && writers.length === 0) {
    throw new JitError("KEY_UNKNOWN", "neither this machine nor the log has such a key", {
      hint: "`jit keys list --all` shows those of the log",
    });
  }
  const revoked = revokedAt(audit.trust, thumbprint);
  const publicKey = writers.find(({ enrolment }) => enrolment)?.enrolment?.record.key ?? here?.publicKey;
  if (context.json) {
    const enrolments = writers.map((writer) => shownOf(audit, writer));
    printJson(context, { thumbprint, publicKey, here: here?.place ?? null, revoked, enrolments });
    return 0;
  }
  const rows: [string, string][] = [
    ["thumbprint", thumbprint],
    ["public key", publicKey === undefined ? "not known" : JSON.stringify(publicKey)],
    ["private half", here === undefined ? "not on this machine" : placeText(here.place)],
    ["revoked", revoked ?? "no"],
  ];
  for (const writer of writers) {
    rows.push(["written by", clean(writer.userid)]);
    rows.push(["  records", `${writer.records}, from ${minute(writer.first)} to ${minute(writer.last)}`]);
    rows.push(["  grade", gradeText(writer)]);
    const { enrolment } = writer;
    if (enrolment !== undefined)
      rows.push(["  enrolled", `${enrolment.record.at} as ${clean(enrolment.record.by.arn)}`]);
    for (const [name, value] of Object.entries(enrolment?.claims ?? {}))
      if (value !== undefined) rows.push([`  ${name}`, clean(value)]);
  }
  context.terminal.print(table(rows, dimFirst(context), context.terminal.columns));
  return 0;
}

/** `jit keys trust`: by what it is told whose key signed, and which keys count no longer. */
export async function keysTrust(context: Context): Promise<number> {
  const { trust } = await openOrganization(context);
  if (trust === undefined) {
    throw new JitError(
      "TRUST_INVALID",
      "this organization has no trust file: it is pinned without a fingerprint",
    );
  }
  const { tokenIssuers, sessionNameRoles, refusePathOnly, revokedKeys = [] } = trust;
  if (context.json) {
    const issuers = tokenIssuers.map(({ issuer, keys }) => ({
      issuer,
      keys: keys.map(({ kid }) => kid ?? null),
    }));
    printJson(context, {
      version: trust.version,
      tokenIssuers: issuers,
      sessionNameRoles,
      refusePathOnly,
      revokedKeys,
    });
    return 0;
  }
  const list = (items: readonly string[]): string =>
    items.length === 0 ? "none" : items.map(clean).join("\n");
  const rows: [string, string][] = [
    [
      "token issuers",
      list(tokenIssuers.map(({ issuer, keys }) => `${issuer} (${counted(keys.length, "key")})`)),
    ],
    ["roles whose session names are trusted", list(sessionNameRoles)],
    ["keys without AWS's statement", refusePathOnly ? "refused" : "accepted, and shown as path only"],
    ["revoked keys", list(revokedKeys.map(({ thumbprint, at }) => `${thumbprint} from ${at}`))],
  ];
  const { style, terminal } = context;
  for (const [name, value] of rows)
    terminal.print(
      `${style.dim(name)}\n${value
        .split("\n")
        .map((line) => `  ${line}`)
        .join("\n")}`,
    );
  return 0;
}

async function writersOf(
  context: Context,
  audit: Audit,
  thumbprint?: string,
): Promise<readonly ListedWriter[]> {
  const { store, trust, fingerprint: log } = audit;
  return await context.terminal.progress("Listing the log", () =>
    listWriters(store, { log, trust }, thumbprint),
  );
}

function shownOf({ trust }: Audit, { enrolment, ...writer }: ListedWriter) {
  return {
    ...writer,
    grade: enrolment?.grade ?? "not enrolled",
    pipeline: isPipeline(enrolment),
    principal: enrolment?.record.by.arn ?? null,
    enrolledAt: enrolment?.record.at ?? null,
    claims: enrolment?.claims ?? null,
    revoked: revokedAt(trust, writer.thumbprint),
  };
}

/** What the enrolment says of its writer, whose grade stands behind it; where there is none, the name of the prefix. */
function whoOf({ userid, enrolment }: ListedWriter): string {
  return enrolment === undefined ? userid : `${shortName(enrolment.record.by.arn)} (${userid})`;
}

/** A session that an OIDC provider's token opened, as jobs of CI services do. */
function isPipeline(enrolment: ListedWriter["enrolment"]): boolean {
  return /:oidc-provider\//.test(enrolment?.claims?.federatedProvider ?? "");
}

function gradeText({ enrolment }: ListedWriter): string {
  if (enrolment === undefined) return "not enrolled";
  return isPipeline(enrolment) ? `${enrolment.grade}, pipeline` : enrolment.grade;
}

function revokedAt(trust: Trust | undefined, thumbprint: string): string | null {
  return trust?.revokedKeys?.find((one) => one.thumbprint === thumbprint)?.at ?? null;
}

function stateOf(context: Context, trust: Trust | undefined, thumbprint: string, text: string): string {
  const revoked = isRevoked(trust?.revokedKeys, { thumbprint, arrived: new Date() });
  return revoked ? context.style.bad(`${text}, revoked`) : text;
}

function dimFirst(context: Context) {
  return (cell: string, _row: number, column: number): string =>
    column === 0 ? context.style.dim(cell) : cell;
}
