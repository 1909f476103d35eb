import { readAcknowledgements } from "../../audit/acknowledge/read.ts";
import { type JudgedReport, judgeReport } from "../../audit/acknowledge/report.ts";
import { readCheckpoint, type SignedCheckpoint } from "../../audit/tree/checkpoint.ts";
import type { TreeKeys } from "../../audit/tree/keys.ts";
import { treeKeysOf } from "../../audit/tree/keys.ts";
import { formatNote } from "../../audit/tree/note.ts";
import { SealedLog } from "../../audit/tree/sealed-log.ts";
import { verifyLog } from "../../audit/verify.ts";
import { JitError } from "../../error.ts";
import { readFile, writeFile } from "../compose/admin-files.ts";
import { type Audit, holdMemory, openAudit, openChecker } from "../compose/audit.ts";
import { type Context, isOn, printJson, text } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { counted } from "../render/counted.ts";
import { findingLine } from "../render/finding.ts";
import { progressLine } from "../render/progress.ts";
import { treeLines } from "../render/tree.ts";
import { clean, table, wrap } from "../style.ts";

/** `jit audit verify`: every record of the bucket; exit 0 only if nothing is wrong. */
export async function auditVerify(context: Context): Promise<number> {
  const proof = text(context, "proof");
  if (proof !== undefined) return await (await import("./audit-verify-proof.ts")).verifyProof(context, proof);
  const audit = await openAudit(context);
  const report = await context.terminal.progress("Verifying every record", (tell) =>
    verifyAll(context, audit, tell),
  );
  if (context.json) printJson(context, report);
  else printReport(context, report, text(context, "since"));
  return report.ok ? 0 : exitCodes.found.code;
}

/** Everything that is verified, and what administrators have acknowledged of what is found. @param tell how far it is */
export async function verifyAll(
  context: Context,
  audit: Audit,
  tell: (text: string) => void = () => undefined,
): Promise<JudgedReport> {
  const hold = holdMemory();
  const { trust, store } = audit;
  const keys = treeKeysOf(trust);
  const since = sinceOf(context, keys.logKeys);
  const telling = (what: string, of?: number) => (count: number) => {
    hold();
    tell(progressLine(what, count, of));
  };
  const open = () => SealedLog.open(store, keys, since, telling("Reading the tree"));
  const sealed = trust === undefined ? undefined : await open();
  const strict = isOn(context, "strict");
  // Of a bucket it is known how many are sealed: what came later is more.
  const sizeNow = sealed?.checkpoint?.size ?? 0;
  const ofAll = since === undefined ? (audit.versions ?? sizeNow) : sizeNow - since.size;
  const verified = await verifyLog(audit.store, {
    log: audit.fingerprint,
    trust: audit.trust,
    knowsCatalog: audit.knowsCatalog,
    catalogOf: audit.catalogOf,
    approvals: audit.approvals,
    openChecker: () => openChecker(audit.fingerprint),
    ...(sealed === undefined ? {} : { sealed }),
    strict,
    onProgress: telling("Verifying every record", ofAll),
  });
  const acknowledgements = isOn(context, "ignoreAcknowledged")
    ? { counting: new Map(), notices: [] }
    : await readAcknowledgements(store, audit);
  const isWhole = since === undefined;
  const report = await judgeReport(store, verified, acknowledgements, { strict, isWhole });
  const keep = text(context, "keep");
  if (keep !== undefined && report.ok && sealed?.checkpoint !== undefined) {
    writeFile(keep, formatNote(sealed.checkpoint.note), {});
  }
  return report;
}

/** The checkpoint up to which everything was verified before. */
function sinceOf(context: Context, logKeys: TreeKeys["logKeys"]): SignedCheckpoint | undefined {
  const path = text(context, "since");
  if (path === undefined) return undefined;
  const checkpoint = readCheckpoint(readFile(path), logKeys);
  if (checkpoint !== undefined) return checkpoint;
  throw new JitError("CHECKPOINT_FILE", `${path} is no checkpoint that a log key of the trust file signed`, {
    hint: "verify without --since, and keep the checkpoint with --keep",
  });
}

/** @param since the file with the checkpoint up to which nothing was read, if there is one */
function printReport({ terminal, style }: Context, report: JudgedReport, since: string | undefined): void {
  const { byType, byGrade, bySeverity, acknowledged } = report;
  for (const finding of report.findings) terminal.print(findingLine(finding, style, terminal.columns));
  if (report.omitted > 0) terminal.print(`… and ${report.omitted} more findings`);
  const mark = report.ok ? style.good("✓") : style.bad("✗");
  terminal.print(
    `${mark} ${report.records} valid records in ${report.objects} objects, ${bySeverity.invalid} invalid`,
  );
  const counts = Object.entries(byType).filter(([, count]) => count > 0);
  terminal.print(
    table(
      [
        ["  records", counts.map(([type, count]) => `${count} ${type}`).join(", ") || "none"],
        ["  keys", `${byGrade.attested} records attested by AWS, ${byGrade["path only"]} by the path only`],
        [
          "  other",
          `${counted(bySeverity.noise, "object")} of noise, ${counted(bySeverity.notice, "notice")}`,
        ],
      ],
      (cell, _row, column) => (column === 0 ? style.dim(cell) : cell),
      terminal.columns,
    ),
  );
  if (acknowledged.invalid + acknowledged.noise > 0) {
    const what = `${acknowledged.invalid} invalid and ${acknowledged.noise} of noise are acknowledged by administrators, and listed above`;
    terminal.print(style.warn(`  ${wrap(what, terminal.columns, "  ")}`));
  }
  for (const [writer, count] of report.noiseByWriter)
    terminal.print(style.dim(`  ${wrap(`noise by ${clean(writer)}: ${count}`, terminal.columns, "    ")}`));
  if (since !== undefined) {
    const what = `only what came after the checkpoint in ${clean(since)} was read: what was changed or removed before it shows without --since`;
    terminal.print(style.warn(`  ${wrap(what, terminal.columns, "  ")}`));
  }
  for (const line of treeLines(report.tree, terminal.columns)) terminal.print(style.dim(line));
}
