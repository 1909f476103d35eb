import type { Finding } from "../../audit/finding.ts";
import type { Context } from "../context.ts";
import { clean } from "../style.ts";

/** A finding with the names of its objects, a line each. */
export function findingLine(finding: Finding, style: Context["style"]): string {
  const paint =
    finding.severity === "invalid" ? style.bad : finding.severity === "noise" ? style.dim : style.warn;
  const { object, objects = 1, examples = [] } = finding;
  const others = examples.filter((name) => name !== object);
  // Where there are no examples, the one object is named itself.
  const unnamed = objects - Math.max(examples.length, 1);
  const lines = [object, ...others, ...(unnamed > 0 ? [`… and ${unnamed} more`] : [])];
  const names = lines.map((line) => `\n  ${style.dim(clean(line))}`).join("");
  return `${paint(`${finding.severity} ${finding.code}`)} ${clean(finding.message)}${names}`;
}
