import { formatTime } from "../../audit/time.ts";
import { type CheckedEntry, checkEntry } from "../../audit/tree/check-entry.ts";
import { checkProof } from "../../audit/tree/check-proof.ts";
import { readEntryProof } from "../../audit/tree/entry-proof.ts";
import { treeKeysOf } from "../../audit/tree/keys.ts";
import { readRequestProof } from "../../audit/tree/request-proof.ts";
import { readFile } from "../compose/admin-files.ts";
import { openProofOptions } from "../compose/audit.ts";
import { type Context, printJson } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { findingLine } from "../render/finding.ts";
import { entryJson } from "../render/story.ts";
import { clean, table, wrap } from "../style.ts";

/** `jit audit verify --proof FILE`: by the pinned fingerprint, and by nothing else. */
export async function verifyProof(context: Context, path: string): Promise<number> {
  const file = readFile(path);
  const options = { ...openProofOptions(context), keysOf: treeKeysOf };
  const entry = readEntryProof(file);
  if (entry !== undefined) return showEntry(context, await checkEntry(entry, options));
  const checked = await checkProof(readRequestProof(file), options);
  const { request, organization, checkpoint, cosigners, entries, findings, state } = checked;
  const good =
    entries.every(({ reason }) => reason === undefined) &&
    !findings.some(({ severity }) => severity === "invalid");
  if (context.json) {
    printJson(context, {
      ok: good,
      request,
      organization,
      trustVersion: checked.trustVersion,
      state,
      checkpoint: checkpointJson(checkpoint),
      cosigners: cosigners.map(({ key, time }) => ({ name: key.name, time: timeText(time) })),
      entries: entries.map((one) => ({ ...entryJson(one), ...placeJson(checked.places.get(one.name)) })),
      findings,
    });
    return good ? 0 : exitCodes.found.code;
  }
  const { terminal, style } = context;
  for (const found of findings) terminal.print(findingLine(found, style, terminal.columns));
  const mark = good ? style.good("✓") : style.bad("✗");
  const what = `${entries.length} records of ${style.strong(request)} are in the log of ${organization}: ${state}`;
  terminal.print(wrap(`${mark} ${what}`, terminal.columns, "  "));
  for (const { key, record, reason } of entries) {
    const sign = reason === undefined ? style.good("✓") : style.bad("✗");
    const when = (record?.at ?? key.hour).replace("T", " ");
    const why = reason === undefined ? "" : style.bad(`  not valid: ${reason}`);
    const line = `${sign} ${style.dim(when)}  ${key.type.padEnd(8)} ${clean(record?.by.arn ?? key.userid)}${why}`;
    terminal.print(`  ${wrap(line, terminal.columns, "      ")}`);
  }
  printCheckpoint(context, checked);
  terminal.print(style.dim("  what was left out of a proof does not show in it"));
  return good ? 0 : exitCodes.found.code;
}

/** One entry: that it was sealed is shown of anything; whether it is a good record, of records alone. */
function showEntry(context: Context, checked: CheckedEntry): number {
  const { leaf, index, leafHash, organization, checkpoint, cosigners, record } = checked;
  const good = record !== undefined && record.reason === undefined;
  if (context.json) {
    printJson(context, {
      ok: good,
      organization,
      trustVersion: checked.trustVersion,
      ...placeJson(checked),
      leaf,
      checkpoint: checkpointJson(checkpoint),
      cosigners: cosigners.map(({ key, time }) => ({ name: key.name, time: timeText(time) })),
      record: record === undefined ? null : entryJson(record),
    });
    return good ? 0 : exitCodes.found.code;
  }
  const { terminal, style } = context;
  const mark = good ? style.good("✓") : style.bad("✗");
  terminal.print(`${mark} entry ${index} is in the log of ${organization}`);
  const rows = [
    ["leaf hash", leafHash],
    ["object", clean(leaf.key)],
    ["version", clean(leaf.versionId)],
    ["SHA-256", leaf.sha256],
    ["arrived", leaf.serverTime.replace("T", " ")],
    [
      "locked",
      leaf.lockedUntil === "-" ? "not by Object Lock" : `until ${leaf.lockedUntil.replace("T", " ")}`,
    ],
  ];
  const said = record?.record;
  if (said !== undefined && good)
    rows.push(["record", `${said.type} by ${clean(said.by.arn)}, ${said.at.replace("T", " ")}`]);
  terminal.print(table(rows.map(([name = "", value = ""]) => [`  ${name}`, value])));
  const why = leaf.fault === "-" ? (record?.reason ?? "NAME_INVALID") : leaf.fault;
  if (!good) terminal.print(style.bad(`  no good record: ${why}`));
  printCheckpoint(context, checked);
  terminal.print(style.dim("  of the rest of its request this shows nothing: jit audit prove REQUEST does"));
  return good ? 0 : exitCodes.found.code;
}

function placeJson(place: Pick<CheckedEntry, "index" | "leafHash"> | undefined) {
  return { treeIndex: place?.index ?? null, leafHash: place?.leafHash ?? null };
}

function checkpointJson({ origin, size, root }: CheckedEntry["checkpoint"]) {
  return { origin, size, root: Buffer.from(root).toString("base64") };
}

function printCheckpoint(
  { terminal, style }: Context,
  { checkpoint, cosigners }: Pick<CheckedEntry, "checkpoint" | "cosigners">,
): void {
  const folded = (line: string) => style.dim(`  ${wrap(clean(line), terminal.columns, "  ")}`);
  terminal.print(folded(`checkpoint of ${checkpoint.size} entries, signed by ${checkpoint.origin}`));
  for (const { key, time } of cosigners)
    terminal.print(folded(`cosigned by ${key.name} at ${timeText(time).replace("T", " ")}`));
  if (cosigners.length === 0)
    terminal.print(style.warn("  no witness cosigned it: the log could show others another one"));
}

function timeText(seconds: number | undefined): string {
  return seconds === undefined ? "-" : formatTime(new Date(seconds * 1000));
}
