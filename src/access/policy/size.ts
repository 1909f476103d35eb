import { JitError } from "../../error.ts";
import { type Content, labelOf, lengthOf } from "./contents.ts";
import { mergeClauses } from "./merge.ts";

/** How much one grant needs by itself; what it shares with others is counted in each. */
export interface Share {
  readonly store: string;
  readonly access: string;
  /** From 1, in the order of the catalog. */
  readonly grant: number;
  /** `s3 customers-eu` */
  readonly label: string;
  readonly characters: number;
}

/** `POLICY_TOO_LARGE`, with what takes up the room, the largest first. */
export class PolicyTooLarge extends JitError {
  readonly characters: number;
  readonly limit: number;
  readonly shares: readonly Share[];

  constructor(what: string, characters: number, limit: number, contents: readonly Content[]) {
    const shares = sharesOf(contents);
    const listed = shares
      .slice(0, 3)
      .map((one) => `${one.store}:${one.access} grant ${one.grant} (${one.label}) ${one.characters}`);
    const more = shares.length > 3 ? `, and ${shares.length - 3} more` : "";
    super(
      "POLICY_TOO_LARGE",
      `${what} needs ${characters} of ${limit} characters: ${listed.join(", ")}${more}`,
      { hint: hintFor(shares) },
    );
    this.characters = characters;
    this.limit = limit;
    this.shares = shares;
  }
}

function sharesOf(contents: readonly Content[]): readonly Share[] {
  const shares = contents.map((content) => ({
    store: content.store.name,
    access: content.access.name,
    grant: content.number,
    label: labelOf(content),
    characters: lengthOf(mergeClauses(content.clauses)),
  }));
  return shares.sort((a, b) => b.characters - a.characters);
}

function hintFor(shares: readonly Share[]): string | undefined {
  const [largest] = shares;
  if (largest === undefined) return undefined;
  const targets = new Set(shares.map((one) => `${one.store}:${one.access}`));
  if (targets.size > 1) return `request them one at a time: ${[...targets].join(", ")}`;
  const name = `${largest.store}:${largest.access}`;
  return shares.length > 1
    ? `split ${name} into two accesses, or shorten its grant ${largest.grant}: fewer or shorter prefixes, indexes, attributes`
    : `split the grant of ${name} over two accesses, or name one prefix that holds the many`;
}
