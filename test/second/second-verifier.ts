import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect } from "vitest";
import type { Finding } from "../../src/audit/finding.ts";
import type { Judged } from "../audit/threats/world.ts";

/** `verify.py`, written from docs/record-format.md without a look at `src`. It needs Debian's python3-cryptography. */

const python = "/usr/bin/python3";
const packages = ["/usr/lib/python3/dist-packages", "/usr/local/lib/python3/dist-packages"];
const run = promisify(execFile);

/** Whether this machine can run it. */
export const hasSecondVerifier =
  existsSync(python) && packages.some((folder) => existsSync(join(folder, "cryptography")));

/** What follows from a catalog's policies and rules, which the document leaves to others. */
const leftOut = new Set([
  "ISSUE_POLICY",
  "ISSUE_UNAPPROVED",
  "ISSUE_DENIED",
  "REVIEW_NOT_ALLOWED",
  "REVIEW_UNFOUNDED",
  "REVIEW_MISSING",
  "REVIEW_REPEATED",
]);

type Told = Pick<Finding, "code" | "severity" | "object" | "about">;

interface Twice {
  /** What jit found: a line for each thing, or the code of an error. */
  readonly first: readonly string[];
  readonly second: readonly string[];
}

/** Has both verifiers judge the same copies, by name. */
async function judgedTwice(judged: ReadonlyMap<string, Judged>): Promise<ReadonlyMap<string, Twice>> {
  const root = mkdtempSync(join(tmpdir(), "jit-second-"));
  try {
    const names = [...judged.keys()];
    const [fingerprint = ""] = [...judged.values()].map((one) => one.fingerprint);
    const folders = names.map((_, index) => join(root, String(index)));
    for (const [index, { folder }] of [...judged.values()].entries()) {
      for (const [path, bytes] of folder.files) {
        const file = join(root, String(index), path);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, bytes);
      }
    }
    const program = resolve(import.meta.dirname, "verify.py");
    const options = { env: { PYTHONDONTWRITEBYTECODE: "1", LC_ALL: "C.UTF-8" }, maxBuffer: 64 * 1024 * 1024 };
    const { stdout } = await run(python, [program, fingerprint, ...folders], options);
    const lines = stdout.trimEnd().split("\n");
    return new Map(
      names.map((name, index) => {
        const { findings = [], error } = judged.get(name) ?? {};
        const second: { findings?: readonly Told[]; error?: string } = JSON.parse(lines[index] ?? "{}");
        return [
          name,
          { first: linesOf(findings, error), second: linesOf(second.findings ?? [], second.error) },
        ];
      }),
    );
  } finally {
    rmSync(root, { recursive: true });
  }
}

function linesOf(findings: readonly Told[], error: string | undefined): readonly string[] {
  if (error !== undefined) return [error];
  const told = findings.filter(({ code }) => !leftOut.has(code));
  return [
    ...new Set(
      told.map(({ code, severity, object, about = "-" }) => `${severity} ${code} ${object} ${about}`),
    ),
  ].sort();
}

/** Where the two say something else, the document decides; where it is silent, it is mended. */
export async function expectAgreement(judged: ReadonlyMap<string, Judged>): Promise<void> {
  for (const [name, { first, second }] of await judgedTwice(judged))
    expect([name, second]).toEqual([name, first]);
}
