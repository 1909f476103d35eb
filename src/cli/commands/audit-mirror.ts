import { mirrorLog } from "../../audit/mirror/copy.ts";
import { holdMirror, openAudit } from "../compose/audit.ts";
import { argument, type Context, printJson } from "../context.ts";
import { wrap } from "../style.ts";

/** `jit audit mirror DIR`: a copy of the log that verifies without network or credentials. */
export async function auditMirror(context: Context): Promise<number> {
  const folder = argument(context, 0, "the folder");
  const { store } = await openAudit(context);
  const mirrored = await context.terminal.progress("Copying the log", (tell) =>
    holdMirror(context, folder, (into) =>
      mirrorLog(store, into, ({ versions, fetched }) =>
        tell(`Copying the log: ${versions} versions, ${fetched} of them new`),
      ),
    ),
  );
  if (context.json) printJson(context, { folder, ...mirrored });
  else {
    const { terminal, style } = context;
    const what = `${folder}: ${mirrored.versions} versions, ${mirrored.fetched} of them new`;
    terminal.print(wrap(`${style.good("✓")} ${what}`, terminal.columns, "  "));
    terminal.note(style.dim("  the organization's fingerprint is enough to check it:"));
    terminal.note(style.dim(`    jit audit verify --mirror ${folder}`));
  }
  return 0;
}
