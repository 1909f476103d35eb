import { formatDuration } from "../../access/duration.ts";
import { withoutProofs } from "../../audit/attested.ts";
import { extendsOf } from "../../audit/extends.ts";
import { type Act, isVerified, type LogEntry, nameOf } from "../../audit/log/entry.ts";
import { formatTime } from "../../audit/time.ts";
import { clean, clip, type Style } from "../style.ts";
import { type Cell, csvLine } from "./csv.ts";
import { minute } from "./utc.ts";

/** `jit audit log`: one line for each request. */

type Column = readonly [title: string, width: number, cell: (entry: LogEntry) => string];

const time = ({ at }: LogEntry) => minute(at);
const target = ({ asked }: LogEntry) => asked?.targets.join(" ") ?? "?";
const outcome = (entry: LogEntry) => entry.outcome ?? "?";

/** The columns that fit; what is left over goes to who and what. */
function columnsFor(columns: number): readonly Column[] {
  const request: Column = ["REQUEST", 26, (entry) => entry.request];
  if (columns < 126) {
    const spare = Math.max(0, columns - 80);
    return [
      ["UTC", 11, (entry) => time(entry).slice(5)],
      ["WHO", 9 + Math.floor(spare / 2), nameOf],
      ["TARGET", 14 + Math.ceil(spare / 2), target],
      ["OUTCOME", 9, outcome],
      request,
    ];
  }
  const spare = Math.min(columns, 200) - 126;
  return [
    ["UTC", 16, time],
    ["WHO", 14 + Math.floor(spare / 2), nameOf],
    ["TARGET", 18 + Math.ceil(spare / 2), target],
    ["OUTCOME", 9, outcome],
    ["FOR", 6, ({ asked }) => (asked === undefined ? "" : formatDuration(asked.duration))],
    ["PURPOSE", 10, ({ asked }) => asked?.purpose ?? ""],
    ["TICKET", 10, ({ asked }) => asked?.texts.ticket ?? ""],
    request,
  ];
}

/** Of the line before: a log has many of one width. */
let lastColumns: readonly [columns: number, wanted: readonly Column[]] | undefined;

export function logHeader(columns: number, style: Style): string {
  const cells = columnsFor(columns).map(([title, width]) => toWidth(title, width));
  return style.dim(`   ${cells.join("  ")}`.trimEnd());
}

/** One line, and one under it where something is wrong. */
export function logLine(entry: LogEntry, columns: number, style: Style): string {
  const wanted = lastColumns?.[0] === columns ? lastColumns[1] : columnsFor(columns);
  lastColumns = [columns, wanted];
  const cells = wanted.map(([title, width, cell]) => {
    const text = toWidth(clean(cell(entry)), width);
    if (title === "TARGET") return style.name(text);
    if (title === "OUTCOME") return paintOutcome(entry, text, style);
    return title === "UTC" || title === "REQUEST" ? style.dim(text) : text;
  });
  const glass = entry.asked?.breakGlass === true ? style.bad("!") : " ";
  const line = `${markOf(entry, style)}${glass} ${cells.join("  ")}`.trimEnd();
  if (isVerified(entry)) return line;
  return `${line}\n   ${style.bad(`not verified: ${entry.problems.join(", ")}`)}`;
}

export const logLegend = "✓ verified  ~ the same, by the path only  ✗ not verified  ! break-glass";

function markOf(entry: LogEntry, style: Style): string {
  if (!isVerified(entry)) return style.bad("✗");
  return entry.grade === "attested" ? style.good("✓") : style.warn("~");
}

function paintOutcome({ outcome }: LogEntry, text: string, style: Style): string {
  if (outcome === "granted") return style.good(text);
  const isPlain = outcome === "scheduled" || outcome === "pending" || outcome === "forgotten";
  return isPlain ? text : style.warn(text);
}

function toWidth(text: string, width: number): string {
  // What fits and takes a column a character, as nearly all does.
  if (text.length <= width && /^[ -~]*$/.test(text)) return text.padEnd(width);
  const clipped = clip(text, width);
  return clipped + " ".repeat(width - [...clipped].length);
}

/** A request's story in one object. Texts are as signed: escape them where you print them. */
export function logJson(entry: LogEntry) {
  const { asked } = entry;
  const [first] = entry.sessions;
  return {
    request: entry.request,
    at: formatTime(entry.at),
    verified: isVerified(entry),
    problems: entry.problems,
    notices: entry.notices,
    outcome: entry.outcome ?? null,
    who: {
      name: nameOf(entry),
      userid: entry.userid,
      arn: asked?.by.arn ?? null,
      account: asked?.by.account ?? null,
      grade: entry.grade ?? null,
    },
    targets: asked?.targets ?? [],
    stores: asked?.stores ?? [],
    role: asked?.role ?? null,
    issuer: asked?.issuer ?? null,
    breakGlass: asked?.breakGlass ?? null,
    extends: (asked === undefined ? undefined : extendsOf(asked)) ?? null,
    duration: asked?.duration ?? null,
    purpose: asked?.purpose ?? null,
    texts: asked?.texts.state ?? null,
    reason: asked?.texts.reason ?? null,
    ticket: asked?.texts.ticket ?? null,
    attested: asked === undefined ? {} : withoutProofs(asked.attested),
    claimed: asked?.claimed ?? {},
    issuedAt: first?.at ?? null,
    notAfter: first?.notAfter ?? null,
    answers: entry.answers.map((one) => ({ ...actJson(one), verdict: one.verdict, counts: one.counts })),
    sessions: entry.sessions.map((one) => ({
      ...actJson(one),
      accessKeyId: one.accessKeyId,
      notAfter: one.notAfter,
      isRenewal: one.isRenewal,
    })),
    ends: entry.ends.map((one) => ({
      ...actJson(one),
      outcome: one.outcome,
      exitCode: one.exitCode,
      seconds: one.seconds,
    })),
    revocations: entry.revocations.map((one) => ({ ...actJson(one), reason: one.reason })),
    reviews: entry.reviews.map((one) => ({ ...actJson(one), verdict: one.verdict })),
    aborts: entry.aborts.map((one) => ({ ...actJson(one), code: one.code, step: one.step })),
    records: entry.records.map(({ name, key, sha256, reason, lastModified }) => ({
      type: key.type,
      object: name,
      sha256: sha256 ?? null,
      verified: reason === undefined,
      reason: reason ?? null,
      arrived: lastModified.toISOString(),
    })),
  };
}

function actJson({ at, by, grade, sha256 }: Act) {
  return { at, by, grade: grade ?? null, sha256 };
}

const csvColumns: readonly (readonly [title: string, cell: (entry: LogEntry) => Cell])[] = [
  ["time", ({ at }) => formatTime(at)],
  ["request", ({ request }) => request],
  ["verified", isVerified],
  ["problems", ({ problems }) => problems.join(" ")],
  ["outcome", ({ outcome }) => outcome],
  ["who", nameOf],
  ["arn", ({ asked }) => asked?.by.arn],
  ["userid", ({ userid }) => userid],
  ["grade", ({ grade }) => grade],
  ["targets", ({ asked }) => asked?.targets.join(" ")],
  ["classification", ({ asked }) => unique(asked?.stores.map(({ classification }) => classification))],
  ["data_categories", ({ asked }) => unique(asked?.stores.flatMap(({ dataCategories }) => dataCategories))],
  ["purpose", ({ asked }) => asked?.purpose],
  ["reason", ({ asked }) => asked?.texts.reason ?? asked?.texts.state],
  ["ticket", ({ asked }) => asked?.texts.ticket],
  ["break_glass", ({ asked }) => asked?.breakGlass],
  ["extends", ({ asked }) => (asked === undefined ? undefined : extendsOf(asked))],
  ["asked_seconds", ({ asked }) => asked?.duration],
  ["issued", ({ sessions }) => sessions[0]?.at],
  ["not_after", ({ sessions }) => sessions[0]?.notAfter],
  ["access_keys", ({ sessions }) => sessions.map(({ accessKeyId }) => accessKeyId).join(" ")],
  ["approved_by", ({ answers }) => whoSaid(answers, "approval")],
  ["denied_by", ({ answers }) => whoSaid(answers, "denial")],
  ["ended", ({ ends }) => ends.at(-1)?.at],
  ["revoked", ({ revocations }) => revocations[0]?.at],
  ["review", ({ reviews }) => reviews[0]?.verdict],
];

export const logCsvHeader = csvLine(csvColumns.map(([title]) => title));

export function logCsv(entry: LogEntry): string {
  return csvLine(csvColumns.map(([, cell]) => cell(entry)));
}

function whoSaid(answers: LogEntry["answers"], verdict: "approval" | "denial"): string {
  return answers
    .filter((one) => one.verdict === verdict && one.counts)
    .map(({ by }) => by.arn)
    .join(" ");
}

function unique(values: readonly string[] = []): string {
  return [...new Set(values)].join(", ");
}
