import { athenaDdl } from "../../audit/export/athena.ts";
import { type Exported, exportLog } from "../../audit/export/export.ts";
import { recordPrefix } from "../../audit/key.ts";
import { type Period, parseMoment, periodOf } from "../../audit/log/moment.ts";
import { hourStart, isHour } from "../../audit/time.ts";
import { treeKeysOf } from "../../audit/tree/keys.ts";
import { logPorts } from "../audit-log.ts";
import { type Audit, openAudit } from "../compose/audit.ts";
import { openExport } from "../compose/export.ts";
import { argument, type Context, printJson, text } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { clean, wrap } from "../style.ts";

const day = 86_400_000;

/** `jit audit export DIR`: the log as Parquet, a folder for each day; exit 20 where a row is not verified. With --ddl Athena's table for it. */
export async function auditExport(context: Context): Promise<number> {
  const location = text(context, "ddl");
  if (location !== undefined) {
    context.terminal.raw(athenaDdl(location));
    return 0;
  }
  const directory = argument(context, 0, "the folder");
  const audit = await openAudit(context);
  const { trust, catalog } = audit;
  const now = audit.clock.now();
  const exported = await context.terminal.progress("Reading the log", async (tell) => {
    const period = await periodFrom(context, audit, now);
    return await exportLog(logPorts(audit), openExport(context, directory).folder, {
      organization: catalog.organization,
      trustVersion: trust?.version ?? 0,
      keys: treeKeysOf(trust),
      period,
      now,
      tell,
    });
  });
  const sums = sumsOf(exported);
  if (context.json) printJson(context, jsonOf(directory, exported, sums));
  else print(context, directory, exported, sums);
  return sums.verified === sums.rows ? 0 : exitCodes.found.code;
}

/** Whole days, of the whole log unless told. */
async function periodFrom(context: Context, { store }: Audit, now: Date): Promise<Period> {
  const since = text(context, "since");
  const until = text(context, "until");
  const from = since === undefined ? await firstHour(store) : parseMoment(since, now, "start", "--since");
  const to = until === undefined ? undefined : parseMoment(until, now, "end", "--until");
  // A client's clock may be ahead of ours by moments: what is there is exported.
  const end = to?.getTime() ?? now.getTime() + 3_600_000;
  const start = Math.floor((from ?? now).getTime() / day) * day;
  return periodOf(new Date(start), new Date(Math.ceil(end / day) * day));
}

/** When the log begins, by the names of its hours. */
async function firstHour(store: Audit["store"]): Promise<Date | undefined> {
  for await (const prefix of store.listPrefixes(recordPrefix)) {
    const hour = prefix.slice(recordPrefix.length, -1);
    if (isHour(hour)) return new Date(hourStart(hour));
  }
  return undefined;
}

interface Sums {
  readonly rows: number;
  readonly verified: number;
  readonly sealed: number;
}

function sumsOf({ manifest, days }: Exported): Sums {
  let [rows, verified, sealed] = [0, 0, 0];
  for (const name of days) {
    const one = manifest.days[name];
    rows += one?.rows ?? 0;
    verified += one?.verified ?? 0;
    sealed += one?.sealed ?? 0;
  }
  return { rows, verified, sealed };
}

function jsonOf(directory: string, { manifest, days, written, removed }: Exported, sums: Sums) {
  const { organization, checkpoint } = manifest;
  return { directory, organization, days, written, removed, ...sums, checkpoint };
}

function print(context: Context, directory: string, exported: Exported, sums: Sums): void {
  const { terminal, style } = context;
  const { manifest, days, written, removed } = exported;
  const mark = sums.verified === sums.rows ? style.good("✓") : style.bad("✗");
  const what = `${sums.rows} ${sums.rows === 1 ? "record" : "records"} of ${count(days.length)}`;
  const gone = removed.length === 0 ? "" : `, ${removed.length} removed`;
  terminal.print(`${mark} ${clean(directory)}: ${what}; ${written.length} written${gone}`);
  const note = (line: string) => terminal.note(style.dim(`  ${wrap(line, terminal.columns - 2, "  ")}`));
  if (sums.verified < sums.rows) {
    terminal.print(style.bad(`  ${sums.rows - sums.verified} not verified: SELECT findings, object …`));
  }
  const { checkpoint } = manifest;
  if (checkpoint === null) note("the log has no checkpoint yet: no row has a place in its tree");
  else {
    const { cosigners, size } = checkpoint;
    const by =
      cosigners.length === 0 ? "no witness cosigned it" : `cosigned by ${clean(cosigners.join(", "))}`;
    note(`${sums.sealed} have a place in the tree of ${size} entries; ${by}`);
  }
  note("whether records are missing only `jit audit verify` tells");
  note(`jit audit query --dir ${clean(directory)} 'SELECT …'`);
}

function count(days: number): string {
  return `${days} ${days === 1 ? "day" : "days"}`;
}
