import { formatDuration } from "../../../access/duration.ts";
import type { Count, Figures, Item } from "../../../audit/report/figures.ts";
import {
  type Framework,
  frameworkNames,
  type PartName,
  references,
  rulesOf,
} from "../../../audit/report/frameworks.ts";
import type { Chart, Headline, ReportDocument, Section, Table } from "./document.ts";

export interface ReportFacts {
  readonly framework: Framework;
  readonly organization: string;
  readonly fingerprint: string;
  readonly catalogVersion: number;
  readonly generatedAt: Date;
  /** Records that arrived under later hours were not looked at. */
  readonly recordsUntil: Date;
  /** Objects that were listed. */
  readonly objects: number;
  readonly client: string;
}

/** What the figures say, in words and tables: facts, and what they can mean; no judgement. */
export function composeReport(facts: ReportFacts, figures: Figures): ReportDocument {
  const { framework } = facts;
  const section = (
    id: PartName,
    title: string,
    about: string,
    tables: readonly Table[],
    chart?: Chart,
  ): Section => ({
    id,
    title,
    about,
    rules: rulesOf(framework, id),
    tables,
    ...(chart === undefined ? {} : { chart }),
  });
  const { lengths, answers, office } = figures;
  return {
    title: `Access to personal data at ${facts.organization}, ${dayOf(figures.period.from)} to ${dayOf(new Date(figures.period.to.getTime() - 1))}`,
    facts: [
      ["Organization", facts.organization],
      ["Period (UTC)", `${minute(figures.period.from)} to ${minute(figures.period.to)}`],
      ["For", frameworkNames[framework]],
      ["Made", `${minute(facts.generatedAt)} by ${facts.client}, of ${facts.objects} objects`],
      ["Records looked at until", minute(facts.recordsUntil)],
      ["Catalog in force", `version ${facts.catalogVersion}`],
      ["Fingerprint of the organization", facts.fingerprint],
    ],
    caveats: [
      "This report says what signed records say. It claims no compliance with anything: whether a rule is met, those who check decide.",
      "Each record was checked by itself and against its request: form, place, signature, enrolment, approvals, policy. Whether records are missing, and every chain from its first record, only `jit audit verify` checks.",
      "A session without any record is not here: the roles' CloudTrail events show it. What was read with a session is in the stores' own logs.",
    ],
    headlines: headlinesOf(figures),
    sections: [
      section("unverified", "What could not be verified", unverifiedText(figures), [
        {
          head: ["request", "made (UTC)", "who", "access", "what is wrong"],
          rows: figures.unverified.map((one) => [...itemCells(one), one.problems.join(", ")]),
          none: "Every request's records verify.",
        },
        {
          head: ["requesters whose keys AWS did not sign for (path only)"],
          rows: figures.pathOnly.requesters.map((name) => [name]),
          none: "AWS signed whose key it is, for every requester.",
        },
        {
          head: ["writer of objects that are no records", "objects"],
          rows: [...figures.noise],
          none: "No other objects lie among the records.",
        },
      ]),
      {
        id: "overview",
        title: "What was asked, and what came of it",
        about:
          "Requests by the day on which they were made. What the rules refuse at once leaves no record, so it is not counted.",
        rules: [],
        chart: { kind: "days", label: "Requests by day", days: figures.perDay },
        tables: [
          {
            head: ["outcome", "requests"],
            rows: Object.entries(figures.byOutcome),
            none: "",
          },
        ],
      },
      section(
        "persons",
        "By person",
        "Who asked. Several AWS identities are one person where AWS attests the same person of each; else each stands by itself. “By the path only” means that S3 attests the identity, and AWS did not sign whose key it is.",
        [countTable("person", figures.byPerson, (one) => [one.attested ? "attested" : "by the path only"])],
        barsOf("Requests by person", figures.byPerson),
      ),
      section(
        "stores",
        "By store and classification",
        "A request for accesses of two stores counts for both.",
        [countTable("store", figures.byStore), countTable("classification", figures.byClassification)],
        barsOf("Requests by store", figures.byStore),
      ),
      section(
        "purposes",
        "By purpose",
        "As the requesters named it.",
        [countTable("purpose", figures.byPurpose)],
        barsOf("Requests by purpose", figures.byPurpose),
      ),
      section(
        "categories",
        "By data category",
        "Categories of the stores that were asked for, by the catalog of the time. An access may have reached fewer; whose data was read does not show here.",
        [countTable("category", figures.byCategory)],
        barsOf("Requests by data category", figures.byCategory),
      ),
      section(
        "approvals",
        "Approvals and how long they took",
        `Approvals that a session rests on: ${answers.approvals}; denials: ${answers.denials}. ${
          answers.median === undefined
            ? "Nobody had to answer."
            : `From the request to an answer: median ${span(answers.median)}, longest ${span(answers.longest?.seconds ?? 0)} (${answers.longest?.request ?? ""}).`
        }`,
        [
          {
            head: ["request", "made (UTC)", "who", "access", "approved by", "after"],
            rows: answers.each
              .filter(({ verdict }) => verdict === "approval")
              .map((one) => [...itemCells(one), one.by, span(one.seconds)]),
            none: "No session of the period rests on an approval.",
          },
        ],
      ),
      section(
        "denials",
        "Denials",
        "Requests to which somebody said no who may, or which the requester withdrew.",
        [
          {
            head: ["request", "made (UTC)", "who", "access", "denied by", "after"],
            rows: answers.each
              .filter(({ verdict }) => verdict === "denial")
              .map((one) => [...itemCells(one), one.by, span(one.seconds)]),
            none: "Nothing was denied.",
          },
        ],
      ),
      section(
        "breakGlass",
        "Break-glass and its reviews",
        "Emergencies: nobody agreed beforehand, and another person says afterwards whether it was justified.",
        [
          {
            head: ["request", "made (UTC)", "who", "access", "outcome", "review", "by", "after"],
            rows: figures.breakGlass.map(({ review, ...one }) => [
              ...itemCells(one),
              one.outcome,
              review?.verdict ?? "not reviewed",
              review?.by ?? "",
              review === undefined ? "" : span(review.seconds),
            ]),
            none: "The glass was not broken.",
          },
        ],
      ),
      section(
        "revoked",
        "Sessions revoked",
        "The record says that somebody set out to end the session; IAM's policies and CloudTrail show whether it was done.",
        [
          {
            head: ["request", "made (UTC)", "who", "access", "revoked (UTC)", "by", "why"],
            rows: figures.revoked.map((one) => [
              ...itemCells(one),
              one.when.slice(0, 16).replace("T", " "),
              one.by,
              one.reason,
            ]),
            none: "No session was revoked.",
          },
        ],
      ),
      section(
        "unended",
        "Granted, without a recorded end",
        "Sessions that are over. `jit exec` records the end of its command and `jit forget` that a session was given up; `jit env`, `jit credentials` and SDKs record none. So these were never used, or used in a way that leaves no end, or a machine stopped before it could say so. The records alone do not tell which: CloudTrail's events for the session's access key do.",
        [
          {
            head: ["request", "made (UTC)", "who", "access"],
            rows: figures.unended.map(itemCells),
            none: "Every session that is over has a recorded end.",
          },
        ],
      ),
      section(
        "lengths",
        "How long was asked, and how long used",
        `Used means from the session's start to its last recorded end, of sessions that have one (${lengths.ended}); what ran beside that does not show.`,
        [
          {
            head: ["median of", "length"],
            rows: [
              ["asked", lengths.asked],
              ["granted", lengths.granted],
              ["used", lengths.used],
            ].flatMap(([name, seconds]) =>
              typeof seconds === "number" ? [[name as string, span(seconds)]] : [],
            ),
            none: "Nothing was asked for.",
          },
        ],
        {
          kind: "tenths",
          label: "Sessions by the share of their granted time that was used",
          values: lengths.tenths,
        },
      ),
      section(
        "officeHours",
        "Outside office hours",
        `Requests made outside Monday to Friday, ${clock(office.opens)} to ${clock(office.closes)}, ${office.timeZone}. Public holidays are not known here.`,
        [
          {
            head: ["request", "made (UTC)", "who", "access", "local time"],
            rows: figures.outside.map((one) => [...itemCells(one), one.local]),
            none: "Every request was made in office hours.",
          },
        ],
        {
          kind: "hours",
          label: `Requests by weekday and hour, ${office.timeZone}`,
          rows: figures.byHour,
          opens: office.opens / 60,
          closes: office.closes / 60,
        },
      ),
      {
        id: "references",
        title: `What speaks to which rule of ${frameworkNames[framework]}`,
        about: "Where to look for what. It is not said that a rule is met.",
        rules: [],
        tables: [
          {
            head: ["rule", "about", "what this report says that bears on it"],
            rows: references[framework].map(({ rule, about, says }) => [rule, about, says]),
            none: "",
          },
        ],
      },
    ],
  };
}

function headlinesOf(figures: Figures): Headline[] {
  const { answers, breakGlass } = figures;
  const unreviewed = breakGlass.filter(({ review }) => review === undefined).length;
  const count = (label: string, value: number, isBad = false): Headline => ({
    label,
    value: String(value),
    tone: isBad && value > 0 ? "bad" : "plain",
  });
  return [
    {
      label: "not verified",
      value: String(figures.unverified.length),
      tone: figures.unverified.length > 0 ? "bad" : "good",
    },
    count("requests", figures.requests),
    count("came to a session", figures.granted),
    count("denials", answers.denials),
    count("break-glass", breakGlass.length, true),
    count("of them not reviewed", unreviewed, true),
    {
      label: "median time to an answer",
      value: answers.median === undefined ? "–" : span(answers.median),
      tone: "plain",
    },
  ];
}

function unverifiedText({ unverified, pathOnly, unproven, withoutCatalog }: Figures): string {
  const of = (count: number, one: string, many: string) =>
    count === 0 ? [] : [`${count} ${count === 1 ? one : many}.`];
  return [
    ...of(
      unverified.length,
      "request has records that do not verify; codes are those of docs/record-format.md. If its request record can be believed, it is counted below all the same",
      "requests have records that do not verify; codes are those of docs/record-format.md. Those whose request record can be believed are counted below all the same",
    ),
    ...of(
      pathOnly.requests,
      "request was made with a key of which AWS did not sign whose it is",
      "requests were made with keys of which AWS did not sign whose they are",
    ),
    ...of(
      unproven,
      "request calls circumstances attested without a proof that the trust file accepts",
      "requests call circumstances attested without a proof that the trust file accepts",
    ),
    ...of(
      withoutCatalog,
      "request names a catalog or store that was not to be had: its classification and categories are missing below",
      "requests name a catalog or store that was not to be had: their classification and categories are missing below",
    ),
  ].join(" ");
}

function countTable<T extends Count>(
  what: string,
  counts: readonly T[],
  more: (one: T) => readonly string[] = () => [],
): Table {
  const extra = counts.map(more);
  return {
    head: [
      what,
      "requests",
      "sessions",
      "granted time",
      ...(extra.some(({ length }) => length > 0) ? ["key"] : []),
    ],
    rows: counts.map((one, index) => [
      one.name,
      one.requests,
      one.granted,
      span(one.seconds),
      ...(extra[index] ?? []),
    ]),
    none: "None.",
  };
}

/** The first twelve; the table has all. */
function barsOf(label: string, counts: readonly Count[]): Chart {
  const bars = counts
    .slice(0, 12)
    .map(({ name, requests, granted }) => ({ name, value: requests, part: granted }));
  return { kind: "bars", label, bars, partName: "came to a session" };
}

function itemCells({ request, at, who, targets }: Item): string[] {
  return [request, minute(at), who, targets];
}

function dayOf(at: Date): string {
  return at.toISOString().slice(0, 10);
}

function minute(at: Date): string {
  return at.toISOString().slice(0, 16).replace("T", " ");
}

/** `3d4h`, `1h5m`, `40s`: seconds show only below an hour. */
function span(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const rest = seconds % 86_400;
  const rough = seconds < 3600 ? rest : rest - (rest % 60);
  if (days === 0) return formatDuration(rough);
  return `${days}d${rough === 0 ? "" : formatDuration(rough - (rough % 3600))}`;
}

function clock(minutes: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
