import { isJudged, judgedSealed } from "./judged.ts";
import { type Grammar, grammarOf } from "./record-grammar.ts";
import { isAscending } from "./record-parts.ts";
import type { AuditRecord } from "./types.ts";

/** A record that was told by its text. */
export interface PlainRecord {
  readonly record: AuditRecord;
  /** `judgedMembers` of it but `log` and `by`, as JSON without braces. */
  readonly judged: string;
}

/**
 * The record that a payload's text plainly is: in its one spelling, and one that `parseRecord` takes.
 * @returns `undefined` for all else, and for what needs a closer look
 */
export function readPlainRecord(payload: string): PlainRecord | undefined {
  const start = payload.lastIndexOf(typeMember) + typeMember.length;
  const grammar = knownGrammar(payload.slice(start, payload.indexOf('"', start)));
  const parts = grammar?.whole.exec(payload);
  if (grammar === undefined || parts === null || parts === undefined) return undefined;
  const record = JSON.parse(payload) as AuditRecord;
  const spelt = (name: string) => parts[grammar.captured.indexOf(name) + 1]?.slice(name.length + 3) ?? "";
  let judged = parts.slice(1).join();
  switch (record.type) {
    case "request": {
      const { targets, attested, claimed } = record;
      if (!isAscending(targets)) return undefined;
      if (!isSpelt(attested, spelt("attested")) || !isSpelt(claimed, spelt("claimed"))) return undefined;
      break;
    }
    case "issue":
      if (!isSpelt(record.tags, spelt("tags"))) return undefined;
      judged += `,"sealed":"${judgedSealed(record.sealed)}"`;
  }
  return { record, judged };
}

const typeMember = '"type":"';

/** Whether texts have their names in order, and each of them once. */
function isSpelt(texts: Readonly<Record<string, string>>, spelling: string): boolean {
  return isAscending(Object.keys(texts)) && JSON.stringify(texts) === spelling;
}

/** Made when one is needed: most runs read a record or two. */
const grammars = new Map<string, Grammar | undefined>();
const toldOtherwise: ReadonlySet<string> = new Set(["log", "by", "sealed"]);

function knownGrammar(type: string): Grammar | undefined {
  let grammar = grammars.get(type);
  if (grammar === undefined) {
    grammar = grammarOf(type, (member) => isJudged(member) && !toldOtherwise.has(member));
    if (grammar !== undefined) grammars.set(type, grammar);
  }
  return grammar;
}
