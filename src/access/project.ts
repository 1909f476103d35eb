import { isAlias, isMap, isScalar, isSeq, type Node, parseAllDocuments, visit } from "yaml";
import { isJitError, JitError } from "../error.ts";
import { suggest } from "./catalog/suggest.ts";
import { parseDuration } from "./duration.ts";
import { findHostile, nameOf, refuseHostile } from "./text.ts";

/**
 * What a `.jit/config.yaml` found upwards may say. A cloned repository is hostile, so it only picks among what the
 * pinned catalog has; all of it is looked up there afterwards like a word typed by a person.
 */
export interface ProjectFile {
  /** Targets to take where none are named, as typed: `customers:read`. */
  readonly targets: readonly string[];
  /** Seconds. */
  readonly duration: number | undefined;
  /** Name of a purpose. */
  readonly purpose: string | undefined;
}

const keys = ["targets", "duration", "purpose"] as const;
type Key = (typeof keys)[number];

const longest = 16 * 1024;

/**
 * Parses a project file: YAML 1.2, one mapping, without tags, anchors and aliases.
 * @param source the file's name, for errors
 * @throws JitError `PROJECT_FILE_FORBIDDEN` naming the key, `PROJECT_FILE_INVALID`, `DURATION_INVALID`, `TEXT_HOSTILE`
 */
export function parseProjectFile(text: string, source: string): ProjectFile {
  if (text.length > longest) throw invalid(source, `has more than ${longest} characters`);
  const root = readYaml(text, source);
  const values = new Map<Key, Node | null>();
  for (const { key, value } of isMap<Node, Node | null>(root) ? root.items : []) {
    const name = textOf(key, source, "a key");
    const known = keys.find((one) => one === name);
    if (known === undefined) throw forbidden(source, name);
    values.set(known, value);
  }
  const duration = values.get("duration");
  const purpose = values.get("purpose");
  return {
    targets: targetsOf(values.get("targets"), source),
    duration: duration === undefined ? undefined : durationOf(duration, source),
    purpose: purpose === undefined ? undefined : textOf(purpose, source, "purpose"),
  };
}

function targetsOf(node: Node | null | undefined, source: string): readonly string[] {
  if (node === undefined) return [];
  if (!isSeq<Node | null>(node)) throw invalid(source, "targets is no list");
  return node.items.map((item) => textOf(item, source, "a target"));
}

function durationOf(node: Node | null, source: string): number {
  const text = textOf(node, source, "duration");
  try {
    return parseDuration(text);
  } catch (error) {
    if (!isJitError(error)) throw error;
    throw new JitError(error.code, `${source}: ${error.message}`, { hint: error.hint, cause: error });
  }
}

/** The content of the only document, or `null` where there is none. */
function readYaml(text: string, source: string): Node | null {
  refuseHostileLines(text, source);
  // A directive could ask for YAML 1.1, in which `no` is false and merge keys are on.
  if (/^%/m.test(text)) throw invalid(source, "has a directive");
  const documents = parseAllDocuments(text, { version: "1.2", strict: true, uniqueKeys: true, merge: false });
  const [document, second] = Array.isArray(documents) ? documents : [];
  if (document === undefined) return null;
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    const at = problem.linePos?.[0];
    const place = at === undefined ? "" : ` (line ${at.line}, column ${at.col})`;
    throw invalid(source, `is no YAML that is taken here${place}: ${problem.code}`);
  }
  if (second !== undefined) throw invalid(source, "has more than one document");
  visit(document, {
    Node(_, node) {
      if (isAlias(node) || node.anchor !== undefined || node.tag !== undefined) {
        throw invalid(source, "has an anchor, an alias or a tag");
      }
    },
  });
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null)) return null;
  if (!isMap(contents)) throw invalid(source, "is no mapping");
  return contents;
}

function textOf(node: Node | null, source: string, what: string): string {
  if (!isScalar(node) || typeof node.value !== "string" || node.value === "") {
    throw invalid(source, `${what} is no text`);
  }
  // Once more: YAML's escapes can write what is not in the file's bytes.
  refuseHostile(node.value, `${what} in ${source}`);
  return node.value;
}

function refuseHostileLines(text: string, source: string): void {
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const found = findHostile(line);
    if (found === undefined) continue;
    throw new JitError("TEXT_HOSTILE", `${source} holds ${nameOf(found.codePoint)} in line ${index + 1}`, {
      hint: "a project's file must not hold what cannot be seen: look at where it comes from",
    });
  }
}

function forbidden(source: string, name: string): JitError {
  const near = suggest(name, keys);
  return new JitError(
    "PROJECT_FILE_FORBIDDEN",
    `${source} may not set ${JSON.stringify(name.slice(0, 80))}`,
    {
      hint:
        near === undefined
          ? `a project may set ${keys.join(", ")} alone; the rest is the catalog's and yours`
          : `did you mean ${near}?`,
    },
  );
}

function invalid(source: string, what: string): JitError {
  return new JitError("PROJECT_FILE_INVALID", `${source} ${what}`, {
    hint: `mend or remove it: plain YAML that sets ${keys.join(", ")} alone`,
  });
}
