import type { Period } from "../log/moment.ts";
import type { ChainNumbers } from "../log/names.ts";
import { type LogPorts, LogReader } from "../log/read.ts";
import type { TreeKeys } from "../tree/keys.ts";
import { LeafIndex } from "../tree/leaf-index.ts";
import { partition, type Row, schemaVersion } from "./columns.ts";
import { type Day, Days, inputsOf } from "./days.ts";
import { earlier, headOf } from "./head.ts";
import { type ExportedDay, type ExportManifest, manifestName, writeManifest } from "./manifest.ts";
import type { ExportFolder } from "./ports.ts";
import { rowOfNoise, rowOfRecord, rowsOfRequest } from "./rows.ts";

export interface ExportOptions {
  readonly organization: string;
  /** Of the trust file that keys are judged by; 0 where there is none. */
  readonly trustVersion: number;
  readonly keys: TreeKeys;
  /** Whole days, UTC. */
  readonly period: Period;
  /** By the server's clock. */
  readonly now: Date;
  /** Is told what is under way. */
  readonly tell?: (what: string) => void;
}

export interface Exported {
  /** All that the folder has now. */
  readonly manifest: ExportManifest;
  /** Of this run's period. */
  readonly days: readonly string[];
  /** Those whose file is new or another one. */
  readonly written: readonly string[];
  /** Those that were there and are no more. */
  readonly removed: readonly string[];
}

const part = "part-0.parquet";
const fileOf = (day: string) => `${partition.name}=${day}/${part}`;

/**
 * Writes the days of a period, each one file, one request at a time; days of which nothing has changed are left as they are. The
 * manifest names the checkpoint before a row can belong to it, so that a run that was cut off leaves whole files that the next
 * one finishes.
 * @throws JitError `EXPORT_INVALID`, `EXPORT_OTHER_LOG`, `EXPORT_FORKED`, `PROOF_TREE`, those of the store and of the folder
 */
export async function exportLog(
  ports: LogPorts,
  folder: ExportFolder,
  options: ExportOptions,
): Promise<Exported> {
  const { period, now, tell = () => undefined } = options;
  tell("Reading the log's tree");
  const leaves = await LeafIndex.read(ports.store, options.keys);
  const before = earlier(folder, ports.log, leaves);
  const head = await headOf(ports, leaves, options);
  const kept = { ...before?.days };
  folder.write(manifestName, writeManifest({ ...head, days: kept }));
  // A client's clock may be ahead of the server's by moments: what is there is seen.
  const until = new Date(Math.max(now.getTime() + 3_600_000, period.to.getTime()));
  const days = await Days.survey(ports.store, period, until, (day) => tell(`Listing ${day}`));
  const { names, chains } = days;
  // What was judged before has no records in it.
  const reader = new LogReader({ ...ports, segments: undefined }, chains);
  const written: string[] = [];
  for (const [done, name] of names.entries()) {
    tell(`Writing ${name}: day ${done + 1} of ${names.length}`);
    const day = await days.read(name);
    const known = kept[name];
    const inputs = inputsOf(day, chains, leaves, [String(schemaVersion), String(options.trustVersion)]);
    tidy(folder, name);
    const isThere = known !== undefined && folder.names(`${partition.name}=${name}`).includes(part);
    if (isThere && known.settled && known.inputs === inputs) continue;
    const counted = new Counted(rowsOf(day, { ports, chains, reader, leaves, now }));
    const file = fileOf(name);
    const table = await folder.writeTable(file, counted.rows(), isThere ? known.sha256 : undefined);
    const { verified, sealed, settled } = counted;
    kept[name] = { file, ...table, verified, sealed, inputs, settled } satisfies ExportedDay;
    if (!isThere || known.sha256 !== table.sha256) written.push(name);
  }
  const there = new Set(names);
  const [first = "", last = ""] = [period.from, period.to].map((edge) => edge.toISOString().slice(0, 10));
  await reader.close();
  const removed = daysIn(folder).filter((day) => day >= first && day < last && !there.has(day));
  for (const day of removed) {
    folder.remove(`${partition.name}=${day}`);
    delete kept[day];
  }
  const manifest = { ...head, days: kept };
  folder.write(manifestName, writeManifest(manifest));
  return { manifest, days: names, written, removed };
}

interface Sources {
  readonly ports: LogPorts;
  readonly chains: ChainNumbers;
  readonly reader: LogReader;
  readonly leaves: LeafIndex;
  readonly now: Date;
}

/** Requests first, then what belongs to none, both by their names. */
async function* rowsOf(day: Day, { ports, chains, reader, leaves, now }: Sources): AsyncGenerator<Row> {
  // Texts that lie apart from their records are never exported: they can be erased where they are, and not here.
  const options = { filter: {}, texts: false, now };
  const listed = new Map(day.requests.map(({ request, records }) => [request, records]));
  for await (const entry of reader.entries(day.requests, options)) {
    const records = listed.get(entry.request) ?? [];
    const own = new Map(records.map(({ object }) => [object.name, object]));
    yield* rowsOfRequest(entry, (name) => own.get(name), leaves);
  }
  for (const named of day.others) {
    const record = await reader.read(named);
    const known = record.record === undefined || (await ports.catalogOf(record.record.catalog)) !== undefined;
    const chain = chains.chainFault(named.key);
    yield rowOfRecord(
      record,
      named.object,
      [
        ...(named.key.request === "-" ? [] : (["REQUEST_MISSING"] as const)),
        ...(known ? [] : (["CATALOG_UNKNOWN"] as const)),
        ...(chain === undefined ? [] : [chain]),
      ],
      leaves,
    );
  }
  for (const object of day.noise) yield rowOfNoise(object, leaves);
}

/** Counts rows as they pass. */
class Counted {
  verified = 0;
  sealed = 0;
  settled = true;
  readonly #source: AsyncIterable<Row>;

  constructor(source: AsyncIterable<Row>) {
    this.#source = source;
  }

  async *rows(): AsyncGenerator<Row> {
    for await (const row of this.#source) {
      if (row.verified === true) this.verified += 1;
      if (row.tree_index !== undefined) this.sealed += 1;
      if (row.verified !== true || isOpen(row)) this.settled = false;
      yield row;
    }
  }
}

/** Whether time alone can change what came of the request. */
function isOpen({ outcome }: Row): boolean {
  return outcome === "pending" || outcome === "scheduled";
}

/** Removes what is not the day's one file: parts of a run that was cut off, or of before. */
function tidy(folder: ExportFolder, day: string): void {
  const inside = `${partition.name}=${day}`;
  for (const name of folder.names(inside)) if (name !== part) folder.remove(`${inside}/${name}`);
}

function daysIn(folder: ExportFolder): readonly string[] {
  return folder.names(".").flatMap((name) => /^day=(\d{4}-\d{2}-\d{2})$/.exec(name)?.[1] ?? []);
}
