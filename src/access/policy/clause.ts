/**
 * A statement while it is compiled: every element a sorted list, so that equal ones look equal.
 */

/** One of Action/NotAction or Resource/NotResource. */
export interface Element {
  readonly not: boolean;
  readonly values: readonly string[];
}

/**
 * `"<operator> <key>"`, the operator with its qualifier and suffix as written, to the values any of which
 * will do. All entries must hold.
 */
export type Conditions = ReadonlyMap<string, readonly string[]>;

export interface Clause {
  readonly effect: "Allow" | "Deny";
  readonly action: Element;
  readonly resource: Element;
  readonly conditions: Conditions;
}

/** A statement as it stands in the text; single values are not wrapped. */
export interface StatementJson {
  readonly Effect: "Allow" | "Deny";
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** Code unit order, the same on every machine. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function sorted(values: Iterable<string>): readonly string[] {
  return [...new Set(values)].sort(byText);
}

export function conditionsOf(entries: Iterable<readonly [string, Iterable<string>]>): Conditions {
  const map = new Map<string, readonly string[]>();
  for (const [name, values] of entries) map.set(name, sorted(values));
  return map;
}

/** A clause of plain actions and resources. */
export function clause(
  effect: "Allow" | "Deny",
  actions: Iterable<string>,
  resources: Iterable<string>,
  conditions: Iterable<readonly [string, Iterable<string>]> = [],
): Clause {
  return {
    effect,
    action: { not: false, values: sorted(actions) },
    resource: { not: false, values: sorted(resources) },
    conditions: conditionsOf(conditions),
  };
}

/** Equal for equal conditions. */
export function conditionsKey(conditions: Conditions): string {
  return [...conditions]
    .map(([name, values]) => name + JSON.stringify(values))
    .sort(byText)
    .join("\n");
}

/** Whether every entry of `wide` stands in `narrow` too, so that `narrow` holding means that `wide` does. */
export function implies(narrow: Conditions, wide: Conditions): boolean {
  for (const [name, values] of wide) {
    const other = narrow.get(name);
    if (other === undefined || other.length !== values.length) return false;
    if (values.some((value, at) => value !== other[at])) return false;
  }
  return true;
}

function unwrapped(values: readonly string[]): string | readonly string[] {
  return values.length === 1 && values[0] !== undefined ? values[0] : values;
}

export function toJson(part: Clause): StatementJson {
  const grouped: Record<string, Record<string, string | readonly string[]>> = {};
  for (const [name, values] of [...part.conditions].sort(([a], [b]) => byText(a, b))) {
    const space = name.indexOf(" ");
    const operator = name.slice(0, space);
    grouped[operator] ??= {};
    const keys = grouped[operator];
    if (keys !== undefined) keys[name.slice(space + 1)] = unwrapped(values);
  }
  return {
    Effect: part.effect,
    [part.action.not ? "NotAction" : "Action"]: unwrapped(part.action.values),
    [part.resource.not ? "NotResource" : "Resource"]: unwrapped(part.resource.values),
    ...(part.conditions.size > 0 ? { Condition: grouped } : {}),
  };
}

/** The whole document, as short as JSON allows; Denies last, the rest in a fixed order. */
export function documentOf(parts: readonly Clause[]): { text: string; statements: readonly StatementJson[] } {
  const rendered = parts.map((part) => {
    const json = toJson(part);
    return { json, rank: part.effect === "Allow" ? 0 : 1, text: JSON.stringify(json) };
  });
  rendered.sort((a, b) => a.rank - b.rank || byText(a.text, b.text));
  const body = rendered.map((one) => one.text).join(",");
  return {
    text: `{"Version":"2012-10-17","Statement":${rendered.length === 1 ? body : `[${body}]`}}`,
    statements: rendered.map((one) => one.json),
  };
}
