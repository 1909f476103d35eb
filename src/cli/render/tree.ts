import type { TreeReport } from "../../audit/tree/sealed-log.ts";

/** What verification says of the tree, a line each. Names in it are those of the trust file. */
export function treeLines(tree: TreeReport | undefined): readonly string[] {
  if (tree === undefined) {
    return ["no checkpoints yet: records removed from the end of a chain would not show"];
  }
  const { origin, checkpoint, witnesses, records, completeUntil } = tree;
  const { cosigned, sealed, pending } = records;
  const until =
    completeUntil === "-"
      ? "nothing is provably complete"
      : `complete until ${completeUntil.replace("T", " ")}: what arrived after that could be removed without a trace`;
  return [
    `tree     ${cosigned} records cosigned, ${sealed} sealed, ${pending} pending; ${checkpoint.size} entries, signed by ${origin}`,
    ...witnesses.map(
      ({ name, size, time }) => `witness  ${name} cosigned ${size} entries at ${time.replace("T", " ")}`,
    ),
    until,
  ];
}
