import type { OpenedResource } from "../../access/policy/describe.ts";
import { clean, wrap } from "../style.ts";

/** What is opened, a line each: `S3: read, list on s3://acme-customers/eu/* (limits)`. */
export function openedLines(opened: readonly OpenedResource[], columns: number, indent: string): string[] {
  return opened.map((one) => {
    const limits = one.limits.length === 0 ? "" : ` (${one.limits.join("; ")})`;
    const line = clean(`${one.service}: ${one.actions.join(", ")} on ${one.resources.join(", ")}${limits}`);
    return indent + wrap(line, columns, `${indent}  `);
  });
}
