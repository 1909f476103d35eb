import { isScalar, LineCounter, type Node, parseDocument, visit } from "yaml";
import { decodeUtf8 } from "../utf8.ts";
import type { Problem } from "./problem.ts";

/** Largest `jit.yaml`, bytes. */
const largest = 1024 * 1024;

/** Deeper nesting than a catalog has; it keeps hostile text from exhausting the stack. */
const deepest = 32;

export interface Place {
  readonly line: number;
  readonly column: number;
}

export type YamlFile =
  | {
      readonly ok: true;
      readonly value: unknown;
      readonly contents: Node | null;
      /** Line and column, from 1, of an offset into the text. */
      at(offset: number): Place;
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Reads one YAML 1.2 document of the core schema in UTF-8, in which what a person reads is what there is: each key once
 * and a text, no merge keys, tags, directives, anchors or aliases.
 */
export function readYaml(bytes: Uint8Array): YamlFile {
  if (bytes.length > largest) return whole(`is larger than ${largest / 1024} KiB`);
  const text = decodeUtf8(bytes);
  if (text === undefined) return whole("is not UTF-8");
  if (text.startsWith("\ufeff")) return whole("begins with a byte order mark");
  // A directive could ask for YAML 1.1, in which `no` is false and merge keys are on.
  if (/^%/m.test(text)) return whole("has a line that begins with %");
  const lines = new LineCounter();
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const problems: Problem[] = [];
  const report = (offset: number | undefined, message: string) =>
    problems.push({ ...at(offset ?? 0), path: "", message, suggestion: undefined });
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      version: "1.2",
      schema: "core",
      strict: true,
      // Looked for below: the parser would compare each key with every other.
      uniqueKeys: false,
      stringKeys: true,
      merge: false,
      prettyErrors: false,
      // Not "silent", which would let a second document pass.
      logLevel: "error",
    });
    // Warnings are tags that mean nothing here.
    for (const { pos, message } of [...document.errors, ...document.warnings]) report(pos[0], message);
    if (problems.length === 0) refuseOdd(document, report);
    if (problems.length > 0) return { ok: false, problems };
    return { ok: true, value: document.toJS({ maxAliasCount: 0 }), contents: document.contents, at };
  } catch (error) {
    // The parser descends by recursion.
    if (error instanceof RangeError) return whole("is nested too deeply");
    throw error;
  }
}

/** Names that every object has: schemas pass over them, so as keys they must not get that far. */
const inherited: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

function refuseOdd(
  document: ReturnType<typeof parseDocument>,
  report: (offset: number | undefined, message: string) => void,
): void {
  visit(document, {
    Alias: (_key, node) => {
      report(node.range?.[0], "anchors and aliases are not taken");
    },
    Map: (_key, { items }) => {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) report(key.range?.[0], "this key stands here twice");
        seen.add(key.value);
      }
    },
    Pair: (_key, { key }) => {
      if (!isScalar(key) || typeof key.value !== "string" || inherited.has(key.value) || key.value === "<<") {
        report(isScalar(key) ? key.range?.[0] : undefined, "this cannot be a key");
      }
    },
    Node: (_key, node, path) => {
      if (node.anchor !== undefined) report(node.range?.[0], "anchors and aliases are not taken");
      if (node.tag !== undefined) report(node.range?.[0], "tags are not taken");
      if (path.length <= 2 * deepest) return undefined;
      report(node.range?.[0], "is nested too deeply");
      return visit.BREAK;
    },
  });
}

function whole(message: string): YamlFile {
  return { ok: false, problems: [{ line: 1, column: 1, path: "", message, suggestion: undefined }] };
}
