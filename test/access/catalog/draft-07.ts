/** The words of JSON Schema that our schema uses; another one is an error, so that nothing passes unchecked. */
const known = new Set(
  "$schema title description type properties required additionalProperties propertyNames minProperties items minItems enum const anyOf pattern minLength maxLength minimum maximum".split(
    " ",
  ),
);

type Schema = Readonly<Record<string, unknown>>;

/** Paths (`audit.bucket`) at which a value is not what a JSON Schema (draft-07) asks for. */
export function faultsOf(schema: unknown, value: unknown, path = ""): readonly string[] {
  if (schema === true) return [];
  if (schema === false) return [path];
  const of = schema as Schema;
  const odd = Object.keys(of).find((word) => !known.has(word));
  if (odd !== undefined) throw new Error(`the schema says ${odd}, which this test does not know`);
  return [...faultsHere(of, value).map(() => path), ...faultsInside(of, value, path)];
}

function faultsHere(of: Schema, value: unknown): readonly unknown[] {
  const { type, enum: words, const: only, anyOf, pattern } = of;
  const is = (limit: unknown, holds: (limit: number) => boolean) => typeof limit !== "number" || holds(limit);
  const bounds = [
    type === undefined || isOf(String(type), value),
    !Array.isArray(words) || words.includes(value),
    only === undefined || only === value,
    !Array.isArray(anyOf) || anyOf.some((one) => faultsOf(one, value).length === 0),
  ];
  if (typeof value === "string") {
    bounds.push(typeof pattern !== "string" || new RegExp(pattern, "u").test(value));
    bounds.push(is(of["minLength"], (least) => value.length >= least));
    bounds.push(is(of["maxLength"], (most) => value.length <= most));
  } else if (typeof value === "number") {
    bounds.push(
      is(of["minimum"], (least) => value >= least),
      is(of["maximum"], (most) => value <= most),
    );
  } else if (Array.isArray(value)) {
    bounds.push(is(of["minItems"], (least) => value.length >= least));
  } else if (typeof value === "object" && value !== null) {
    bounds.push(is(of["minProperties"], (least) => Object.keys(value).length >= least));
  }
  return bounds.filter((holds) => !holds);
}

function faultsInside(of: Schema, value: unknown, path: string): readonly string[] {
  const under = (key: string) => (path === "" ? key : `${path}.${key}`);
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => faultsOf(of["items"] ?? true, item, under(String(index))));
  }
  if (typeof value !== "object" || value === null) return [];
  const properties = (of["properties"] ?? {}) as Schema;
  const required = (of["required"] ?? []) as readonly string[];
  return [
    ...required.filter((key) => !Object.hasOwn(value, key)).map(under),
    ...Object.entries(value).flatMap(([key, inner]) => [
      ...faultsOf(of["propertyNames"] ?? true, key, under(key)),
      ...faultsOf(
        Object.hasOwn(properties, key) ? properties[key] : (of["additionalProperties"] ?? true),
        inner,
        under(key),
      ),
    ]),
  ];
}

function isOf(type: string, value: unknown): boolean {
  if (type === "array") return Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === type;
}
