import { tellStory } from "../../audit/story.ts";
import { formatTime } from "../../audit/time.ts";
import { checkProof } from "../../audit/tree/check-proof.ts";
import { treeKeysOf } from "../../audit/tree/keys.ts";
import { proveRequest } from "../../audit/tree/prove.ts";
import { readRequestProof, writeRequestProof } from "../../audit/tree/request-proof.ts";
import { JitError } from "../../error.ts";
import { readFile, writeFile } from "../compose/admin-files.ts";
import { openAudit, openProofOptions } from "../compose/audit.ts";
import { argument, type Context, printJson, text } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { findingLine } from "../render/finding.ts";
import { entryJson } from "../render/story.ts";
import { refuseBadId } from "../request-id.ts";
import { clean } from "../style.ts";

/** `jit audit prove REQUEST`: one file that shows, to whoever has the fingerprint, that its records are in the log. */
export async function auditProve(context: Context): Promise<number> {
  const request = argument(context, 0, "the request");
  refuseBadId(request);
  const audit = await openAudit(context);
  const { store, trust, fingerprint, catalogOf, approvals } = audit;
  const proof = await context.terminal.progress("Proving the records", async () => {
    const now = audit.clock.now();
    const story = await tellStory(store, request, { log: fingerprint, trust, now, catalogOf, approvals });
    if (story.entries.length === 0) {
      throw new JitError("REQUEST_NOT_FOUND", `there is no record of request ${request}`, {
        hint: "`jit audit log` shows them",
      });
    }
    return await proveRequest(store, story, fingerprint, treeKeysOf(trust));
  });
  const out = text(context, "out");
  const file = writeRequestProof(proof);
  if (out === undefined) {
    context.terminal.print(Buffer.from(file).toString().trimEnd());
    return 0;
  }
  writeFile(out, file, {});
  if (context.json) printJson(context, { file: out, request, records: proof.records.length });
  else {
    const { terminal, style } = context;
    terminal.print(`${style.good("✓")} ${out}: ${proof.records.length} records of ${request} and its keys`);
    terminal.note(
      style.dim("  anybody with the fingerprint (JIT_ORGANIZATION=LOCATION#FINGERPRINT) checks it:"),
    );
    terminal.note(style.dim(`    jit audit verify --proof ${out}`));
  }
  return 0;
}

/** `jit audit verify --proof FILE`: by the pinned fingerprint, and by nothing else. */
export async function verifyProof(context: Context, path: string): Promise<number> {
  const checked = await checkProof(readRequestProof(readFile(path)), {
    ...openProofOptions(context),
    keysOf: treeKeysOf,
  });
  const { request, organization, checkpoint, cosigners, entries, findings, state } = checked;
  const good =
    entries.every(({ reason }) => reason === undefined) &&
    !findings.some(({ severity }) => severity === "invalid");
  const root = Buffer.from(checkpoint.root).toString("base64");
  if (context.json) {
    printJson(context, {
      ok: good,
      request,
      organization,
      trustVersion: checked.trustVersion,
      state,
      checkpoint: { origin: checkpoint.origin, size: checkpoint.size, root },
      cosigners: cosigners.map(({ key, time }) => ({ name: key.name, time: timeText(time) })),
      entries: entries.map(entryJson),
      findings,
    });
    return good ? 0 : exitCodes.found.code;
  }
  const { terminal, style } = context;
  for (const found of findings) terminal.print(findingLine(found, style, terminal.columns));
  const mark = good ? style.good("✓") : style.bad("✗");
  terminal.print(
    `${mark} ${entries.length} records of ${style.strong(request)} are in the log of ${organization}: ${state}`,
  );
  for (const { key, record, reason } of entries) {
    const sign = reason === undefined ? style.good("✓") : style.bad("✗");
    const when = (record?.at ?? key.hour).replace("T", " ");
    const why = reason === undefined ? "" : style.bad(`  not valid: ${reason}`);
    terminal.print(
      `  ${sign} ${style.dim(when)}  ${key.type.padEnd(8)} ${clean(record?.by.arn ?? key.userid)}${why}`,
    );
  }
  terminal.print(
    style.dim(`  checkpoint of ${checkpoint.size} entries, signed by ${clean(checkpoint.origin)}`),
  );
  for (const { key, time } of cosigners) {
    terminal.print(style.dim(`  cosigned by ${clean(key.name)} at ${timeText(time).replace("T", " ")}`));
  }
  if (cosigners.length === 0)
    terminal.print(style.warn("  no witness cosigned it: the log could show others another one"));
  terminal.print(style.dim("  what was left out of a proof does not show in it"));
  return good ? 0 : exitCodes.found.code;
}

function timeText(seconds: number | undefined): string {
  return seconds === undefined ? "-" : formatTime(new Date(seconds * 1000));
}
