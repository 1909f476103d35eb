import { JitError } from "../error.ts";

/**
 * Characters that a text of ours must not hold: what steers a terminal, what cannot be seen, and what changes the
 * order in which text is read (Unicode TR 36, TR 39 and CVE-2021-42574). The ranges are written out and do not
 * follow the runtime's Unicode version, so that a record stays as valid as it was.
 *
 * Controls C0, DEL and C1; soft hyphen and combining grapheme joiner; Hangul and Khmer fillers; Mongolian
 * selectors; zero-width and bidirectional marks, line separators, invisible operators; lone surrogates; variation
 * selectors; byte order mark, interlinear annotation, non-characters; shorthand and musical format controls; tags.
 */
const hostileRanges: readonly (readonly [number, number])[] = [
  [0x0000, 0x001f],
  [0x007f, 0x009f],
  [0x00ad, 0x00ad],
  [0x034f, 0x034f],
  [0x061c, 0x061c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0x3164, 0x3164],
  [0xd800, 0xdfff],
  [0xfdd0, 0xfdef],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff0, 0xfffb],
  [0x1bca0, 0x1bca3],
  [0x1d173, 0x1d17a],
  [0xe0000, 0xe0fff],
];

/**
 * What stands in a regular expression without flags for one UTF-16 code unit that is a whole harmless character, neither `"` nor
 * `\`. Characters beyond U+FFFF are left out.
 */
export function plainCharacter(): string {
  const ranges = [...hostileRanges.filter(([first]) => first <= 0xffff), [0xfffe, 0xffff] as const];
  const spelt = (code: number) => `\\u${code.toString(16).padStart(4, "0")}`;
  return `[^"\\\\${ranges.map(([first, last]) => `${spelt(first)}-${spelt(last)}`).join("")}]`;
}

function isHostile(code: number): boolean {
  // What most texts are made of: a look at each range for each character was a hundredth of a cold request.
  if (code >= 0x20 && code <= 0x7e) return false;
  if ((code & 0xfffe) === 0xfffe) return true;
  return hostileRanges.some(([first, last]) => code >= first && code <= last);
}

export interface HostileCharacter {
  /** Offset in UTF-16 code units. */
  readonly index: number;
  readonly codePoint: number;
}

/** The first character of a text that is refused, or `undefined` where the text is harmless. */
export function findHostile(text: string): HostileCharacter | undefined {
  for (let index = 0; index < text.length; index++) {
    const codePoint = text.codePointAt(index) ?? 0;
    if (isHostile(codePoint)) return { index, codePoint };
    if (codePoint > 0xffff) index++;
  }
  return undefined;
}

/**
 * Refuses a text with a control, bidirectional or invisible character. It is never cleaned in silence.
 * @param what the text's name in the message: `the reason`
 * @throws JitError `TEXT_HOSTILE`
 */
export function refuseHostile(text: string, what: string): void {
  const found = findHostile(text);
  if (found === undefined) return;
  const hint =
    found.codePoint === 0x0a || found.codePoint === 0x0d || found.codePoint === 0x09
      ? "write it in one line, without tabs"
      : "type the text anew instead of pasting it";
  throw new JitError(
    "TEXT_HOSTILE",
    `${what} holds the character ${nameOf(found.codePoint)} at position ${found.index + 1}`,
    { hint },
  );
}

/** `U+202E` */
export function nameOf(codePoint: number): string {
  return `U+${codePoint.toString(16).toUpperCase().padStart(4, "0")}`;
}

/**
 * A text for a terminal: every character that `findHostile` finds is shown as `\u{202e}`, line ends and tabs
 * too, so that one field stays one line and no text can move the cursor, set colours or hide.
 */
export function escapeForTerminal(text: string): string {
  let escaped = "";
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    escaped += isHostile(code) ? `\\u{${code.toString(16)}}` : character;
  }
  return escaped;
}

/** White space at both ends taken away and inside folded to one space, so that length cannot be feigned with it. */
export function foldSpace(text: string): string {
  return text.trim().replace(/\s+/gu, " ");
}
