import type { Context } from "./context.ts";
import { type Named, namedBy, outside } from "./principals.ts";
import { compiledStatements } from "./statement.ts";
import { or, type Tri } from "./tri.ts";
import type { AccessRequest, Layers, Policy, Reason, Statement } from "./types.ts";

/** What one list of policies says about a request. */
export interface Finding {
  readonly deny: Tri;
  /** By the way in which the Principal element named the caller; other layers use `self` alone. */
  readonly allow: Readonly<Record<Named, Tri>>;
  readonly denying: readonly Reason[];
  readonly allowing: readonly Reason[];
  /** Statements that may match, by the unknown keys; their keys. */
  readonly undecided: readonly Reason[];
  readonly unknownKeys: readonly string[];
}

/** A layer, or one level of it, under the name that reasons give it. */
export interface Level {
  readonly layer: keyof Layers;
  readonly level?: number;
  readonly policies: readonly Policy[];
  /** For resource policies: whether the caller has a permissions boundary. */
  readonly bounded?: boolean;
}

/** Tests every statement of a level. Only resource policies have a Principal element to test. */
export function examine(level: Level, request: AccessRequest, action: string, context: Context): Finding {
  let deny: Tri = false;
  const allow: Record<Named, Tri> = { self: false, anyone: false, role: false, account: false };
  const denying: Reason[] = [];
  const allowing: Reason[] = [];
  const undecided: Reason[] = [];
  const unknownKeys: string[] = [];
  for (const [index, policy] of level.policies.entries()) {
    for (const compiled of compiledStatements(policy)) {
      const { statement } = compiled;
      const named =
        level.layer === "resource" ? addressed(statement, request, level.bounded === true) : "self";
      if (named === undefined) continue;
      const { result, keys } = context.noted(() => compiled.matches(action, request.resource, context));
      if (result === false) continue;
      const reason: Reason = {
        layer: level.layer,
        ...(level.level === undefined ? {} : { level: level.level }),
        policy: index,
        statement: compiled.index,
        sid: statement.sid,
        effect: statement.effect,
      };
      if (statement.effect === "Deny") deny = or(deny, result);
      else allow[named] = or(allow[named], result);
      if (result === "unknown") {
        undecided.push(reason);
        unknownKeys.push(...keys);
      } else (statement.effect === "Deny" ? denying : allowing).push(reason);
    }
  }
  return { deny, allow, denying, allowing, undecided, unknownKeys };
}

function addressed(statement: Statement, request: AccessRequest, bounded: boolean): Named | undefined {
  if (statement.principal !== undefined) return namedBy(statement.principal, request.principal);
  if (statement.notPrincipal === undefined) return undefined;
  // AWS excepts nobody who has a boundary: access_policies_boundaries.html in the IAM user guide.
  if (bounded && statement.effect === "Deny") return "anyone";
  return outside(statement.notPrincipal, request.principal, statement.effect) ? "anyone" : undefined;
}
