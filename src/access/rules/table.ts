import * as v from "valibot";
import { JitError } from "../../error.ts";
import { brokenGlass } from "../break-glass.ts";
import { readYaml } from "../catalog/yaml.ts";
import { defaultDuration, parseDuration } from "../duration.ts";
import { findTargets } from "../target.ts";
import { escapeForTerminal } from "../text.ts";
import type { AccessQuestion, Catalog, Decision, Rules } from "../types.ts";

/** `jit rules test FILE`: a team's own tests of its rules. */

const texts = v.record(
  v.string(),
  v.pipe(v.union([v.string(), v.boolean(), v.number()]), v.transform(String)),
);

const tableSchema = v.strictObject({
  cases: v.pipe(
    v.array(
      v.strictObject({
        name: v.optional(v.string()),
        principal: v.union([
          v.string(),
          v.strictObject({
            arn: v.string(),
            userid: v.optional(v.string()),
            account: v.optional(v.string()),
          }),
        ]),
        targets: v.pipe(v.array(v.string()), v.minLength(1)),
        context: v.optional(
          v.strictObject({
            duration: v.optional(v.string()),
            time: v.optional(v.pipe(v.string(), v.isoTimestamp())),
            purpose: v.optional(v.string()),
            ticket: v.optional(v.string()),
            breakGlass: v.optional(v.boolean()),
            attested: v.optional(texts),
            claimed: v.optional(texts),
          }),
        ),
        expect: v.pipe(v.string(), v.regex(/^(?:granted|approval|refused(?: [a-z][a-z0-9-]*)?)$/)),
      }),
    ),
    v.minLength(1),
  ),
});

type Case = v.InferOutput<typeof tableSchema>["cases"][number];

export interface CaseResult {
  readonly name: string;
  readonly expected: string;
  /** In the words of `expect`, the rule included. */
  readonly found: string;
  readonly message: string | undefined;
  readonly passed: boolean;
}

/**
 * @param source how the file is called in messages
 * @throws JitError `FILE_INVALID`
 */
export function parseCases(bytes: Uint8Array, source: string): readonly Case[] {
  const read = readYaml(bytes);
  if (!read.ok) {
    const [problem] = read.problems;
    throw invalid(
      `${source}:${problem?.line ?? 1}:${problem?.column ?? 1}: ${problem?.message ?? "is no YAML"}`,
    );
  }
  const parsed = v.safeParse(tableSchema, read.value);
  if (parsed.success) return parsed.output.cases;
  const [issue] = parsed.issues;
  throw invalid(`${source}: ${v.getDotPath(issue) ?? "the file"}: ${issue.message}`);
}

/** @throws JitError where a case names targets or a duration that the catalog does not have */
export async function runCases(
  cases: readonly Case[],
  rules: Rules,
  catalog: Catalog,
  now: Date,
): Promise<readonly CaseResult[]> {
  const results: CaseResult[] = [];
  for (const [index, one] of cases.entries()) {
    const decision = await rules.decide(questionOf(one, catalog, now), catalog);
    const found = wordOf(decision);
    results.push({
      name: one.name ?? `case ${index + 1}`,
      expected: one.expect,
      found,
      message: decision.kind === "refused" ? decision.message : undefined,
      passed: found === one.expect || (one.expect === "refused" && decision.kind === "refused"),
    });
  }
  return results;
}

function questionOf(
  { principal, targets: names, context = {} }: Case,
  catalog: Catalog,
  now: Date,
): AccessQuestion {
  const { arn, userid, account } = typeof principal === "string" ? { arn: principal } : principal;
  const found = findTargets(catalog, names);
  const { duration, time, purpose, ticket, breakGlass = false, attested = {}, claimed = {} } = context;
  const targets = breakGlass ? brokenGlass(found) : found;
  return {
    identity: { arn, userid: userid ?? "AIDATEST", account: account ?? arn.split(":")[4] ?? "" },
    targets,
    justification: {
      purpose: purpose ?? catalog.defaults.purpose ?? "test",
      reason: "A case of the rules",
      ticket,
    },
    circumstances: { attested, claimed },
    duration: duration === undefined ? defaultDuration(catalog, targets) : parseDuration(duration),
    now: time === undefined ? now : new Date(time),
    breakGlass,
  };
}

function wordOf(decision: Decision): string {
  if (decision.kind === "granted") return "granted";
  return decision.kind === "needsApproval" ? "approval" : `refused ${decision.rule}`;
}

function invalid(message: string): JitError {
  return new JitError("FILE_INVALID", escapeForTerminal(message), {
    hint: "docs/rules.md shows a table of cases",
  });
}
