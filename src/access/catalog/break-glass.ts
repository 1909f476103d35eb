import type { BreakGlassTerms, Store } from "../types.ts";
import type { Report } from "./problem.ts";
import type { CatalogYaml } from "./schema.ts";

type StoreYaml = CatalogYaml["stores"][string];

/** Longest that any session can be: STS's 12 hours. */
const longest = 43_200;

/** A store with what it is in an emergency, where it has that. */
export function withBreakGlass(store: Store, { breakGlass }: StoreYaml, report: Report): Store {
  if (breakGlass === undefined) return store;
  const { role, maximumDuration } = breakGlass;
  if (maximumDuration > longest) report(["breakGlass", "maximumDuration"], "AWS's sessions last 12h at most");
  return {
    ...store,
    breakGlass: { ...store, role, maximumDuration, issuer: "requester", isBreakGlass: true },
  };
}

/** A record's role tells whether it is of an emergency: so no store may have another's break-glass role for every day. */
export function checkBreakGlassRoles(
  stores: ReadonlyMap<string, Store>,
  report: (store: string, message: string) => void,
): void {
  const everyday = new Map([...stores.values()].map(({ role, name }) => [role, name]));
  for (const { name, breakGlass } of stores.values()) {
    const other = everyday.get(breakGlass?.role ?? "");
    if (other !== undefined) report(name, `must be a role of its own: it is that of ${other} every day`);
  }
}

/** What follows, where any store has break-glass. */
export function breakGlassTerms(
  yaml: CatalogYaml["breakGlass"],
  stores: ReadonlyMap<string, Store>,
  report: (message: string) => void,
): BreakGlassTerms | undefined {
  if ([...stores.values()].some(({ breakGlass }) => breakGlass !== undefined))
    return { unreviewed: yaml?.unreviewed ?? "note", grace: yaml?.grace ?? 86_400 };
  if (yaml !== undefined) report("says what follows, and no store has breakGlass");
  return undefined;
}
