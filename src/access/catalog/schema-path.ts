/** What the schema knows at a path: keys of an object, words of an enumeration. */
export interface Known {
  readonly keys: readonly string[];
  readonly options: readonly string[];
}

/** Walks a valibot schema along a path of the input. */
export function entriesAt(schema: unknown, path: readonly (string | number)[]): Known {
  let here = unwrap(schema);
  for (const step of path) here = unwrap(next(here, step));
  const of = record(here);
  return {
    keys: Object.keys(record(of["entries"])),
    options: Array.isArray(of["options"]) ? of["options"].filter((option) => typeof option === "string") : [],
  };
}

function next(schema: unknown, step: string | number): unknown {
  const of = record(schema);
  if (of["type"] === "record") return of["value"];
  if (of["type"] === "array") return of["item"];
  return record(of["entries"])[String(step)];
}

/** `optional` wraps a schema, `pipe` begins with one, a `union` of a word and a list is known by its list. */
function unwrap(schema: unknown): unknown {
  const of = record(schema);
  if (of["wrapped"] !== undefined) return unwrap(of["wrapped"]);
  if (Array.isArray(of["pipe"]) && of["pipe"][0] !== schema) return unwrap(of["pipe"][0]);
  if (of["type"] === "union" && Array.isArray(of["options"])) return unwrap(of["options"].at(-1));
  return schema;
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
