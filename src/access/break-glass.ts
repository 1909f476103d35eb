import { JitError } from "../error.ts";
import { formatTarget } from "./target.ts";
import type { Catalog, Store, Target } from "./types.ts";

/**
 * Break-glass: the same accesses of a store by another role, which its catalog keeps for emergencies and whose sessions the
 * requester issues alone. `Store.breakGlass` is the store as it is then; it counts as of the catalog where the store does.
 */

/**
 * The targets as they are had in an emergency.
 * @throws JitError `BREAK_GLASS_UNAVAILABLE` where a store has no role for that; `TARGETS_DIFFERENT_ROLES`
 */
export function brokenGlass(targets: readonly Target[]): readonly Target[] {
  const broken = targets.map((target) => {
    const store = target.store.breakGlass;
    if (store !== undefined) return { store, access: target.access };
    throw new JitError("BREAK_GLASS_UNAVAILABLE", `the catalog has no break-glass for ${target.store.name}`, {
      hint: "ask without --break-glass; `jit stores show` says which stores have it",
    });
  });
  const [first, ...others] = broken;
  const other = others.find(({ store }) => store.role !== first?.store.role);
  if (first === undefined || other === undefined) return broken;
  throw new JitError(
    "TARGETS_DIFFERENT_ROLES",
    `${formatTarget(first)} and ${formatTarget(other)} do not have the same break-glass role`,
    { hint: "ask for each with a request of its own" },
  );
}

/** Whether these are targets of an emergency; all of them are, or none. */
export function isBrokenGlass(targets: readonly Target[]): boolean {
  return targets.some(({ store }) => store.isBreakGlass === true);
}

/** Targets of a record in the form that its role tells: a role is either a store's or its break-glass, never both. */
export function targetsOfRole(targets: readonly Target[], role: string): readonly Target[] {
  const isBroken = targets.every(({ store }) => store.role !== role && store.breakGlass?.role === role);
  return isBroken && targets.length > 0 ? brokenGlass(targets) : targets;
}

/** Whether a record's role is one that this catalog keeps for emergencies. */
export function isBreakGlassRole({ stores }: Pick<Catalog, "stores">, role: string): boolean {
  for (const { breakGlass } of stores.values()) if (breakGlass?.role === role) return true;
  return false;
}

/** Whether the store stands in the catalog, as it is every day or in an emergency, and is not one that only bears its name. */
export function isListed({ stores }: Pick<Catalog, "stores">, store: Store): boolean {
  const listed = stores.get(store.name);
  return listed !== undefined && (listed === store || listed.breakGlass === store);
}

/** The roles of a store: every day's, and that of emergencies. */
export function rolesOf(store: Store): readonly string[] {
  return store.breakGlass === undefined ? [store.role] : [store.role, store.breakGlass.role];
}
