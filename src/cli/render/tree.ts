import type { TreeReport } from "../../audit/tree/sealed-log.ts";
import { clean, table, wrap } from "../style.ts";

/** What verification says of the tree, folded. Names in it are those of the trust file. */
export function treeLines(tree: TreeReport | undefined, columns: number): readonly string[] {
  const folded = (line: string) => `  ${wrap(line, columns, "  ")}`;
  if (tree === undefined) {
    return [folded("no checkpoints yet: records removed from the end of a chain would not show")];
  }
  const { origin, checkpoint, witnesses, records, completeUntil } = tree;
  const { cosigned, sealed, pending } = records;
  const until =
    completeUntil === "-"
      ? "nothing is provably complete"
      : `complete until ${completeUntil.replace("T", " ")}: what arrived after that could be removed without a trace`;
  const rows = [
    [
      "  tree",
      `${cosigned} records cosigned, ${sealed} sealed, ${pending} pending; ${checkpoint.size} entries, signed by ${origin}`,
    ],
    ...witnesses.map(({ name, size, time }) => [
      "  witness",
      `${name} cosigned ${size} entries at ${time.replace("T", " ")}`,
    ]),
  ];
  const lines = rows.map((row) => row.map(clean));
  return [table(lines, undefined, columns), folded(until)];
}
