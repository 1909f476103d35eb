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
      { hint: hintFor(shares, characters, limit, contents) },
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

function hintFor(
  shares: readonly Share[],
  characters: number,
  limit: number,
  contents: readonly Content[],
): string | undefined {
  const overhead = characters - lengthOf(mergeClauses(contents.flatMap((one) => one.clauses)));
  const targets = Map.groupBy(contents, (one) => `${one.store.name}:${one.access.name}`);
  const tooLarge = [...targets].filter(
    ([, its]) => lengthOf(mergeClauses(its.flatMap((one) => one.clauses))) + overhead > limit,
  );
  if (targets.size > 1 && tooLarge.length === 0) {
    return `request them one at a time: ${[...targets.keys()].join(", ")}`;
  }
  const largest =
    shares.find((one) => tooLarge.some(([name]) => name === `${one.store}:${one.access}`)) ?? shares[0];
  if (largest === undefined) return undefined;
  const name = `${largest.store}:${largest.access}`;
  const its = targets.get(name) ?? [];
  const parts = Math.ceil(lengthOf(mergeClauses(its.flatMap((one) => one.clauses))) / (limit - overhead));
  return its.length > 1
    ? `split ${name} into ${parts > 2 ? `${parts} accesses or more` : "two accesses"}, or shorten its grant ${largest.grant}: fewer or shorter prefixes, indexes, attributes`
    : `split the grant of ${name} over two accesses, or name one prefix that holds the many`;
}
