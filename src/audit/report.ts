import type { Finding, Severity } from "./finding.ts";
import type { Grade } from "./statement.ts";
import type { TreeReport } from "./tree/sealed-log.ts";
import { type RecordType, recordTypes } from "./types.ts";

/** What verification found. */
export interface Report {
  /** No `invalid` finding; under `strict` no `noise` either. */
  readonly ok: boolean;
  /** Objects under the prefix, whatever they are. */
  readonly objects: number;
  /** Valid records. */
  readonly records: number;
  readonly byType: Readonly<Record<RecordType, number>>;
  /** Valid records by how well it is known whose key signed. */
  readonly byGrade: Readonly<Record<Grade, number>>;
  /** Objects and links that were found; one finding can be of several objects. */
  readonly bySeverity: Readonly<Record<Severity, number>>;
  /** Objects of noise by `aws:userid`; `-` where the name does not tell. */
  readonly noiseByWriter: ReadonlyMap<string, number>;
  /** The first findings of each severity, in the order in which they were made; `bySeverity` counts all. */
  readonly findings: readonly Finding[];
  /** Findings beyond those. */
  readonly omitted: number;
  /** `undefined` where there are no checkpoints yet. */
  readonly tree: TreeReport | undefined;
}

/** Counts while verification runs, and keeps a bounded number of findings of each severity: whoever makes noise must not crowd out the rest. */
export class Tally {
  objects = 0;
  readonly #byType = Object.fromEntries(recordTypes.map((type) => [type, 0])) as Record<RecordType, number>;
  readonly #byGrade: Record<Grade, number> = { attested: 0, "path only": 0 };
  readonly #bySeverity: Record<Severity, number> = { invalid: 0, noise: 0, notice: 0 };
  readonly #noise = new Map<string, number>();
  readonly #findings: Finding[] = [];
  readonly #kept: Record<Severity, number> = { invalid: 0, noise: 0, notice: 0 };
  #omitted = 0;
  readonly #most: number;
  readonly #onFinding: (finding: Finding) => void;

  constructor(most: number, onFinding: (finding: Finding) => void) {
    this.#most = most;
    this.#onFinding = onFinding;
  }

  record(type: RecordType, grade: Grade): void {
    this.#byType[type]++;
    this.#byGrade[grade]++;
  }

  take(findings: Iterable<Finding>): void {
    for (const finding of findings) {
      const objects = finding.objects ?? 1;
      this.#bySeverity[finding.severity] += objects;
      if (finding.severity === "noise") {
        this.#noise.set(finding.writer, (this.#noise.get(finding.writer) ?? 0) + objects);
      }
      if (this.#kept[finding.severity] < this.#most) {
        this.#kept[finding.severity]++;
        this.#findings.push(finding);
      } else this.#omitted++;
      this.#onFinding(finding);
    }
  }

  report(strict: boolean, tree?: TreeReport): Report {
    const { invalid, noise } = this.#bySeverity;
    return {
      ok: invalid === 0 && (noise === 0 || !strict),
      objects: this.objects,
      records: this.#byGrade.attested + this.#byGrade["path only"],
      byType: this.#byType,
      byGrade: this.#byGrade,
      bySeverity: this.#bySeverity,
      noiseByWriter: this.#noise,
      findings: this.#findings,
      omitted: this.#omitted,
      tree,
    };
  }
}
