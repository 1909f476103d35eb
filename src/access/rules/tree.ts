import type { EntityName, PolicyTree } from "./engine.ts";
import { type RuleAction, ruleActions } from "./schema.ts";

/** Looks into a policy in Cedar's JSON form. */

/** One rule of a catalog. */
export interface Rule {
  readonly id: string;
  readonly effect: "permit" | "forbid";
  /** What its author has to say to who is refused. */
  readonly advice: string | undefined;
  readonly actions: readonly RuleAction[];
  /** The group that its scope names, where it does. */
  readonly group?: string | undefined;
  /** The store, or `store:access`, that its scope names, where it does. */
  readonly resource?: string | undefined;
  /**
   * The policy itself, as Cedar has read it: reading its text again takes three times as long as deciding by it. `undefined`
   * where it holds a number that JavaScript cannot (Cedar's have 64 bits): then the text is what counts.
   */
  readonly tree?: PolicyTree | undefined;
}

export function ruleOf(tree: PolicyTree): Rule {
  const { id, advice } = tree.annotations ?? {};
  return {
    id: id ?? "rules",
    effect: tree.effect,
    advice: advice ?? undefined,
    actions: actionsOf(tree),
    group: [...entitiesOf(tree.principal)].find(({ type }) => type === "Group")?.id,
    resource: resourceOf(tree),
    tree: isExact(tree) ? tree : undefined,
  };
}

function isExact(node: unknown): boolean {
  if (typeof node === "number" || typeof node === "bigint") return Number.isSafeInteger(node);
  return typeof node !== "object" || node === null || Object.values(node).every(isExact);
}

/** The store or access in the scope of a policy; `undefined` where it speaks of all. */
export function resourceOf({ resource }: PolicyTree): string | undefined {
  const [entity] = entitiesOf(resource);
  return entity?.id;
}

/**
 * The actions that a policy speaks of: all of them where its scope names none; but what permits anything must name
 * `breakGlass` to permit that.
 */
export function actionsOf({ action, effect }: PolicyTree): readonly RuleAction[] {
  if (action.op === "All")
    return effect === "permit" ? ruleActions.filter((name) => name !== "breakGlass") : ruleActions;
  const named = [...entitiesOf(action)].map(({ id }) => id);
  return ruleActions.filter((name) => named.includes(name));
}

/** Every entity that is named anywhere in it. */
export function* entitiesOf(node: unknown): Generator<EntityName> {
  if (typeof node !== "object" || node === null) return;
  if (isEntity(node)) yield node;
  for (const inner of Object.values(node)) yield* entitiesOf(inner);
}

function isEntity(node: object): node is EntityName {
  return "type" in node && "id" in node && typeof node.type === "string" && typeof node.id === "string";
}

/**
 * Whether an expression may look at `context.claimed`: by its name, or by taking the context as a whole, out of which
 * anything can be had. Only a named attribute other than that is known to be none of it.
 */
export function readsClaims(node: unknown): boolean {
  if (typeof node !== "object" || node === null) return false;
  if ("Var" in node && node.Var === "context") return true;
  const attribute = attributeOfContext(node);
  if (attribute !== undefined) return attribute === "claimed";
  return Object.values(node).some(readsClaims);
}

function attributeOfContext(node: object): string | undefined {
  const found: unknown = "." in node ? node["."] : "has" in node ? node.has : undefined;
  if (typeof found !== "object" || found === null || !("left" in found) || !("attr" in found))
    return undefined;
  const { left, attr } = found;
  if (typeof left !== "object" || left === null || !("Var" in left) || left.Var !== "context")
    return undefined;
  const first: unknown = Array.isArray(attr) ? attr[0] : attr;
  return typeof first === "string" ? first : undefined;
}
