import * as v from "valibot";
import { sha256Hex } from "../digest.ts";
import type { Catalog } from "../types.ts";
import { blockPlace } from "./block-place.ts";
import { buildCatalog } from "./build.ts";
import { offsetsIn } from "./offset.ts";
import { CatalogError, type Problem } from "./problem.ts";
import type { ReadCatalogs } from "./recall.ts";
import { catalogSchema } from "./schema.ts";
import { entriesAt } from "./schema-path.ts";
import { suggest } from "./suggest.ts";
import { readYaml } from "./yaml.ts";

type Path = readonly (string | number)[];

/**
 * Reads a `jit.yaml`. All problems are found in one go, each with line and column.
 * @param source how the file is called in messages
 * @param memory keeps what was read in a text that is good (`recallCatalog`)
 * @throws CatalogError `CATALOG_INVALID`
 */
export function parseCatalog(bytes: Uint8Array, source: string, memory?: ReadCatalogs): Catalog {
  const read = readYaml(bytes);
  if (!read.ok) throw new CatalogError(source, read.problems);
  const { contents, at } = read;
  const parsed = v.safeParse(catalogSchema, read.value);
  const offsetOf = offsetsIn(contents);
  const locate = (path: Path, key = false) => at(offsetOf(path, key));
  if (!parsed.success) {
    const problems = parsed.issues.flatMap((issue) => problemsOf(issue, locate));
    throw new CatalogError(source, problems.filter((one) => !isMeant(one, problems)).map(plain));
  }
  const found: Problem[] = [];
  const digest = sha256Hex(bytes);
  const place = blockPlace(bytes, contents, at);
  const catalog = buildCatalog(parsed.output, digest, place, (path, message, suggestion) => {
    found.push({ ...locate(path), path: pathText(path), message, suggestion });
  });
  if (found.length > 0) throw new CatalogError(source, found);
  memory?.set(digest, { value: read.value, rulesPlace: place });
  return catalog;
}

/** Whether a key that is missing is there, misspelt: that is one mistake. */
function isMeant({ missing, parent }: Found, problems: readonly Found[]): boolean {
  return missing !== undefined && problems.some((one) => one.parent === parent && one.suggestion === missing);
}

/** A problem; `missing` is the key that is not there, `parent` the path of whose key it is. */
interface Found extends Problem {
  readonly parent?: string;
  readonly missing?: string;
}

function plain({ line, column, path, message, suggestion }: Found): Problem {
  return { line, column, path, message, suggestion };
}

type Issue = v.BaseIssue<unknown>;

function problemsOf(
  issue: Issue,
  locate: (path: Path, key?: boolean) => { line: number; column: number },
): Found[] {
  const path = (issue.path ?? []).map((item) => item.key as string | number);
  const last = path.at(-1);
  const parent = path.slice(0, -1);
  const name = String(last);
  if (issue.type === "strict_object" && issue.expected === "never") {
    // valibot tells the first unknown key of an object alone.
    const known = entriesAt(catalogSchema, parent).keys;
    const odd = Object.keys(Object(issue.path?.at(-1)?.input)).filter((key) => !known.includes(key));
    return odd.map((key) => ({
      ...locate([...parent, key], true),
      path: pathText([...parent, key]),
      message: `unknown key ${JSON.stringify(key.slice(0, 60))}`,
      suggestion: suggest(key, known),
      parent: pathText(parent),
    }));
  }
  // A key that is missing is shown where its owner stands.
  if (issue.received === "undefined") {
    return [
      {
        ...locate(parent),
        path: pathText(path),
        message: `${JSON.stringify(name)} is missing`,
        suggestion: undefined,
        parent: pathText(parent),
        missing: name,
      },
    ];
  }
  const options = entriesAt(catalogSchema, path).options;
  if (options.length > 0 && typeof issue.input === "string") {
    const message = `${JSON.stringify(issue.input.slice(0, 60))} is none of ${options.join(", ")}`;
    return [{ ...locate(path), path: pathText(path), message, suggestion: suggest(issue.input, options) }];
  }
  const own = issue.message.startsWith("Invalid ")
    ? `must be ${article(issue.expected ?? "something else")}, not ${article(issue.received)}`
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

/** `stores.customers.accesses.read.s3[0].allow`; of a key that is longer than any of ours, the beginning. */
function pathText(path: Path): string {
  return path
    .map((step, index) => {
      if (typeof step === "number") return `[${step}]`;
      return (index === 0 ? "" : ".") + step.slice(0, 80);
    })
    .join("");
}
