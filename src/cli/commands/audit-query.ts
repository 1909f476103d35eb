import type { SqlAnswer } from "../../audit/export/engine.ts";
import { type ExportManifest, manifestName, readManifest } from "../../audit/export/manifest.ts";
import { recordsView, requestsView } from "../../audit/export/views.ts";
import { codeOf, JitError } from "../../error.ts";
import { openExport } from "../compose/export.ts";
import { argument, type Context, isOn, text } from "../context.ts";
import { interrupted } from "../interrupt.ts";
import { rowCsv, rowJson, rowTable, type SqlRow } from "../render/query.ts";
import { clean, wrap } from "../style.ts";

/** Rows that a person is shown at once. */
const mostRows = 1000;

/** `jit audit query SQL`: asks an export that lies on this machine; no network, no credentials. */
export async function auditQuery(context: Context): Promise<number> {
  const sql = argument(context, 0, "the query");
  const directory = text(context, "dir") ?? ".";
  const isCsv = isOn(context, "csv");
  if (isCsv && context.json) throw new JitError("USAGE", "--csv and --json exclude each other");
  const { folder, path, engine } = openExport(context, directory);
  const bytes = folder.read(manifestName);
  if (bytes === undefined) {
    throw new JitError("EXPORT_MISSING", `there is no export in ${directory}`, {
      hint: "`jit audit export DIR` makes one; name it with --dir DIR",
    });
  }
  if (/[*?[]/.test(path)) {
    throw new JitError("EXPORT_INVALID", "DuckDB takes *, ? and [ in a folder's name for patterns", {
      hint: "move the export to a folder without them",
    });
  }
  const manifest = readManifest(bytes);
  const files = Object.values(manifest.days).map(({ file }) => `${path}/${file}`);
  const views = [recordsView(files), requestsView];
  return await untilInterrupted(context, async (signal) => {
    const answer = await context.terminal.progress("Asking DuckDB", () =>
      engine.ask(path, views, sql, signal),
    );
    try {
      return await show(context, answer, manifest);
    } finally {
      answer.close();
    }
  });
}

/** Ctrl-C ends the query first: a process does not end while DuckDB still works. */
async function untilInterrupted(
  context: Context,
  work: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  context.releaseSignals();
  process.on("SIGINT", onSignal);
  try {
    return await work(stop.signal);
  } catch (error) {
    throw codeOf(error) === "QUERY_STOPPED" ? interrupted("nothing was written") : error;
  } finally {
    process.off("SIGINT", onSignal);
  }
}

/** Prints as it comes; a table only when all is there. */
async function show(context: Context, answer: SqlAnswer, manifest: ExportManifest): Promise<number> {
  const { terminal, style, json } = context;
  const isCsv = isOn(context, "csv");
  if (isCsv) terminal.raw(rowCsv(answer.names));
  const shown: SqlRow[] = [];
  let count = 0;
  for await (const rows of answer.rows()) {
    for (const row of rows) {
      count += 1;
      if (json) terminal.print(rowJson(answer.names, row));
      else if (isCsv) terminal.raw(rowCsv(row));
      else if (shown.length < mostRows) shown.push(row);
    }
  }
  if (json || isCsv) return 0;
  if (shown.length > 0) terminal.print(rowTable(answer.names, shown, terminal.columns, style));
  const more = count > shown.length ? `, the first ${shown.length} shown (--csv and --json have all)` : "";
  const { checkpoint, writtenAt } = manifest;
  const tree = checkpoint === null ? "no checkpoint" : `checkpoint ${checkpoint.size}`;
  const note = `${count} ${count === 1 ? "row" : "rows"}${more}; exported ${writtenAt}, ${clean(tree)}`;
  terminal.note(style.dim(wrap(note, terminal.columns)));
  return 0;
}
