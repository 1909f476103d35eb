import { treeKeysOf } from "../../audit/tree/keys.ts";
import { seal } from "../../audit/tree/seal.ts";
import { JitError } from "../../error.ts";
import { openAdminKey } from "../compose/admin-signer.ts";
import { openAudit } from "../compose/audit.ts";
import { openTreeKey } from "../compose/tree-keys.ts";
import { type Context, isOn, printJson, text } from "../context.ts";
import { progressLine } from "../render/progress.ts";

/** `jit audit seal`: puts what is new into the log's tree and signs its head; for cron, any number at once. */
export async function auditSeal(context: Context): Promise<number> {
  const audit = await openAudit(context);
  const { logKeys } = treeKeysOf(audit.trust);
  const named = text(context, "key") ?? "log.jwk";
  const { signer, key } = openTreeKey(await openAdminKey(context, named), named, logKeys, "log");
  const ports = { store: audit.store, clock: audit.clock, signer, logKey: key, logKeys };
  const sealed = await context.terminal
    .progress("Looking for what is not sealed", (tell) =>
      seal(ports, isOn(context, "full"), (read, found) => tell(progressLine("Sealing the log", read, found))),
    )
    .catch((error: unknown) => {
      throw error instanceof JitError && error.code === "AUDIT_DENIED"
        ? new JitError(error.code, error.message, {
            hint: "docs/aws.md says what sealers need",
            cause: error,
          })
        : error;
    });
  const root = Buffer.from(sealed.root).toString("base64");
  const { origin, size, added, full } = sealed;
  if (context.json) printJson(context, { origin, size, root, added, full });
  else {
    const { terminal, style } = context;
    terminal.print(`${style.good("✓")} ${added} sealed; the log has ${size} entries`);
    terminal.print(style.dim(`  root ${root}`));
    if (full) terminal.print(style.dim("  every hour was looked through"));
  }
  return 0;
}
