import type { Acknowledger } from "../../audit/acknowledge/read.ts";
import type { JudgedFinding } from "../../audit/acknowledge/report.ts";
import type { Context } from "../context.ts";
import { clean, wrap } from "../style.ts";

/** Digits of a finding's hash that are shown: whoever acknowledges one names it by them. */
const shownDigits = 12;

/** A finding with the names of its objects, a line each, its hash, and who has acknowledged it. */
export function findingLine(finding: JudgedFinding, style: Context["style"], columns: number): string {
  const { object, objects = 1, examples = [], severity, hash, acknowledged } = finding;
  const paint =
    severity === "notice" || acknowledged !== undefined
      ? style.warn
      : severity === "invalid"
        ? style.bad
        : style.dim;
  const others = examples.filter((name) => name !== object);
  // Where there are no examples, the one object is named itself.
  const unnamed = objects - Math.max(examples.length, 1);
  const lines = [object, ...others, ...(unnamed > 0 ? [`… and ${unnamed} more`] : [])].map(clean);
  if (hash !== undefined && severity !== "notice") lines.push(`finding ${hash.slice(0, shownDigits)}`);
  const below = lines.map((line) => `\n  ${style.dim(line)}`).join("");
  const known =
    acknowledged === undefined ? "" : `\n  ${wrap(acknowledgedLine(acknowledged), columns, "  ")}`;
  const name = `${severity} ${finding.code}`;
  const head = wrap(`${name} ${clean(finding.message)}`, columns, "  ");
  return `${paint(name)}${head.slice(name.length)}${below}${known}`;
}

/** By whom, when and why. */
export function acknowledgedLine(acknowledged: readonly Acknowledger[]): string {
  const each = acknowledged.map(({ name, at, reason }) => `by ${name} at ${at.replace("T", " ")}: ${reason}`);
  return clean(`acknowledged ${each.join("; ")}`);
}
