import { JitError } from "../../error.ts";
import { SESSION_POLICY_LIMIT } from "../../policy/measure.ts";
import type { Target } from "../types.ts";
import { type Clause, clause, documentOf, type StatementJson } from "./clause.ts";
import { type Content, contentsOf } from "./contents.ts";
import { describe, type OpenedResource } from "./describe.ts";
import { mergeClauses } from "./merge.ts";
import { type Bound, networkDenies } from "./networks.ts";
import { PolicyTooLarge } from "./size.ts";

export interface SessionPolicyInput {
  /** All of one role. */
  readonly targets: readonly Target[];
  /** When the grant ends; cut to the whole second before it. */
  readonly notAfter: Date;
}

export interface CompiledPolicy {
  /** Minimal JSON, the same for the same targets in any order. */
  readonly text: string;
  /** As STS counts them; at most 2,048. */
  readonly characters: number;
  readonly statements: readonly StatementJson[];
  /** What is opened, for people. */
  readonly summary: readonly OpenedResource[];
}

/**
 * The inline session policy of a request: the fewest actions on exactly the targets' resources, a Deny that
 * ends it at `notAfter` by AWS's clock, and the Denies that hold stores to their networks. A Deny among the
 * catalog's raw statements holds for the whole session, whatever else is requested with it.
 *
 * @throws JitError
 *   - `POLICY_ROLES` where the targets' roles differ
 *   - `POLICY_EMPTY` where nothing would be allowed
 *   - `POLICY_TOO_LARGE` past 2,048 characters, as `PolicyTooLarge`
 *   - `POLICY_NETWORKS` where two stores' networks shut each other out
 *   - `POLICY_ALPHABET`, `GRANT_IMPOSSIBLE`, `ROLE_INVALID` for a store that no policy can express
 */
export function compileSessionPolicy(input: SessionPolicyInput): CompiledPolicy {
  oneRole(input.targets);
  const contents = contentsOf(input.targets);
  const clauses = mergeClauses(sessionClauses(contents, input.notAfter));
  const { text, statements } = documentOf(clauses);
  if (text.length > SESSION_POLICY_LIMIT) {
    throw new PolicyTooLarge("the session policy", text.length, SESSION_POLICY_LIMIT, contents);
  }
  return { text, characters: text.length, statements, summary: describe(input.targets) };
}

/**
 * The statements of a session policy before they are merged: the plain meaning, which the merged text must
 * keep.
 */
export function sessionClauses(contents: readonly Content[], notAfter: Date): readonly Clause[] {
  const given = contents.flatMap((content) => content.clauses);
  if (!given.some((one) => one.effect === "Allow")) {
    throw new JitError("POLICY_EMPTY", "nothing would be allowed", {
      hint: "name a target that grants something",
    });
  }
  return [...given, endDeny(notAfter), ...networkDenies(boundsOf(contents))];
}

/** Refuses everything after the last whole second that is not after `notAfter`. */
export function endDeny(notAfter: Date): Clause {
  return clause("Deny", ["*"], ["*"], [["DateGreaterThan aws:CurrentTime", [endOf(notAfter)]]]);
}

/** How that second stands in a policy. */
export function endOf(notAfter: Date): string {
  const second = new Date(Math.floor(notAfter.getTime() / 1000) * 1000);
  return second.toISOString().replace(".000Z", "Z");
}

/** What each store allows, with its networks; a store that allows nothing has nothing to hold to them. */
export function boundsOf(contents: readonly Content[]): readonly Bound[] {
  const bounds = Map.groupBy(contents, (content) => content.store);
  return [...bounds]
    .map(([store, its]) => ({
      store: store.name,
      networks: store.networks,
      allows: its.flatMap((content) => content.clauses.filter((one) => one.effect === "Allow")),
    }))
    .filter((bound) => bound.allows.length > 0);
}

function oneRole(targets: readonly Target[]): void {
  const [first] = targets;
  const other = targets.find((target) => target.store.role !== first?.store.role);
  if (first === undefined || other === undefined) return;
  throw new JitError("POLICY_ROLES", `${first.store.name} and ${other.store.name} have different roles`, {
    hint: "one session has one role: request them one at a time",
  });
}
