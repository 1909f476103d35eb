import { isId } from "./id.ts";
import type { RequestBody } from "./types.ts";

/** Under this name of `claimed` a request names the one that it extends. */
export const extendsName = "extends";

/** The request that this one extends; `undefined` where it names none, `invalid` where what stands there is no id. */
export function extendsOf({ claimed }: Pick<RequestBody, "claimed">): string | undefined {
  const named = claimed[extendsName];
  if (named === undefined) return undefined;
  return isId(named) ? named : "invalid";
}
