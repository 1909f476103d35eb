import { tellStory } from "../../audit/story.ts";
import { writeEntryProof } from "../../audit/tree/entry-proof.ts";
import { treeKeysOf } from "../../audit/tree/keys.ts";
import { proveRequest } from "../../audit/tree/prove.ts";
import { proveEntry } from "../../audit/tree/prove-entry.ts";
import { writeRequestProof } from "../../audit/tree/request-proof.ts";
import { JitError } from "../../error.ts";
import { writeFile } from "../compose/admin-files.ts";
import { openAudit } from "../compose/audit.ts";
import { argument, type Context, printJson, text } from "../context.ts";
import { refuseBadId } from "../request-id.ts";
import { wrap } from "../style.ts";

/** `jit audit prove REQUEST`: one file that shows, to whoever has the fingerprint, that its records are in the log. */
export async function auditProve(context: Context): Promise<number> {
  const index = text(context, "index");
  if (index !== undefined) return await proveOne(context, index);
  const request = argument(context, 0, "the request, or --index");
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
  const records = proof.records.length;
  const what = `${records} records of ${request} and its keys`;
  return hand(context, writeRequestProof(proof), what, { request, records });
}

/** `jit audit prove --index N`: the same of one entry of the tree, be it a record or not. */
async function proveOne(context: Context, typed: string): Promise<number> {
  const index = Number(typed);
  if (!/^(0|[1-9][0-9]{0,15})$/.test(typed) || !Number.isSafeInteger(index)) {
    throw new JitError("USAGE", `--index: ${JSON.stringify(typed.slice(0, 20))} is no place in the tree`, {
      hint: "entries are counted from 0: tree_index of a row of `jit audit export`",
    });
  }
  if (context.invocation.args.length > 0) throw new JitError("USAGE", "a request, or --index: not both");
  const { store, trust, fingerprint } = await openAudit(context);
  const proof = await context.terminal.progress("Proving the entry", () =>
    proveEntry(store, index, fingerprint, treeKeysOf(trust)),
  );
  return hand(context, writeEntryProof(proof), `entry ${index} of the log's tree`, { index });
}

/** Into the file that is named, or out. */
function hand(
  context: Context,
  file: Uint8Array,
  what: string,
  json: Readonly<Record<string, unknown>>,
): number {
  const { terminal, style } = context;
  const out = text(context, "out");
  if (out === undefined) {
    terminal.print(Buffer.from(file).toString().trimEnd());
    return 0;
  }
  writeFile(out, file, {});
  if (context.json) printJson(context, { file: out, ...json });
  else {
    terminal.print(wrap(`${style.good("✓")} ${out}: ${what}`, terminal.columns, "  "));
    const next = "anybody with the fingerprint (JIT_ORGANIZATION=LOCATION#FINGERPRINT) checks it:";
    terminal.note(style.dim(`  ${wrap(next, terminal.noteColumns, "  ")}`));
    terminal.note(style.dim(`    jit audit verify --proof ${out}`));
  }
  return 0;
}
