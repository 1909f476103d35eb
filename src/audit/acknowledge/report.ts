import { type Finding, finding, type Severity } from "../finding.ts";
import type { RecordStore } from "../ports.ts";
import type { Report } from "../report.ts";
import { mapAtMost } from "../scan.ts";
import { acknowledgementName } from "./acknowledgement.ts";
import { canBeAcknowledged, evidenceOf, findingHash, nameFinding } from "./evidence.ts";
import type { Acknowledged, Acknowledgements, Acknowledger } from "./read.ts";

/** A finding with its hash, and who has acknowledged it. */
export interface JudgedFinding extends Finding {
  /** Left out where nobody can acknowledge it. */
  readonly hash?: string;
  readonly acknowledged?: readonly Acknowledger[];
}

export interface JudgedReport extends Report {
  readonly findings: readonly JudgedFinding[];
  /** Of `bySeverity`, what administrators have acknowledged: it is listed, and fails nothing. */
  readonly acknowledged: Readonly<Record<Severity, number>>;
}

type Store = Pick<RecordStore, "listVersions" | "readVersion">;

const parallelReads = 32;

/** A report's findings with their hashes, and without what was acknowledged in its verdict. */
export async function judgeReport(
  store: Store,
  report: Report,
  { counting, notices }: Acknowledgements,
  options: { readonly strict: boolean; readonly isWhole: boolean },
): Promise<JudgedReport> {
  const findings = await judgeFindings(store, report.findings, counting);
  const acknowledged: Record<Severity, number> = { invalid: 0, noise: 0, notice: 0 };
  for (const { severity, objects = 1, acknowledged: by } of findings)
    if (by !== undefined) acknowledged[severity] += objects;
  const said = [
    ...notices,
    ...(options.isWhole && report.omitted === 0 ? unused(findings, counting.values()) : []),
  ];
  const { invalid, noise, notice } = report.bySeverity;
  return {
    ...report,
    ok: invalid === acknowledged.invalid && (!options.strict || noise === acknowledged.noise),
    bySeverity: { invalid, noise, notice: notice + said.length },
    findings: [...findings, ...said],
    acknowledged,
  };
}

/** Findings with their hashes; what the bucket has of an object is looked at once. */
export async function judgeFindings(
  store: Store,
  findings: readonly Finding[],
  counting: Acknowledgements["counting"],
): Promise<readonly JudgedFinding[]> {
  const names = [
    ...new Set(findings.filter(({ code }) => canBeAcknowledged(code)).map(({ object }) => object)),
  ];
  const evidence = new Map(
    await mapAtMost(parallelReads, names, async (name) => [name, await evidenceOf(store, name)] as const),
  );
  return findings.map((found) => {
    const seen = canBeAcknowledged(found.code) ? evidence.get(found.object) : undefined;
    if (seen === undefined) return found;
    const hash = findingHash(nameFinding(found, seen));
    const by = counting.get(hash)?.by;
    return { ...found, hash, ...(by === undefined ? {} : { acknowledged: by }) };
  });
}

/** What was acknowledged and is there no more, or has changed since. */
function unused(findings: readonly JudgedFinding[], counting: Iterable<Acknowledged>): readonly Finding[] {
  const found = new Set(findings.map(({ hash }) => hash));
  return [...counting].flatMap(({ hash, finding: said, by: [first] }) => {
    if (found.has(hash) || first === undefined) return [];
    const message = `the ${said.code} that this acknowledges is there no more, or is another since`;
    return [finding("ACKNOWLEDGEMENT_UNUSED", acknowledgementName(hash, first.thumbprint), "-", message)];
  });
}
