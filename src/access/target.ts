import { JitError } from "../error.ts";
import { suggest } from "./catalog/suggest.ts";
import { escapeForTerminal } from "./text.ts";
import type { Catalog, Target } from "./types.ts";

/** Names of stores, accesses and purposes: they become session names, tags, paths and file names. */
export const namePattern = /^[a-z][a-z0-9-]{0,62}$/;

/** What was asked for, by name alone. */
export interface TargetName {
  readonly store: string;
  /** `undefined` where only a store was named. */
  readonly access: string | undefined;
}

/**
 * `customers:read`, or `customers` alone.
 * @throws JitError `TARGET_INVALID`
 */
export function parseTarget(text: string): TargetName {
  const [store = "", access, ...rest] = text.split(":");
  if (!namePattern.test(store) || (access !== undefined && !namePattern.test(access)) || rest.length > 0) {
    throw new JitError("TARGET_INVALID", `${quote(text)} is no target`, {
      hint: "name it STORE:ACCESS, such as customers:read",
    });
  }
  return { store, access };
}

/** `customers:read` */
export function formatTarget(target: Target): string {
  return `${target.store.name}:${target.access.name}`;
}

/**
 * Looks up what was asked for: sorted by name, without repetition, at least one. A store alone will do where it has
 * one access.
 * @throws JitError `TARGET_INVALID`, `TARGET_UNKNOWN` with a suggestion, `TARGETS_DIFFERENT_ROLES` where one session
 * cannot hold them all (role or issuer differs)
 */
export function findTargets(catalog: Catalog, texts: readonly string[]): readonly Target[] {
  if (texts.length === 0) {
    throw new JitError("TARGET_INVALID", "no target is named", {
      hint: "name it STORE:ACCESS; `jit stores` lists them",
    });
  }
  const found = new Map<string, Target>();
  for (const text of texts) {
    const target = findTarget(catalog, parseTarget(text));
    found.set(formatTarget(target), target);
  }
  const targets = [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, target]) => target);
  refuseDifferentRoles(targets.map(({ store }) => store));
  return targets;
}

function findTarget(catalog: Catalog, name: TargetName): Target {
  const store = catalog.stores.get(name.store);
  if (store === undefined) {
    throw new JitError("TARGET_UNKNOWN", `there is no store ${quote(name.store)}`, {
      hint: hintFor(name.store, [...catalog.stores.keys()], "`jit stores` lists them"),
    });
  }
  const accesses = [...store.accesses.keys()];
  const only = accesses.length === 1 ? accesses[0] : undefined;
  const wanted = name.access ?? only;
  if (wanted === undefined) {
    throw new JitError("TARGET_UNKNOWN", `the store ${store.name} has several accesses`, {
      hint: `name one: ${accesses.map((access) => `${store.name}:${access}`).join(", ")}`,
    });
  }
  const access = store.accesses.get(wanted);
  if (access === undefined) {
    throw new JitError("TARGET_UNKNOWN", `the store ${store.name} has no access ${quote(wanted)}`, {
      hint: hintFor(wanted, accesses, `it has ${accesses.join(", ")}`),
    });
  }
  return { store, access };
}

/**
 * One AssumeRole makes one session, so everything that its call takes must be the same.
 * @throws JitError `TARGETS_DIFFERENT_ROLES`
 */
export function refuseDifferentRoles(stores: readonly Target["store"][]): void {
  const [first, ...others] = stores;
  for (const other of others) {
    const differs = (["role", "issuer"] as const).find((key) => first?.[key] !== other[key]);
    if (first !== undefined && differs !== undefined) {
      throw new JitError(
        "TARGETS_DIFFERENT_ROLES",
        `${first.name} and ${other.name} do not have the same ${differs}`,
        { hint: "ask for each with a request of its own" },
      );
    }
  }
}

function hintFor(word: string, known: readonly string[], otherwise: string): string {
  const near = suggest(word, known);
  return near === undefined ? otherwise : `did you mean ${near}?`;
}

function quote(text: string): string {
  return JSON.stringify(escapeForTerminal(text.slice(0, 80)));
}
