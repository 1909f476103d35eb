import * as v from "valibot";
import { isAlias, isMap, isNode, isScalar, LineCounter, type Node, parseDocument, visit } from "yaml";
import { sha256Hex } from "../digest.ts";
import type { Catalog } from "../types.ts";
import { buildCatalog } from "./build.ts";
import { CatalogError, type Problem } from "./problem.ts";
import { catalogSchema } from "./schema.ts";
import { entriesAt } from "./schema-path.ts";
import { suggest } from "./suggest.ts";

/** Largest `jit.yaml`, bytes. */
const largest = 1024 * 1024;

type Path = readonly (string | number)[];

/**
 * Reads a `jit.yaml`. All problems are found in one go, each with line and column.
 * @param source how the file is called in messages
 * @throws CatalogError `CATALOG_INVALID`
 */
export function parseCatalog(bytes: Uint8Array, source: string): Catalog {
  if (bytes.length > largest) throw whole(source, `is larger than ${largest / 1024} KiB`);
  const text = decode(bytes, source);
  const lines = new LineCounter();
  // Merge keys and tags stay off: what a person reads is what there is.
  const document = parseDocument(text, {
    lineCounter: lines,
    version: "1.2",
    schema: "core",
    uniqueKeys: true,
    merge: false,
    prettyErrors: false,
  });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const problems: Problem[] = document.errors.map(({ pos, message }) => ({
    ...at(pos[0]),
    path: "",
    message,
    suggestion: undefined,
  }));
  visit(document, {
    Alias: (_key, node) => {
      problems.push({
        ...at(node.range?.[0] ?? 0),
        path: "",
        message: "anchors and aliases are not taken",
        suggestion: undefined,
      });
    },
  });
  if (problems.length > 0) throw new CatalogError(source, problems);

  const parsed = v.safeParse(catalogSchema, document.toJS({ maxAliasCount: 0 }));
  const locate = (path: Path, key = false) => at(offsetOf(document.contents, path, key));
  if (!parsed.success) {
    throw new CatalogError(
      source,
      parsed.issues.flatMap((issue) => problemsOf(issue, locate)),
    );
  }
  const found: Problem[] = [];
  const catalog = buildCatalog(parsed.output, sha256Hex(bytes), (path, message, suggestion) => {
    found.push({ ...locate(path), path: pathText(path), message, suggestion });
  });
  if (found.length > 0) throw new CatalogError(source, found);
  return catalog;
}

function decode(bytes: Uint8Array, source: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw whole(source, "is not UTF-8");
  }
}

function whole(source: string, message: string): CatalogError {
  return new CatalogError(source, [{ line: 1, column: 1, path: "", message, suggestion: undefined }]);
}

type Issue = v.BaseIssue<unknown>;

function problemsOf(
  issue: Issue,
  locate: (path: Path, key?: boolean) => { line: number; column: number },
): Problem[] {
  const path = (issue.path ?? []).map((item) => item.key as string | number);
  const last = path.at(-1);
  const parent = path.slice(0, -1);
  const name = String(last);
  if (issue.type === "strict_object" && issue.expected === "never") {
    const known = entriesAt(catalogSchema, parent);
    return [
      {
        ...locate(path, true),
        path: pathText(path),
        message: `unknown key ${JSON.stringify(name)}`,
        suggestion: suggest(name, known.keys),
      },
    ];
  }
  // A key that is missing is shown where its owner stands.
  if (issue.received === "undefined") {
    return [
      {
        ...locate(parent),
        path: pathText(path),
        message: `${JSON.stringify(name)} is missing`,
        suggestion: undefined,
      },
    ];
  }
  const options = entriesAt(catalogSchema, path).options;
  if (options.length > 0 && typeof issue.input === "string") {
    const message = `${JSON.stringify(issue.input.slice(0, 60))} is none of ${options.join(", ")}`;
    return [{ ...locate(path), path: pathText(path), message, suggestion: suggest(issue.input, options) }];
  }
  const own = issue.message.startsWith("Invalid ")
    ? `must be ${article(issue.expected ?? "something else")}, not ${issue.received}`
    : issue.message;
  return [
    {
      ...locate(path, issue.path?.at(-1)?.origin === "key"),
      path: pathText(path),
      message: own,
      suggestion: undefined,
    },
  ];
}

function article(expected: string): string {
  const word = {
    Object: "a map",
    Array: "a list",
    string: "text",
    number: "a number",
    boolean: "true or false",
  }[expected];
  return word ?? expected;
}

/** `stores.customers.accesses.read.s3[0].allow` */
function pathText(path: Path): string {
  return path
    .map((step, index) => (typeof step === "number" ? `[${step}]` : index === 0 ? step : `.${step}`))
    .join("");
}

/** Where the value of a path begins, or its key; of the nearest there is. */
function offsetOf(root: Node | null, path: Path, key: boolean): number {
  let node: unknown = root;
  let offset = isNode(root) ? (root.range?.[0] ?? 0) : 0;
  for (const [index, step] of path.entries()) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
      if (pair === undefined) return offset;
      const wanted = key && index === path.length - 1 ? pair.key : (pair.value ?? pair.key);
      if (isNode(wanted)) offset = wanted.range?.[0] ?? offset;
      node = pair.value;
    } else if (typeof node === "object" && node !== null && "items" in node && Array.isArray(node.items)) {
      const item: unknown = node.items[Number(step)];
      if (!isNode(item) || isAlias(item)) return offset;
      offset = item.range?.[0] ?? offset;
      node = item;
    } else return offset;
  }
  return offset;
}
