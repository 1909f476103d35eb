import type { CatalogRules } from "../types.ts";

/** Line and column in `jit.yaml`, from 1, of a UTF-8 byte offset into the rules, which is how Cedar counts. */
export function ruleText({ text, place }: CatalogRules): {
  at(offset: number): { line: number; column: number };
} {
  const bytes = Buffer.from(text);
  return {
    at(offset) {
      const before = bytes.subarray(0, offset).toString();
      const lines = before.split("\n");
      return { line: place.line + lines.length - 1, column: place.indent + (lines.at(-1) ?? "").length + 1 };
    },
  };
}
