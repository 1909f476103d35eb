import { withoutRevocations } from "../../access/trust/revoked-keys.ts";
import { RecordReader } from "../../audit/record-reader.ts";
import { JitError } from "../../error.ts";
import { eraseTexts, findTexts, type Subject } from "../../session/erase-reasons.ts";
import { openBucketAudit } from "../compose/audit.ts";
import { type Context, isOn, printJson, text } from "../context.ts";
import { confirm } from "../prompts.ts";
import { refuseBadId } from "../request-id.ts";
import { clean } from "../style.ts";

/** `jit reasons erase REQUEST…|--requester NAME`: deletes reasons and tickets; their records stay, and still verify. */
export async function reasonsErase(context: Context): Promise<number> {
  const subject = subjectOf(context);
  const audit = await openBucketAudit(context);
  const { terminal, style } = context;
  const ports = {
    // What was written with a revoked key is personal data all the same.
    reader: new RecordReader(audit.store, { log: audit.fingerprint, trust: withoutRevocations(audit.trust) }),
    reasons: audit.reasons,
    catalogOf: audit.catalogOf,
  };
  const texts = await terminal.progress("Looking for the texts", () =>
    findTexts(ports, subject, audit.reasonsPlace),
  );
  if (!isOn(context, "yes") && terminal.interactive && texts.length > 0) {
    for (const { request, location } of texts) terminal.note(`  ${request} in ${clean(location)}`);
    const what = texts.length === 1 ? "this text" : `these ${texts.length} texts`;
    if (!(await confirm(context, `Erase ${what} for good?`, "--yes"))) {
      throw new JitError("CANCELLED", "cancelled; nothing was erased");
    }
  }
  const erased = await terminal.progress("Erasing", () => eraseTexts(ports, texts));
  if (context.json) {
    printJson(context, { erased });
    return 0;
  }
  if (erased.length === 0) terminal.print("no text of that requester is kept");
  for (const { request, versions } of erased) {
    terminal.print(
      versions === 0
        ? `${style.dim("·")} ${request} had no text any more`
        : `${style.good("✓")} ${request} erased (${versions} version${versions === 1 ? "" : "s"})`,
    );
  }
  return 0;
}

function subjectOf(context: Context): Subject {
  const requests = context.invocation.args;
  const requester = text(context, "requester");
  if ((requests.length === 0) === (requester === undefined)) {
    throw new JitError("USAGE", "name either requests or --requester", {
      hint: "jit reasons erase REQUEST…   or   jit reasons erase --requester NAME",
    });
  }
  for (const request of requests) refuseBadId(request);
  return requester === undefined ? { requests } : { requester };
}
