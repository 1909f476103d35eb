import { extendsName } from "../../audit/extends.ts";
import { notBeforeName } from "../../audit/window.ts";

type Claims = Readonly<Record<string, string>>;

/** What a request says of its circumstances; what it says of its window and of another request is told in lines of its own. */
export function withoutLinks({ [extendsName]: _, [notBeforeName]: __, ...circumstances }: Claims): Claims {
  return circumstances;
}
