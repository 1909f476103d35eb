/** What in a justification looks like personal data of somebody, which a locked record would keep for years. */
export interface PersonalText {
  readonly field: "purpose" | "reason" | "ticket";
  readonly kind: "email" | "cardNumber" | "iban" | "socialSecurityNumber";
  /** Where it stands, in UTF-16 code units; `end` is exclusive. */
  readonly start: number;
  readonly end: number;
}

/** Finds e-mail addresses, card numbers that pass Luhn, IBANs that pass mod 97, and US social security numbers. */
export function findPersonal(field: PersonalText["field"], text: string): readonly PersonalText[] {
  return [
    ...emails(text).map((at) => ({ field, kind: "email" as const, ...at })),
    ...cardNumbers(text).map((at) => ({ field, kind: "cardNumber" as const, ...at })),
    ...ibans(text).map((at) => ({ field, kind: "iban" as const, ...at })),
    ...socialSecurityNumbers(text).map((at) => ({ field, kind: "socialSecurityNumber" as const, ...at })),
  ];
}

interface Span {
  readonly start: number;
  readonly end: number;
}

function spans(text: string, pattern: RegExp): readonly (Span & { readonly match: string })[] {
  return [...text.matchAll(pattern)].map((found) => ({
    match: found[0],
    start: found.index,
    end: found.index + found[0].length,
  }));
}

function emails(text: string): readonly Span[] {
  // What the expression needs of Unicode takes a millisecond to make.
  if (!text.includes("@")) return [];
  return spans(text, /[^\s@<>"(),:;]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){1,8}/gu).map(place);
}

function socialSecurityNumbers(text: string): readonly Span[] {
  return spans(text, /(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])/g).map(place);
}

function place({ start, end }: Span): Span {
  return { start, end };
}

/** 13 to 19 digits (ISO/IEC 7812) that start like a payment card, in groups parted by one space or hyphen. */
function cardNumbers(text: string): readonly Span[] {
  return spans(text, /\d(?:[ -]?\d){12,}/g).flatMap(({ match, start }) => {
    // Other numbers may stand right before or after, so every run of whole groups is looked at.
    const groups = spans(match, /\d+/g);
    for (let i = 0; i < groups.length; i++) {
      let digits = "";
      for (const group of groups.slice(i)) {
        digits += group.match;
        if (digits.length > 19) break;
        if (digits.length >= 13 && /^[2-6]/.test(digits) && passesLuhn(digits)) {
          return [{ start: start + (groups[i]?.start ?? 0), end: start + group.end }];
        }
      }
    }
    return [];
  });
}

/** ISO/IEC 7812-1, annex B. */
function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    sum += i % 2 === 0 ? digit : digit > 4 ? 2 * digit - 9 : 2 * digit;
  }
  return sum % 10 === 0;
}

/** ISO 13616: country, two check digits, up to 30 letters and digits, perhaps in groups parted by one space. */
function ibans(text: string): readonly Span[] {
  return spans(text, /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}/g).flatMap(({ match, start }) => {
    // A word in capitals may follow, so the longest run of whole groups that fits counts.
    for (const end of [match.length, ...spans(match, / /g).map((space) => space.start)].sort(
      (a, b) => b - a,
    )) {
      const compact = match.slice(0, end).replaceAll(" ", "");
      if (compact.length >= 15 && passesMod97(compact)) return [{ start, end: start + end }];
    }
    return [];
  });
}

function passesMod97(iban: string): boolean {
  let rest = 0;
  for (const character of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}
