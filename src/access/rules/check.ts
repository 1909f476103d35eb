import { CatalogError, type Problem } from "../catalog/problem.ts";
import { suggest } from "../catalog/suggest.ts";
import type { Catalog } from "../types.ts";
import type { EngineError, PolicyTree, RuleEngine } from "./engine.ts";
import { ruleText } from "./place.ts";
import { cut } from "./prepare.ts";
import { ruleActions, ruleSchema } from "./schema.ts";
import { actionsOf, entitiesOf, type Rule, readsClaims, resourceOf, ruleOf } from "./tree.ts";

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

/** What Cedar says of a rule because a name in its scope is misspelt, which is told by itself. */
const followsFromName = /^(?:unrecognized |policy is impossible|unable to find an applicable action)/;

/**
 * Checks the rules of a catalog against the schema and against its names; all mistakes are found in one go. A catalog
 * without rules has none.
 * @param source how the catalog is called in messages
 * @returns in the order of the text
 * @throws CatalogError `CATALOG_INVALID` with line and column in `jit.yaml`
 */
export function checkRules(engine: RuleEngine, catalog: Catalog, source: string): readonly Rule[] {
  const { rules } = catalog;
  if (rules === undefined) return [];
  const { at } = ruleText(rules);
  const problems: Problem[] = [];
  const report = (offset: number, message: string, suggestion?: string) => {
    problems.push({ ...at(offset), path: "rules", message, suggestion });
  };
  const all = read(engine, rules.text, report);
  const parts = new Map<string, Part>();
  const misnamed = new Set<string>();
  for (const part of all) {
    const id = checkPart(part, catalog, report);
    const isMisnamed = checkNames(part, catalog, report);
    if (id === undefined) continue;
    if (isMisnamed) misnamed.add(id);
    if (parts.has(id)) report(part.start, `there is another rule ${id}`);
    else parts.set(id, part);
  }
  if (all.length === 0 && problems.length === 0) report(0, "there is no rule, so nothing would be allowed");
  const staticPolicies = Object.fromEntries([...parts].map(([id, part]) => [id, part.text]));
  const checked = engine.validate({ schema: ruleSchema, policies: { staticPolicies } });
  if (checked.type === "failure") for (const error of checked.errors) report(0, worded(error));
  else {
    const told = new Set<string>();
    // Cedar's warnings are rules that can never apply, and look-alike characters: nobody means either.
    for (const { policyId, error } of [...checked.validationErrors, ...checked.validationWarnings]) {
      const offset = (parts.get(policyId)?.start ?? 0) + startOf(error);
      const message = worded(error).replace(/^for policy `[^`]*`, /, "");
      if (misnamed.has(policyId) && followsFromName.test(message)) continue;
      // It is said for each action that the rule speaks of.
      const once = `${offset} ${message.replace(/ for Action::"[^"]*"/, "")}`;
      if (!told.has(once)) report(offset, message);
      told.add(once);
    }
  }
  if (problems.length > 0) throw new CatalogError(source, problems);
  return [...parts.values()].map(({ tree }) => ruleOf(tree));
}

type Report = (offset: number, message: string, suggestion?: string) => void;

/** The policies of the text in its order, with where each begins. */
function read(engine: RuleEngine, text: string, report: Report): readonly Part[] {
  const pieces = cut(engine, text);
  if (!Array.isArray(pieces)) {
    for (const error of pieces.errors) report(startOf(error), worded(error));
    return [];
  }
  const parts: Part[] = [];
  for (const piece of pieces) {
    const start = Buffer.byteLength(text.slice(0, piece.offset));
    const read = engine.policyToJson(piece.text);
    if (read.type === "success") parts.push({ text: piece.text, start, tree: read.json });
    else for (const error of read.errors) report(start + startOf(error), worded(error));
  }
  return parts;
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
  const alone = actionsOf(tree).find((action) => action === "autoApprove" || action === "breakGlass");
  if (alone !== undefined && onClaims !== "accepted" && tree.conditions.some(readsClaims)) {
    report(
      start,
      `${alone} rests on context.claimed, which the requester's machine makes up: add @onClaims("accepted") if you mean it`,
    );
  }
  const given = givenAway(tree, catalog);
  if (given !== undefined)
    report(start, `${given} is issued by its approvers, so autoApprove can give nothing of it`);
  if (typeof id !== "string") {
    report(start, 'needs an @id("…")');
    return undefined;
  }
  if (idPattern.test(id) && !reserved.includes(id)) return id;
  report(start, "has an @id that is not of lower-case letters, digits and hyphens, or that jit uses itself");
  return undefined;
}

/** The store that another than the requester issues for, where a rule would have it need nobody. */
function givenAway(tree: PolicyTree, catalog: Catalog): string | undefined {
  const [store = ""] = resourceOf(tree)?.split(":") ?? [];
  const onlyThat = tree.effect === "permit" && actionsOf(tree).join() === "autoApprove";
  return onlyThat && (catalog.stores.get(store)?.issuer ?? "requester") !== "requester" ? store : undefined;
}

/** Whether a name is misspelt: in a `forbid` it would forbid nothing, and Cedar knows no names. */
function checkNames({ tree, text, start }: Part, catalog: Catalog, report: Report): boolean {
  const stores = [...catalog.stores.values()];
  const known: Readonly<Record<string, () => readonly string[]>> = {
    Action: () => ruleActions,
    Group: () => [...(catalog.rules?.groups.keys() ?? [])],
    Store: () => stores.map(({ name }) => name),
    Access: () =>
      stores.flatMap(({ name, accesses }) => [...accesses.keys()].map((access) => `${name}:${access}`)),
  };
  let found = false;
  for (const { type, id } of entitiesOf(tree)) {
    const names = known[type]?.();
    if (names === undefined || names.includes(id)) continue;
    found = true;
    const at = text.indexOf(`${type}::${JSON.stringify(id)}`);
    const offset = Buffer.byteLength(text.slice(0, Math.max(at, 0)));
    report(
      start + offset,
      `the catalog has no ${type} ${JSON.stringify(id.slice(0, 60))}`,
      suggest(id, names),
    );
  }
  return found;
}

function startOf(error: EngineError): number {
  return error.sourceLocations?.[0]?.start ?? 0;
}

function worded({ message, help }: EngineError): string {
  return help === null || help === "" ? message : `${message} (${help})`;
}
