import fc from "fast-check";

/** What hostile hands make of bytes that were right: for parsers, which must find it, or say clearly what is wrong. */

/** Words that formats are made of, and what they forget. */
const words = [
  "\n",
  "\n\n",
  "\r\n",
  "\0",
  "— ",
  '"',
  "\\",
  "{",
  "}",
  "[",
  "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
  ",",
  ":",
  "null",
  "-",
  "-1",
  "0",
  "1e999",
  "9007199254740993",
  "18446744073709551616",
  "=",
  "==",
  ".",
  "..",
  "/",
  "//",
  "\u202e",
  "\ud800",
  "\ufeff",
  "é",
  "é",
  "__proto__",
  "constructor",
  '"__proto__":{}',
  "v1/rec/",
  "<",
  "&#x0;",
  "%00",
];

type Edit = (bytes: Uint8Array) => Uint8Array;

function edits(seeds: readonly Uint8Array[]): fc.Arbitrary<Edit> {
  const part = fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.constantFrom(...words).map((word) => Buffer.from(word)),
    // A stretch of something that was right elsewhere.
    fc
      .tuple(fc.constantFrom(...seeds), fc.nat(), fc.nat(200))
      .map(([seed, at, length]) => seed.subarray(at % (seed.length + 1)).subarray(0, length)),
  );
  return fc
    .tuple(
      fc.nat(),
      fc.oneof(fc.constantFrom(0, 1, 1, 2), fc.nat(400)),
      part,
      fc.constantFrom("put", "flip", "drop", "twice", "cut"),
    )
    .map(([where, length, more, kind]) => (bytes) => {
      const at = where % (bytes.length + 1);
      const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
      if (kind === "put") return Buffer.concat([head, more, tail.subarray(length)]);
      if (kind === "drop") return Buffer.concat([head, tail.subarray(length)]);
      if (kind === "twice") return Buffer.concat([head, tail.subarray(0, length), tail]);
      if (kind === "cut") return head;
      return bytes.map((byte, i) => (i === at ? byte ^ (1 << (length % 8)) : byte));
    });
}

/** Another value in some place of a JSON text; the text as it is where it is none. */
function jsonEdit(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return fc.constant(bytes);
  }
  const paths = pathsOf(value);
  const other = fc.oneof(
    fc.constantFrom<unknown>(null, true, -1, 0, 2 ** 53, "", "-", [], {}, [null], { __proto__: 1 }),
    fc.string({ unit: "binary", maxLength: 6 }),
    fc.jsonValue({ maxDepth: 1 }),
  );
  return fc
    .tuple(fc.constantFrom(...paths), other, fc.boolean())
    .map(([path, put, isGone]) =>
      Buffer.from(JSON.stringify(replaced(value, path, isGone ? undefined : put)) ?? ""),
    );
}

type Path = readonly (string | number)[];

function pathsOf(value: unknown, at: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [at];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [at, ...entries.slice(0, 20).flatMap(([name, member]) => pathsOf(member, [...at, name]))];
}

function replaced(value: unknown, [name, ...rest]: Path, put: unknown): unknown {
  if (name === undefined) return put;
  if (Array.isArray(value)) return value.map((one, i) => (i === name ? replaced(one, rest, put) : one));
  return typeof value === "object" && value !== null
    ? { ...value, [name]: replaced((value as Record<string | number, unknown>)[name], rest, put) }
    : value;
}

/** Random bytes, and changes of what was right: a few edits of the bytes, or another value in some place of JSON. */
export function hostile(seeds: readonly Uint8Array[]): fc.Arbitrary<Buffer> {
  const seed = fc.constantFrom(...seeds);
  const edited = fc
    .tuple(seed, fc.array(edits(seeds), { minLength: 1, maxLength: 3 }))
    .map(([bytes, some]) => some.reduce((now, edit) => edit(now), bytes));
  const any = fc.oneof(
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) },
    { weight: 6, arbitrary: edited },
    { weight: 3, arbitrary: seed.chain(jsonEdit) },
  );
  return any.map((bytes) => Buffer.from(bytes));
}
