import { JitError } from "../../error.ts";
import { refusedCharacter } from "../../policy/measure.ts";
import type { Access, Grant, Store, Target } from "../types.ts";
import { type Clause, toJson } from "./clause.ts";
import { grantClauses } from "./grants.ts";

/** One grant of an access, with where it stands and the clauses it needs. */
export interface Content {
  readonly store: Store;
  readonly access: Access;
  /** From 1, in the order of the catalog. */
  readonly number: number;
  readonly grant: Grant;
  readonly clauses: readonly Clause[];
}

/**
 * The partition of a store's role.
 * @throws JitError `ROLE_INVALID` where the role is no ARN
 */
export function partitionOf(store: Store): string {
  const partition = /^arn:([a-z-]+):iam::/.exec(store.role)?.[1];
  if (partition === undefined) {
    throw new JitError("ROLE_INVALID", `the role of ${store.name} is not a role's ARN`, {
      hint: "write it as arn:aws:iam::ACCOUNT:role/NAME",
    });
  }
  return partition;
}

/**
 * What targets hold, grant by grant; a target named twice counts once.
 *
 * @throws JitError `GRANT_IMPOSSIBLE`, `POLICY_ALPHABET` (a character that no session policy may hold, in any
 *   of the grant's texts), both naming store, access and grant
 */
export function contentsOf(targets: readonly Target[]): readonly Content[] {
  const seen = new Set<string>();
  return targets.flatMap(({ store, access }) => {
    const name = `${store.name}:${access.name}`;
    if (seen.has(name)) return [];
    seen.add(name);
    const partition = partitionOf(store);
    return access.grants.map((grant, index): Content => {
      const place = `grant ${index + 1} of ${name}`;
      const clauses = located(place, () => grantClauses(grant, partition));
      for (const one of clauses) refuseForeign(one, place);
      return { store, access, number: index + 1, grant, clauses };
    });
  });
}

function located<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof JitError)) throw error;
    throw new JitError(error.code, `${place}: ${error.message}`, { hint: error.hint, cause: error });
  }
}

/** JSON could write any character as an escape; whether STS takes those is not documented, so they are refused. */
function refuseForeign(one: Clause, place: string): void {
  const strings = [...one.action.values, ...one.resource.values, ...[...one.conditions].flat(2)];
  for (const text of strings) {
    const refused = refusedCharacter(text);
    if (refused === undefined) continue;
    const code = (refused.character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    throw new JitError("POLICY_ALPHABET", `${place}: no session policy may hold the character U+${code}`, {
      hint: "name a shorter prefix that ends before it, or rename the resource",
    });
  }
}

/** What a grant is about, in a few words for an error: `s3 customers-eu`. */
export function labelOf(content: Content): string {
  const { grant } = content;
  switch (grant.kind) {
    case "s3":
      return `s3 ${grant.bucket}`;
    case "dynamodb":
      return `dynamodb ${grant.table}`;
    case "secret":
      return `secret ${grant.arn}`;
    case "kms":
      return `kms ${grant.key}`;
    case "database":
      return `database ${grant.resourceId}/${grant.user}`;
    case "statement":
      return `statement ${content.clauses
        .flatMap((one) => one.action.values)
        .slice(0, 3)
        .join(", ")}`;
  }
}

/** Characters that clauses take up in a text, commas between them included. */
export function lengthOf(clauses: readonly Clause[]): number {
  return clauses.reduce((sum, one) => sum + JSON.stringify(toJson(one)).length + 1, -1);
}
