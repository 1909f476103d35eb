import { JitError } from "../../error.ts";
import { covers } from "../../policy/cover.ts";
import { MANAGED_POLICY_LIMIT, storedPolicyLength } from "../../policy/measure.ts";
import type { Store } from "../types.ts";
import { type Clause, conditionsKey, documentOf } from "./clause.ts";
import { boundsOf } from "./compile.ts";
import { type Content, contentsOf } from "./contents.ts";
import { mergeClauses } from "./merge.ts";
import { networkDenies } from "./networks.ts";
import { PolicyTooLarge } from "./size.ts";

/**
 * The permissions boundary of a store's role: what all its accesses together may ever open, from its
 * networks, without an end. A raw Deny stands in it only where every access has it, since else it would
 * take away what another access grants.
 *
 * @throws JitError `CEILING_IDENTITY` where a raw statement allows anything of `sts` or `iam`;
 *   `POLICY_TOO_LARGE` past the 6,144 characters of a managed policy; as `compileSessionPolicy` besides
 */
export function storeCeiling(store: Store): string {
  const contents = contentsOf([...store.accesses.values()].map((access) => ({ store, access })));
  for (const content of contents) refuseIdentity(content);
  const given = contents.flatMap((content) => content.clauses);
  const allows = given.filter((one) => one.effect === "Allow");
  if (allows.length === 0) {
    throw new JitError("POLICY_EMPTY", `${store.name} grants nothing`, {
      hint: "give it an access with a grant",
    });
  }
  const { text } = documentOf(
    mergeClauses([...allows, ...commonDenies(contents, store), ...networkDenies(boundsOf(contents))]),
  );
  const characters = storedPolicyLength(text);
  if (characters > MANAGED_POLICY_LIMIT) {
    throw new PolicyTooLarge(`the ceiling of ${store.name}`, characters, MANAGED_POLICY_LIMIT, contents);
  }
  return text;
}

function commonDenies(contents: readonly Content[], store: Store): readonly Clause[] {
  const holders = new Map<string, { one: Clause; accesses: Set<string> }>();
  for (const { access, clauses } of contents) {
    for (const one of clauses.filter(({ effect }) => effect === "Deny")) {
      const key = JSON.stringify([one.action, one.resource, conditionsKey(one.conditions)]);
      const holder = holders.get(key) ?? { one, accesses: new Set<string>() };
      holder.accesses.add(access.name);
      holders.set(key, holder);
    }
  }
  return [...holders.values()]
    .filter(({ accesses }) => accesses.size === store.accesses.size)
    .map(({ one }) => one);
}

/** With either service, a session could make itself another one. */
function refuseIdentity(content: Content): void {
  for (const { effect, action } of content.clauses) {
    if (effect === "Deny") continue;
    const found = action.not
      ? !["sts:*", "iam:*"].every((all) => action.values.some((one) => covers(one.toLowerCase(), all)))
      : action.values.some(reachesIdentity);
    if (!found) continue;
    const name = `${content.store.name}:${content.access.name}`;
    throw new JitError("CEILING_IDENTITY", `grant ${content.number} of ${name} reaches into sts or iam`, {
      hint: "name the actions of the service that holds the data",
    });
  }
}

function reachesIdentity(pattern: string): boolean {
  const service = pattern.toLowerCase().split(":")[0] ?? "";
  return covers(service, "sts") || covers(service, "iam") || service === "*";
}
