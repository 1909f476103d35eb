import { JitError } from "../error.ts";
import { readFileIfThere } from "./compose/admin-files.ts";

/** How reports of ours begin, in each format. */
const beginnings = [
  /^# Access to personal data at /,
  /^<!doctype html>[\s\S]{0,2000}<title>Access to personal data at /,
  /^part,item,measure,value\r?\n/,
];

/**
 * A report may take the place of one that was made before, and of nothing else.
 * @throws JitError `FILE_EXISTS`
 */
export function refuseForeignFile(path: string): void {
  const there = readFileIfThere(path);
  if (there === undefined || there.length === 0) return;
  const text = Buffer.from(there.subarray(0, 4096))
    .toString("utf8")
    .replace(/^\ufeff/, "");
  if (beginnings.some((beginning) => beginning.test(text))) return;
  throw new JitError("FILE_EXISTS", `${path} is there already, and is no report of jit`, {
    hint: "name another file, or move it away",
  });
}
