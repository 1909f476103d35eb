import type { Identity } from "../access/types.ts";
import type { StatementClaims } from "./statement.ts";

/**
 * Who counts for the separation of duties. Built only from what AWS has signed (the statement on the key) or lets nobody
 * choose (the userid in the record's name), never from a name that the caller could choose.
 */
export interface Person {
  /** What tells this person from others, each of which is enough; empty where nothing does. */
  readonly ids: readonly string[];
  /** The user's or role's unique id (`AIDA…`, `AROA…`): all sessions of a role share it. */
  readonly principal: string;
}

/**
 * @param by as the record says; of it the userid alone is proven by where the record lies
 * @param claims of AWS's statement on the writer's key, checked; `undefined` where there is none
 * @param sessionNameRoles ARNs of roles whose session names their identity provider sets, from the trust file
 */
export function personOf(
  by: Identity,
  claims: StatementClaims | undefined,
  sessionNameRoles: readonly string[],
): Person {
  const [principal = "", session] = by.userid.split(":");
  if (claims === undefined) return { ids: [], principal };
  const ids: string[] = [];
  if (claims.identityStoreUserId !== undefined) ids.push(`center:${claims.identityStoreUserId}`);
  if (claims.originSubject !== undefined) ids.push(`subject:${claims.originSubject}`);
  // A name is one person's wherever it stands: alice the user and a session whose source identity is alice.
  if (claims.sourceIdentity !== undefined) ids.push(nameId(claims.sourceIdentity));
  const user = /:user\/(?:.*\/)?([^/]+)$/.exec(claims.principal)?.[1];
  if (user !== undefined) ids.push(nameId(user));
  const isNamedByProvider =
    claims.identityStoreUserId !== undefined || sessionNameRoles.includes(claims.principal);
  if (session !== undefined && isNamedByProvider) ids.push(nameId(session));
  return { ids, principal };
}

/**
 * Whether two may be one person. In doubt they are: one of whom nothing personal is known is taken for any session of the
 * same role.
 */
export function mayBeSame(a: Person, b: Person): boolean {
  if (a.ids.some((id) => b.ids.includes(id))) return true;
  return a.principal === b.principal && (a.ids.length === 0 || b.ids.length === 0 || !isRole(a));
}

/** How many surely distinct persons there are: who may be the same, also by way of a third, counts once. */
export function distinctPersons<T extends { readonly person: Person }>(all: readonly T[]): readonly T[] {
  const groups: T[][] = [];
  for (const one of all) {
    const same = groups.filter((group) => group.some(({ person }) => mayBeSame(person, one.person)));
    for (const group of same) groups.splice(groups.indexOf(group), 1);
    groups.push([...same.flat(), one]);
  }
  return groups.flatMap(([first]) => first ?? []);
}

function isRole({ principal }: Person): boolean {
  return principal.startsWith("AROA");
}

/** IAM takes user names that differ in case alone for one. */
function nameId(name: string): string {
  return `name:${name.toLowerCase()}`;
}
