import { parseOfficeHours } from "../../../../src/audit/report/clock.ts";
import { figuresOf } from "../../../../src/audit/report/figures.ts";
import { composeReport, type ReportFacts } from "../../../../src/cli/render/report/compose.ts";
import type { ReportDocument } from "../../../../src/cli/render/report/document.ts";
import { answer, ended, entry, identity, reviewed, revoked, session } from "../../../audit/report/entries.ts";

/** A report in which every part has something; each text that comes from records is made by `text`. */
export function sampleReport(text: (plain: string) => string = (plain) => plain): ReportDocument {
  const who = (name: string) => ({
    ...identity(name),
    arn: `arn:aws:sts::111111111111:assumed-role/D/${text(name)}`,
  });
  const asked = (name: string) => ({
    by: who(name),
    targets: [`${text("customers")}:${text("read")}`],
    stores: [
      {
        name: text("customers"),
        classification: text("restricted"),
        dataCategories: [text("name"), text("birth date")],
      },
    ],
    purpose: text("support"),
  });
  const said = (act: ReturnType<typeof answer>) => ({ ...act, by: who("carol") });
  const entries = [
    entry(
      "2026-11-03T09:00:00Z",
      {
        sessions: [session("2026-11-03T09:30:00Z", 60)],
        answers: [said(answer("approval", "carol", "2026-11-03T09:30:00Z"))],
        ends: [ended("2026-11-03T09:40:00Z")],
      },
      asked("alice"),
    ),
    entry(
      "2026-11-04T09:00:00Z",
      { outcome: "denied", answers: [said(answer("denial", "carol", "2026-11-04T10:00:00Z"))] },
      asked("alice"),
    ),
    entry(
      "2026-11-07T23:00:00Z",
      {
        outcome: "revoked",
        sessions: [session("2026-11-07T23:00:05Z")],
        revocations: [{ ...revoked("carol", "2026-11-07T23:05:00Z", text("lost laptop")), by: who("carol") }],
        reviews: [{ ...reviewed("carol", "2026-11-08T08:00:00Z"), by: who("carol") }],
      },
      { ...asked("bob"), breakGlass: true },
    ),
    entry("2026-11-09T09:00:00Z", { problems: ["CHAIN_GAP"], grade: "path only" }, asked("dave")),
  ];
  const period = { from: new Date("2026-11-01T00:00:00Z"), to: new Date("2026-12-01T00:00:00Z") };
  const facts: ReportFacts = {
    framework: "gdpr",
    organization: text("acme"),
    fingerprint: "ab".repeat(32),
    catalogVersion: 3,
    generatedAt: new Date("2026-12-01T08:00:00Z"),
    recordsUntil: new Date("2026-12-01T08:00:00Z"),
    acknowledged: [
      {
        hash: "ef".repeat(32),
        finding: {
          v: 1,
          log: "ab".repeat(32),
          code: "CHAIN_GAP",
          severity: "invalid",
          object: text("v1/rec/x"),
          about: "4-4",
          evidence: "cd".repeat(32),
          reason: text("a restored disk"),
        },
        by: [
          {
            name: text("ada"),
            thumbprint: "A".repeat(43),
            at: "2026-11-10T08:00:00Z",
            reason: text("a restored disk"),
          },
        ],
      },
    ],
    objects: 12,
    client: "jit/0.1.0",
  };
  const office = parseOfficeHours("08:00-18:00", "Europe/Berlin");
  const noise = new Map([[text("AROAEXAMPLEEXAMPLE123:eve"), 3]]);
  return composeReport(facts, figuresOf(entries, { period, office, noise, now: facts.generatedAt }));
}

/** What somebody might put into a record, a catalog or an object's name. */
export const hostile = [
  "</title></style></svg><script>alert(1)</script>",
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  "<!-- ",
  "&lt;b&gt;",
  "javascript:alert(1)",
  "[x](https://evil.example) ![y](https://evil.example/z.png) <https://evil.example>",
  "a | b \\| c `code` **bold** ~~s~~ $x$ @user #1",
  "www.evil.example https://evil.example",
  "\u202eabc\u0000\r\n\r\n# heading",
  '=HYPERLINK("https://evil.example")',
  "}body{display:none",
] as const;
