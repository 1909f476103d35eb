import { isBreakGlassRole } from "../../access/break-glass.ts";
import { readAcknowledgements } from "../../audit/acknowledge/read.ts";
import { type JudgedFinding, judgeFindings } from "../../audit/acknowledge/report.ts";
import { extendsOf } from "../../audit/extends.ts";
import { requestIn } from "../../audit/extensions.ts";
import { finding } from "../../audit/finding.ts";
import type { Story, StoryEntry } from "../../audit/story.ts";
import { JitError } from "../../error.ts";
import { type Audit, openAudit } from "../compose/audit.ts";
import { argument, type Context, printJson } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { linkedStories } from "../linked-stories.ts";
import { acknowledgedLine, findingLine } from "../render/finding.ts";
import { entryJson, entryText } from "../render/story.ts";
import { type KeptTexts, textsOf } from "../render/texts.ts";
import { refuseBadId } from "../request-id.ts";
import { clean, wrap } from "../style.ts";

/** `jit audit show REQUEST`: the story of one request, each line marked verified or not. */
export async function auditShow(context: Context): Promise<number> {
  const request = argument(context, 0, "the request");
  refuseBadId(request);
  const audit = await openAudit(context);
  const linked = await context.terminal.progress("Reading the records", () => linkedStories(audit, request));
  const story = linked.find((one) => one.request === request);
  if (story === undefined || story.entries.length === 0) {
    throw new JitError("REQUEST_NOT_FOUND", `there is no record of request ${request}`, {
      hint: "`jit audit log` shows them; `jit status` your own",
    });
  }
  const doubts = await doubtsOf(audit, linked);
  if (context.json) {
    const texts = await textsOf(audit, story);
    const breakGlass = await isEmergency(audit, story);
    const others = linked.filter((one) => one !== story).map(linkJson);
    const told = storyJson(story, doubts);
    printJson(context, { ...told, breakGlass, texts: texts ?? null, linked: others });
  } else {
    for (const one of linked) {
      if (await isEmergency(audit, one)) {
        const what = "BREAK-GLASS: this was had without anybody's approval";
        const { style, terminal } = context;
        for (const line of wrap(`${what}; ${reviewText(one)}`, terminal.columns, "  ").split("\n"))
          terminal.print(style.bad(line));
      }
      printStory(context, one, doubts, await textsOf(audit, one));
    }
  }
  const isBad = ({ severity, acknowledged }: JudgedFinding) =>
    severity === "invalid" && acknowledged === undefined;
  return doubts.some(isBad) ? exitCodes.found.code : 0;
}

/** What is wrong with the objects of stories, and with what they say together; and who has acknowledged it. */
async function doubtsOf(audit: Audit, stories: readonly Story[]): Promise<readonly JudgedFinding[]> {
  const findings = stories.flatMap((story) => [
    ...story.entries.flatMap(({ name, key, reason }) =>
      reason === undefined
        ? []
        : [{ ...finding(reason, name, key.userid, reason), severity: "invalid" as const }],
    ),
    ...story.findings,
  ]);
  if (findings.length === 0) return [];
  const { counting } = await readAcknowledgements(audit.store, audit);
  return await judgeFindings(audit.store, findings, counting);
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

function storyJson(story: Story, doubts: readonly JudgedFinding[]) {
  return {
    request: story.request,
    state: story.state,
    complete: story.complete,
    entries: story.entries.map((entry) => ({ ...entryJson(entry), ...acknowledgedOf(entry, doubts) })),
    findings: judgedOf(story, doubts),
  };
}

function printStory(
  { terminal, style }: Context,
  story: Story,
  doubts: readonly JudgedFinding[],
  texts: KeptTexts | undefined,
): void {
  terminal.print(`${style.strong(story.request)}  ${stateText(story)}`);
  const shared = sharedGrade(story.entries);
  if (shared !== undefined) terminal.print(`  ${gradeText(shared, style, "keys these are")}`);
  for (const entry of story.entries) {
    const mark = entry.reason === undefined ? style.good("✓") : style.bad("✗");
    const when = (entry.record?.at ?? entry.lastModified.toISOString().slice(0, 19))
      .replace("T", " ")
      .replace(/Z?$/, "Z");
    const who = clean(entry.record?.by.arn ?? entry.key.userid);
    const line = `${mark} ${style.dim(when)}  ${style.strong(entry.key.type.padEnd(8))} ${who}`;
    terminal.print(wrap(line, terminal.columns, "    "));
    if (entry.grade !== undefined && shared === undefined)
      terminal.print(`    ${gradeText(entry.grade, style, "key this is")}`);
    for (const line of entryText(entry, texts))
      terminal.print(`    ${wrap(clean(line), terminal.columns, "      ")}`);
    if (entry.reason === undefined) continue;
    terminal.print(`    ${style.bad(`not valid: ${entry.reason}`)}`);
    const { acknowledged } = acknowledgedOf(entry, doubts);
    if (acknowledged !== undefined)
      terminal.print(`    ${wrap(acknowledgedLine(acknowledged), terminal.columns, "      ")}`);
  }
  for (const finding of judgedOf(story, doubts))
    terminal.print(findingLine(finding, style, terminal.columns));
  if (!story.complete) terminal.print(style.warn("more records may lie in later hours"));
}

/** Who has acknowledged that an object is not valid. */
function acknowledgedOf(
  { name, reason }: StoryEntry,
  doubts: readonly JudgedFinding[],
): Pick<JudgedFinding, "acknowledged"> {
  const found = doubts.find(({ object, code }) => object === name && code === reason);
  return found?.acknowledged === undefined ? {} : { acknowledged: found.acknowledged };
}

/** A story's own findings, as they were judged. */
function judgedOf(story: Story, doubts: readonly JudgedFinding[]): readonly JudgedFinding[] {
  return story.findings.map(
    (one) => doubts.find(({ code, object }) => code === one.code && object === one.object) ?? one,
  );
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

/** `open` is told as the log tells it. */
function stateText({ state, scheduledUntil }: Story): string {
  return state === "open" && scheduledUntil !== undefined && scheduledUntil > new Date()
    ? "scheduled"
    : state;
}
