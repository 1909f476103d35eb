import { JitError } from "../error.ts";
import { suggest } from "./catalog/suggest.ts";
import { findPersonal, type PersonalText } from "./personal.ts";
import { escapeForTerminal, foldSpace, refuseHostile } from "./text.ts";
import type { Justification, JustificationRules } from "./types.ts";

/** Characters (UTF-16 code units) that a reason or a purpose may have. */
export const maximumReason = 1000;
/** Characters that a ticket may have; it also bounds what a catalog's pattern is run on. */
export const maximumTicket = 128;

/** What a requester says, not yet checked. */
export interface Claimed {
  readonly purpose: string | undefined;
  readonly reason: string | undefined;
  readonly ticket: string | undefined;
}

export interface CheckedJustification {
  readonly justification: Justification;
  /** What looks like personal data in it; it may be meant, so it is shown and not refused. */
  readonly warnings: readonly PersonalText[];
}

/**
 * Checks a justification against the catalog's rules.
 * @throws JitError `PURPOSE_MISSING`, `PURPOSE_UNKNOWN`, `REASON_MISSING`, `REASON_TOO_SHORT`, `REASON_EMPTY_WORDS`,
 * `TICKET_MISSING`, `TICKET_INVALID`, `TEXT_HOSTILE`, `TEXT_TOO_LONG`
 */
export function checkJustification(rules: JustificationRules, claimed: Claimed): CheckedJustification {
  const purpose = checkPurpose(rules, claimed.purpose);
  const reason = checkReason(rules, claimed.reason, purpose);
  const ticket = checkTicket(rules, claimed.ticket);
  return {
    justification: { purpose, reason, ticket },
    warnings: [
      ...(rules.purposes.size === 0 ? findPersonal("purpose", purpose) : []),
      ...findPersonal("reason", reason),
      ...(ticket === undefined ? [] : findPersonal("ticket", ticket)),
    ],
  };
}

/** A purpose of the catalog's, or any text where it has none. Errors as `checkJustification`. */
export function checkPurpose(rules: JustificationRules, text: string | undefined): string {
  const purpose = clean(text, "the purpose", maximumReason);
  const known = [...rules.purposes.keys()];
  if (purpose === "") {
    throw new JitError("PURPOSE_MISSING", "a purpose is missing", {
      hint: known.length === 0 ? "say what the data is used for" : `one of ${known.join(", ")}`,
    });
  }
  if (known.length > 0 && !rules.purposes.has(purpose)) {
    const near = suggest(purpose, known);
    throw new JitError("PURPOSE_UNKNOWN", `there is no purpose ${quote(purpose)}`, {
      hint: near === undefined ? `one of ${known.join(", ")}` : `did you mean ${near}?`,
    });
  }
  return purpose;
}

/** A reason, its white space folded. Errors as `checkJustification`. */
export function checkReason(
  rules: JustificationRules,
  text: string | undefined,
  purpose?: string | undefined,
): string {
  const reason = clean(text, "the reason", maximumReason);
  if (reason === "") {
    throw new JitError("REASON_MISSING", "a reason is missing", {
      hint: "say in a sentence what you need the data for",
    });
  }
  const length = [...reason].length;
  if (length < rules.minimumLength) {
    throw new JitError(
      "REASON_TOO_SHORT",
      `the reason has ${length} of at least ${rules.minimumLength} characters`,
      { hint: "say in a sentence what you need the data for" },
    );
  }
  const meaning = purpose === undefined ? undefined : rules.purposes.get(purpose);
  if (saysNothing(reason, [purpose ?? "", meaning ?? ""])) {
    throw new JitError("REASON_EMPTY_WORDS", "the reason says nothing that was not known", {
      hint: "say what happened, and what you will look at",
    });
  }
  return reason;
}

/** A ticket, or `undefined` where none is given and none is needed. Errors as `checkJustification`. */
export function checkTicket(rules: JustificationRules, text: string | undefined): string | undefined {
  const { required, pattern, example } = rules.ticket;
  const ticket = clean(text, "the ticket", maximumTicket);
  const hint = example === undefined ? undefined : `write it like ${example}`;
  if (ticket === "") {
    if (!required) return undefined;
    throw new JitError("TICKET_MISSING", "a ticket is missing", { hint });
  }
  // A pattern with the flag g or y keeps state between calls, which a catalog's never has.
  if (pattern !== undefined && !pattern.test(ticket)) {
    throw new JitError("TICKET_INVALID", `${quote(ticket)} is no ticket as the catalog wants it`, { hint });
  }
  return ticket;
}

function clean(text: string | undefined, what: string, maximum: number): string {
  if (text === undefined) return "";
  if (text.length > maximum) {
    throw new JitError("TEXT_TOO_LONG", `${what} has ${text.length} of at most ${maximum} characters`, {
      hint: "keep the details in the ticket",
    });
  }
  refuseHostile(text, what);
  return foldSpace(text);
}

/** What people type where a form wants a text and they do not want to write one, and what our prompts ask. */
const emptyPhrases: ReadonlySet<string> = new Set(
  ["reason", "the reason", "reason for access", "why", "why do you need access", "because", "i need access"]
    .concat(["why do you need it", "for which purpose", "say what happened and what you will look at"])
    .concat(["need access", "access needed", "justification", "purpose", "ticket", "none", "not applicable"])
    .concat(["see ticket", "as discussed", "n a", "todo", "tbd"]),
);

/** Whether a reason only repeats what was asked, has no word in it, or says the same words over and over. */
function saysNothing(reason: string, known: readonly string[]): boolean {
  const words = wordsOf(reason);
  if (words.length === 0) return true;
  const phrase = words.join(" ");
  if (emptyPhrases.has(phrase) || known.some((text) => text !== "" && wordsOf(text).join(" ") === phrase)) {
    return true;
  }
  if (repeats(words)) return true;
  // `aaaaaaaa`, `asdfasdfasdf`: at most four characters, at least three times.
  return /^(.{1,4})\1{2,}$/u.test(words.join(""));
}

/** `test test test`, `need access need access`: the same words from beginning to end, again and again. */
function repeats(words: readonly string[]): boolean {
  for (let period = 1; period <= words.length / 2; period += 1) {
    const isWhole = words.length % period === 0;
    if (isWhole && words.every((word, index) => word === words[index % period])) return true;
  }
  return false;
}

function wordsOf(text: string): readonly string[] {
  // Plain texts by themselves: what all others need of Unicode takes a millisecond to make.
  const isPlain = /^[\0-~]*$/.test(text);
  const [words, letter] = isPlain ? [/[a-z0-9]+/g, /[a-z]/] : [/[\p{L}\p{M}\p{N}]+/gu, /\p{L}/u];
  return (
    text
      .toLowerCase()
      .match(words)
      ?.filter((word) => letter.test(word)) ?? []
  );
}

function quote(text: string): string {
  return JSON.stringify(escapeForTerminal(text.slice(0, 80)));
}
