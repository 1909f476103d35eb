import type { Context } from "../context.ts";
import { wrap } from "../style.ts";

/** What breaking the glass means, before it is done. */
export function breakGlassLines({ terminal, style }: Context): readonly string[] {
  return [
    style.bad("BREAK-GLASS: nobody agrees to this beforehand"),
    `  ${wrap("It is for emergencies. Whom the catalog names is told at once, and another person reviews afterwards whether it was justified.", terminal.columns - 2, "  ")}`,
  ];
}
