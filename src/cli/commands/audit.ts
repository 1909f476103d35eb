import { isBreakGlassRole } from "../../access/break-glass.ts";
import { extendsOf } from "../../audit/extends.ts";
import { requestIn } from "../../audit/extensions.ts";
import type { Finding } from "../../audit/finding.ts";
import type { Report } from "../../audit/report.ts";
import type { Story, StoryEntry } from "../../audit/story.ts";
import { readCheckpoint, type SignedCheckpoint } from "../../audit/tree/checkpoint.ts";
import type { TreeKeys } from "../../audit/tree/keys.ts";
import { treeKeysOf } from "../../audit/tree/keys.ts";
import { formatNote } from "../../audit/tree/note.ts";
import { SealedLog } from "../../audit/tree/sealed-log.ts";
import { verifyLog } from "../../audit/verify.ts";
import { JitError } from "../../error.ts";
import { readFile, writeFile } from "../compose/admin-files.ts";
import { type Audit, openAudit } from "../compose/audit.ts";
import { argument, type Context, isOn, printJson, text } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { linkedStories } from "../linked-stories.ts";
import { findingLine } from "../render/finding.ts";
import { entryJson, entryText } from "../render/story.ts";
import { type KeptTexts, textsOf } from "../render/texts.ts";
import { treeLines } from "../render/tree.ts";
import { refuseBadId } from "../request-id.ts";
import { clean, table, wrap } from "../style.ts";

/** `jit audit show REQUEST`: the story of one request, each line marked verified or not. */
export async function auditShow(context: Context): Promise<number> {
  const request = argument(context, 0, "the request");
  refuseBadId(request);
  const audit = await openAudit(context);
  const linked = await context.terminal.progress("Reading the records", () => linkedStories(audit, request));
  const story = linked.find((one) => one.request === request);
  if (story === undefined || story.entries.length === 0) {
    throw new JitError("REQUEST_NOT_FOUND", `there is no record of request ${request}`, {
      hint: "`jit status` shows your own",
    });
  }
  if (context.json) {
    const texts = await textsOf(audit, story);
    const breakGlass = await isEmergency(audit, story);
    const others = linked.filter((one) => one !== story).map(linkJson);
    printJson(context, { ...storyJson(story), breakGlass, texts: texts ?? null, linked: others });
  } else {
    for (const one of linked) {
      if (await isEmergency(audit, one)) {
        const what = "BREAK-GLASS: this was had without anybody's approval";
        const { style, terminal } = context;
        for (const line of wrap(`${what}; ${reviewText(one)}`, terminal.columns, "  ").split("\n"))
          terminal.print(style.bad(line));
      }
      printStory(context, one, await textsOf(audit, one));
    }
  }
  const isGood = (one: Story) =>
    one.entries.every(({ reason }) => reason === undefined) && !one.findings.some(isInvalid);
  return linked.every(isGood) ? 0 : exitCodes.found.code;
}

/** Of a request that is told with another: which it extends, and where it stands. */
function linkJson(story: Story) {
  const asked = requestIn(story);
  return {
    request: story.request,
    state: story.state,
    extends: (asked === undefined ? undefined : extendsOf(asked)) ?? null,
    findings: story.findings,
  };
}

/** By the catalog that the request names: its role tells. */
async function isEmergency(audit: Audit, { entries }: Story): Promise<boolean> {
  const request = entries.find(({ key, reason }) => key.type === "request" && reason === undefined)?.record;
  if (request?.type !== "request") return false;
  const catalog = await audit.catalogOf(request.catalog);
  return catalog !== undefined && isBreakGlassRole(catalog, request.role);
}

function reviewText({ findings, entries }: Story): string {
  const isOpen = findings.some(({ code }) => code === "REVIEW_MISSING");
  const wrong = new Set(
    findings.filter(({ code }) => code.startsWith("REVIEW_")).map(({ object }) => object),
  );
  const review = entries.find(({ name, record }) => record?.type === "review" && !wrong.has(name))?.record;
  if (isOpen || review?.type !== "review") return "nobody has reviewed it";
  return `${clean(review.by.arn)} found it ${review.verdict}`;
}

/** `jit audit verify`: every record of the bucket; exit 0 only if nothing is wrong. */
export async function auditVerify(context: Context): Promise<number> {
  const proof = text(context, "proof");
  if (proof !== undefined) return await (await import("./audit-prove.ts")).verifyProof(context, proof);
  const audit = await openAudit(context);
  const report = await context.terminal.progress("Verifying every record", () => verifyAll(context, audit));
  if (context.json) printJson(context, report);
  else printReport(context, report);
  return report.ok ? 0 : exitCodes.found.code;
}

async function verifyAll(context: Context, audit: Audit): Promise<Report> {
  const { trust, store } = audit;
  const keys = treeKeysOf(trust);
  const since = sinceOf(context, keys.logKeys);
  const sealed = trust === undefined ? undefined : await SealedLog.open(store, keys, since);
  const report = await verifyLog(audit.store, {
    log: audit.fingerprint,
    trust: audit.trust,
    knowsCatalog: audit.knowsCatalog,
    catalogOf: audit.catalogOf,
    approvals: audit.approvals,
    ...(sealed === undefined ? {} : { sealed }),
    strict: isOn(context, "strict"),
  });
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

function storyJson(story: Story) {
  return {
    request: story.request,
    state: story.state,
    complete: story.complete,
    entries: story.entries.map(entryJson),
    findings: story.findings,
  };
}

function printStory({ terminal, style }: Context, story: Story, texts: KeptTexts | undefined): void {
  terminal.print(`${style.strong(story.request)}  ${stateText(story)}`);
  const shared = sharedGrade(story.entries);
  if (shared !== undefined) terminal.print(`  ${gradeText(shared, style, "keys these are")}`);
  for (const entry of story.entries) {
    const mark = entry.reason === undefined ? style.good("✓") : style.bad("✗");
    const when = (entry.record?.at ?? entry.lastModified.toISOString().slice(0, 19))
      .replace("T", " ")
      .replace(/Z?$/, "Z");
    terminal.print(
      `${mark} ${style.dim(when)}  ${style.strong(entry.key.type.padEnd(8))} ${clean(entry.record?.by.arn ?? entry.key.userid)}`,
    );
    if (entry.grade !== undefined && shared === undefined)
      terminal.print(`    ${gradeText(entry.grade, style, "key this is")}`);
    for (const line of entryText(entry, texts))
      terminal.print(`    ${wrap(clean(line), terminal.columns, "      ")}`);
    if (entry.reason !== undefined) terminal.print(`    ${style.bad(`not valid: ${entry.reason}`)}`);
  }
  for (const finding of story.findings) terminal.print(findingLine(finding, style));
  if (!story.complete) terminal.print(style.warn("more records may lie in later hours"));
}

type Grade = NonNullable<StoryEntry["grade"]>;

/** The grade of all entries, where it is one and known for each: then it is said once. */
function sharedGrade(entries: readonly StoryEntry[]): Grade | undefined {
  const [first] = entries;
  return entries.length > 1 && entries.every(({ grade }) => grade === first?.grade)
    ? first?.grade
    : undefined;
}

function gradeText(grade: Grade, style: Context["style"], what: string): string {
  if (grade === "path only") return style.warn(`path only: AWS did not sign whose ${what}`);
  return style.dim(`attested: AWS signed whose ${what}`);
}

function stateText({ state }: Story): string {
  return typeof state === "string" ? state : JSON.stringify(state);
}

function printReport({ terminal, style }: Context, report: Report): void {
  const { byType, byGrade, bySeverity } = report;
  for (const finding of report.findings) terminal.print(findingLine(finding, style));
  if (report.omitted > 0) terminal.print(`… and ${report.omitted} more findings`);
  const mark = report.ok ? style.good("✓") : style.bad("✗");
  terminal.print(
    `${mark} ${report.records} valid records in ${report.objects} objects, ${bySeverity.invalid} invalid`,
  );
  const counts = Object.entries(byType).filter(([, count]) => count > 0);
  terminal.print(
    table(
      [
        ["  records", counts.map(([type, count]) => `${count} ${type}`).join(", ")],
        ["  keys", `${byGrade.attested} records attested by AWS, ${byGrade["path only"]} by the path only`],
        ["  other", `${bySeverity.noise} objects of noise, ${bySeverity.notice} notices`],
      ],
      (cell, _row, column) => (column === 0 ? style.dim(cell) : cell),
    ),
  );
  for (const [writer, count] of report.noiseByWriter)
    terminal.print(style.dim(`  noise by ${clean(writer)}: ${count}`));
  for (const line of treeLines(report.tree)) terminal.print(style.dim(`  ${clean(line)}`));
}

function isInvalid({ severity }: Finding): boolean {
  return severity === "invalid";
}
