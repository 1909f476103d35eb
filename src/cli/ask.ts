import { parseDuration } from "../access/duration.ts";
import { refuseDifferentRoles } from "../access/target.ts";
import type { Catalog } from "../access/types.ts";
import type { Context } from "./context.ts";
import { askText, choose } from "./prompts.ts";

/** The questions of `jit request`, in a person's words. */

/** What was typed, with an access for each store that stands there alone; where nothing was typed, one target. */
export async function askTargets(
  context: Context,
  catalog: Catalog,
  given: readonly string[],
): Promise<readonly string[]> {
  if (given.length === 0) return [await askTarget(context, catalog)];
  if (!context.terminal.interactive) return given;
  // Before anybody is asked about what cannot be had together.
  refuseDifferentRoles(given.flatMap((word) => catalog.stores.get(word.split(":")[0] ?? "") ?? []));
  const targets: string[] = [];
  for (const word of given)
    targets.push(catalog.stores.has(word) ? await askAccess(context, catalog, word) : word);
  return targets;
}

/** Which store, by typing parts of its name or title, and which of its accesses. */
async function askTarget(context: Context, catalog: Catalog): Promise<string> {
  const name = await choose(context, {
    message: "Which store?",
    flag: "a target STORE:ACCESS",
    choices: [...catalog.stores.values()].map((store) => ({
      value: store.name,
      title: store.title,
      description: `${store.classification}: ${store.dataCategories.join(", ")}`,
    })),
  });
  return await askAccess(context, catalog, name);
}

async function askAccess(context: Context, catalog: Catalog, name: string): Promise<string> {
  const access = await choose(context, {
    message: `Which access to ${name}?`,
    flag: "a target STORE:ACCESS",
    choices: [...(catalog.stores.get(name)?.accesses.values() ?? [])].map((one) => ({
      value: one.name,
      title: one.title,
    })),
  });
  return `${name}:${access}`;
}

export async function askDuration(
  context: Context,
  of: { fallback: string; longest: string; check: (text: string) => void },
): Promise<number> {
  const typed = await askText(context, {
    message: `For how long? (at most ${of.longest})`,
    flag: "--for",
    fallback: of.fallback,
    check: (text) => whatIsWrong(() => of.check(text)),
  });
  return parseDuration(typed);
}

/** What a check throws, in words for a prompt. */
export function whatIsWrong(check: () => unknown): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
