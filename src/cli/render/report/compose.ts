import type { Acknowledged } from "../../../audit/acknowledge/read.ts";
import type { Figures } from "../../../audit/report/figures.ts";
import { type Framework, frameworkNames, references } from "../../../audit/report/frameworks.ts";
import { dayOf, minute } from "../utc.ts";
import { barsOf, countTable, itemCells, span } from "./cells.ts";
import type { Headline, ReportDocument } from "./document.ts";
import { eventSections } from "./events.ts";
import { sectionOf } from "./section.ts";

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
  /** Findings of the whole log, whenever they were acknowledged. */
  readonly acknowledged: readonly Acknowledged[];
}

/** What the figures say, in words and tables: facts, and what they can mean; no judgement. */
export function composeReport(facts: ReportFacts, figures: Figures): ReportDocument {
  const { framework } = facts;
  const section = sectionOf(framework);
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
        {
          head: ["acknowledged by administrators", "object", "by", "at (UTC)", "why it may stand"],
          rows: facts.acknowledged.flatMap(({ finding, by }) =>
            by.map(({ name, at, reason }) => [
              finding.code,
              finding.object,
              name,
              minute(new Date(at)),
              reason,
            ]),
          ),
          none: "No finding of this log was acknowledged.",
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
        "Who asked. Several AWS identities are one person where AWS attests the same person of each; else each stands by itself. “By the path only” (in the chart ~) means that S3 attests the identity, and AWS did not sign whose key it is.",
        [countTable("person", figures.byPerson, (one) => [one.attested ? "attested" : "by the path only"])],
        barsOf(
          "Requests by person",
          figures.byPerson.map((one) => ({
            ...one,
            name: `${one.attested ? "" : "~ "}${one.name}`,
          })),
        ),
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
      ...eventSections(framework, figures),
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
