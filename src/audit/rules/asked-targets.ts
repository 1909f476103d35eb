import { targetsOfRole } from "../../access/break-glass.ts";
import { sessionPolicies } from "../../access/policy/endings.ts";
import { findTargets } from "../../access/target.ts";
import type { Catalog, Target } from "../../access/types.ts";
import type { RequestLink } from "./link.ts";

/** What a catalog has for a request. */
export class AskedTargets {
  readonly targets: readonly Target[];
  #policies: ((notAfter: Date) => string) | undefined;

  constructor(targets: readonly Target[]) {
    this.targets = targets;
  }

  /** The policy of a session that ends then. @throws JitError where none can express the targets */
  policyUntil(notAfter: Date): string {
    this.#policies ??= sessionPolicies(this.targets);
    return this.#policies(notAfter);
  }
}

/** Most requests are for what others were for before. */
const known = new WeakMap<Catalog, Map<string, AskedTargets>>();
/** Of one catalog; whoever likes may ask for as many as there are stores and accesses. */
const mostKnown = 1024;

/** @throws JitError where the catalog has no such target */
export function askedTargets(
  catalog: Catalog,
  { targets, role }: Pick<RequestLink, "targets" | "role">,
): AskedTargets {
  const ofCatalog = known.get(catalog) ?? new Map<string, AskedTargets>();
  known.set(catalog, ofCatalog);
  const name = JSON.stringify([role, targets]);
  const before = ofCatalog.get(name);
  if (before !== undefined) return before;
  const asked = new AskedTargets(targetsOfRole(findTargets(catalog, targets), role));
  if (ofCatalog.size >= mostKnown) ofCatalog.clear();
  ofCatalog.set(name, asked);
  return asked;
}
