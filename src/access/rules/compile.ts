import { CatalogError, type Problem } from "../catalog/problem.ts";
import { suggest } from "../catalog/suggest.ts";
import type { Catalog } from "../types.ts";
import type { EngineError, PolicyTree, RuleEngine } from "./engine.ts";
import { ruleText } from "./place.ts";
import { type RuleAction, ruleActions, ruleSchema } from "./schema.ts";
import { actionsOf, entitiesOf, readsClaims } from "./tree.ts";

/** One rule of a catalog. */
export interface Rule {
  readonly id: string;
  readonly effect: "permit" | "forbid";
  /** What its author has to say to who is refused. */
  readonly advice: string | undefined;
  readonly actions: readonly RuleAction[];
}

/** Rules that Cedar holds ready under `name`. */
export interface CompiledRules {
  readonly name: string;
  /** By id, in the order of the text. */
  readonly rules: ReadonlyMap<string, Rule>;
}

export const schemaName = "jit";

const idPattern = /^[a-z][a-z0-9-]{0,62}$/;
/** These stand in decisions where no rule of the catalog decided. */
const reserved: readonly string[] = ["catalog", "rules"];
const annotations: readonly string[] = ["id", "advice", "onClaims"];

interface Part {
  readonly text: string;
  /** UTF-8 bytes before it. */
  readonly start: number;
  readonly tree: PolicyTree;
}

/**
 * Checks the rules of a catalog and has Cedar hold them ready; all mistakes are found in one go. A catalog without rules
 * has none.
 * @param source how the catalog is called in messages
 * @throws CatalogError `CATALOG_INVALID` with line and column in `jit.yaml`
 */
export function compileRules(engine: RuleEngine, catalog: Catalog, source: string): CompiledRules {
  const { rules } = catalog;
  if (rules === undefined) return { name: "", rules: new Map() };
  const text = ruleText(rules);
  const problems: Problem[] = [];
  const report = (offset: number, message: string, suggestion?: string) => {
    problems.push({ ...text.at(offset), path: "rules", message, suggestion });
  };
  const all = cut(engine, rules.text, report);
  const parts = new Map<string, Part>();
  for (const part of all) {
    const id = checkPart(part, catalog, report);
    if (id === undefined) continue;
    if (parts.has(id)) report(part.start, `there is another rule ${id}`);
    else parts.set(id, part);
  }
  if (all.length === 0 && problems.length === 0) report(0, "there is no rule, so nothing would be allowed");
  const staticPolicies = Object.fromEntries([...parts].map(([id, part]) => [id, part.text]));
  const checked = engine.validate({ schema: ruleSchema, policies: { staticPolicies } });
  if (checked.type === "failure") for (const error of checked.errors) report(0, worded(error));
  else {
    // Cedar's warnings are rules that can never apply, and look-alike characters: nobody means either.
    for (const { policyId, error } of [...checked.validationErrors, ...checked.validationWarnings])
      report(
        (parts.get(policyId)?.start ?? 0) + startOf(error),
        worded(error).replace(/^for policy `[^`]*`, /, ""),
      );
  }
  if (problems.length > 0) throw new CatalogError(source, problems);
  const made = [
    engine.preparseSchema(schemaName, ruleSchema),
    engine.preparsePolicySet(catalog.digest, { staticPolicies }),
  ];
  if (made.some(({ type }) => type !== "success"))
    throw new CatalogError(source, [
      { ...text.at(0), path: "rules", message: "Cedar does not take them", suggestion: undefined },
    ]);
  return {
    name: catalog.digest,
    rules: new Map(
      [...parts].map(([id, { tree }]) => [
        id,
        {
          id,
          effect: tree.effect,
          advice: tree.annotations?.["advice"] ?? undefined,
          actions: actionsOf(tree),
        },
      ]),
    ),
  };
}

type Report = (offset: number, message: string, suggestion?: string) => void;

/** The policies of the text in its order, with where each begins. */
function cut(engine: RuleEngine, text: string, report: Report): readonly Part[] {
  const cutApart = engine.policySetTextToParts(text);
  if (cutApart.type === "failure") {
    for (const error of cutApart.errors) report(startOf(error), worded(error));
    return [];
  }
  if (cutApart.policy_templates.length > 0) report(0, "templates (?principal, ?resource) are not taken");
  const seen = new Map<string, number>();
  const parts: Part[] = [];
  for (const policy of cutApart.policies) {
    // Cedar gives them in no promised order; the same text may stand there twice.
    const offset = text.indexOf(policy, seen.get(policy) ?? 0);
    seen.set(policy, offset + 1);
    const start = Buffer.byteLength(text.slice(0, Math.max(offset, 0)));
    const read = engine.policyToJson(policy);
    if (read.type === "failure")
      for (const error of read.errors) report(start + startOf(error), worded(error));
    else parts.push({ text: policy, start, tree: read.json });
  }
  return parts.sort((a, b) => a.start - b.start);
}

/** Its id, where it has a good one. */
function checkPart(part: Part, catalog: Catalog, report: Report): string | undefined {
  const { tree, start } = part;
  const { id, onClaims } = tree.annotations ?? {};
  for (const name of Object.keys(tree.annotations ?? {})) {
    if (!annotations.includes(name)) report(start, `unknown annotation @${name}`, suggest(name, annotations));
  }
  if (onClaims !== undefined && onClaims !== "accepted")
    report(start, '@onClaims says "accepted" or nothing');
  if (
    actionsOf(tree).includes("autoApprove") &&
    onClaims !== "accepted" &&
    tree.conditions.some(readsClaims)
  ) {
    report(
      start,
      'autoApprove rests on context.claimed, which the requester\'s machine makes up: add @onClaims("accepted") if you mean it',
    );
  }
  checkNames(part, catalog, report);
  if (typeof id !== "string") {
    report(start, 'needs an @id("…")');
    return undefined;
  }
  if (idPattern.test(id) && !reserved.includes(id)) return id;
  report(start, "has an @id that is not of lower-case letters, digits and hyphens, or that jit uses itself");
  return undefined;
}

/** A misspelt name in a `forbid` would forbid nothing, and Cedar knows no names. */
function checkNames({ tree, text, start }: Part, catalog: Catalog, report: Report): void {
  const stores = [...catalog.stores.values()];
  const known: Readonly<Record<string, () => readonly string[]>> = {
    Action: () => ruleActions,
    Group: () => [...(catalog.rules?.groups.keys() ?? [])],
    Store: () => stores.map(({ name }) => name),
    Access: () =>
      stores.flatMap(({ name, accesses }) => [...accesses.keys()].map((access) => `${name}:${access}`)),
  };
  for (const { type, id } of entitiesOf(tree)) {
    const names = known[type]?.();
    if (names === undefined || names.includes(id)) continue;
    const at = text.indexOf(`${type}::${JSON.stringify(id)}`);
    const offset = Buffer.byteLength(text.slice(0, Math.max(at, 0)));
    report(
      start + offset,
      `the catalog has no ${type} ${JSON.stringify(id.slice(0, 60))}`,
      suggest(id, names),
    );
  }
}

function startOf(error: EngineError): number {
  return error.sourceLocations?.[0]?.start ?? 0;
}

function worded({ message, help }: EngineError): string {
  return help === null || help === "" ? message : `${message} (${help})`;
}
