import { parseDuration } from "../access/duration.ts";
import type { Catalog } from "../access/types.ts";
import type { Context } from "./context.ts";
import { askText, choose } from "./prompts.ts";

/** The questions of `jit request`, in a person's words. */

/** Which store, by typing parts of its name or title, and which of its accesses. */
export async function askTarget(context: Context, catalog: Catalog): Promise<string> {
  const name = await choose(context, {
    message: "Which store?",
    flag: "a target STORE:ACCESS",
    choices: [...catalog.stores.values()].map((store) => ({
      value: store.name,
      title: `${store.name}  ${store.title}`,
      description: `${store.classification}: ${store.dataCategories.join(", ")}`,
    })),
  });
  const store = catalog.stores.get(name);
  const access = await choose(context, {
    message: "Which access?",
    flag: "a target STORE:ACCESS",
    choices: [...(store?.accesses.values() ?? [])].map((one) => ({
      value: one.name,
      title: one.title === undefined ? one.name : `${one.name}  ${one.title}`,
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
