import { clean } from "../../style.ts";

/** HTML in which every text is escaped; no string is taken for it by mistake. */
export interface Markup {
  readonly markup: string;
}

/**
 * HTML whose values are escaped, in text and in quoted attributes alike, unless they are markup themselves: what comes from
 * records can be nothing but text.
 */
export function html(
  strings: TemplateStringsArray,
  ...values: readonly (Markup | string | number | readonly Markup[])[]
): Markup {
  let all = strings[0] ?? "";
  for (const [index, value] of values.entries()) all += printed(value) + (strings[index + 1] ?? "");
  return { markup: all };
}

function printed(value: Markup | string | number | readonly Markup[]): string {
  if (typeof value === "string" || typeof value === "number") return escapeHtml(String(value));
  return "markup" in value ? value.markup : value.map(({ markup }) => markup).join("");
}

function escapeHtml(text: string): string {
  return clean(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}
