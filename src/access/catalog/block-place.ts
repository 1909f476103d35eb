import { isMap, isScalar, type Node, Scalar } from "yaml";
import { decodeUtf8 } from "../utf8.ts";
import type { Place } from "./yaml.ts";

/**
 * Where the text of `rules: |` stands: the line of its first line, and how far it is indented. `undefined` where there
 * are no rules, or they are written as another kind of text, whose lines are not those of the file.
 */
export function blockPlace(
  bytes: Uint8Array,
  root: Node | null,
  at: (offset: number) => Place,
): { readonly line: number; readonly indent: number } | undefined {
  if (!isMap(root)) return undefined;
  const block = root.get("rules", true);
  if (!isScalar(block) || block.type !== Scalar.BLOCK_LITERAL || typeof block.value !== "string")
    return undefined;
  const line = at(block.range?.[0] ?? 0).line + 1;
  const own = block.value.split("\n");
  const first = own.findIndex((text) => text.trim() !== "");
  const source = (decodeUtf8(bytes) ?? "").split(/\r?\n/)[line - 1 + first] ?? "";
  return { line, indent: Math.max(0, source.length - (own[first]?.length ?? 0)) };
}
