import type { NamedObject } from "../../audit/first-of-each.ts";
import { readKey, recordPrefix } from "../../audit/key.ts";
import type { RecordStore } from "../../audit/ports.ts";
import type { RecordReader } from "../../audit/record-reader.ts";
import { mapAtMost } from "../../audit/scan.ts";
import { hoursBetween } from "../../audit/time.ts";
import type { Case } from "./case.ts";

/** What a requester has asked for lately. */
export interface History {
  /** Days that were looked at. */
  readonly days: number;
  /** Requests of this `aws:userid` in them, the present one left out. */
  readonly requests: number;
  /** Of the newest of them, as many as were read, those for one of the same stores. */
  readonly read: number;
  readonly sameStore: number;
  /** The newest for one of the same stores. */
  readonly last: Date | undefined;
}

const days = 7;
const mostRead = 20;
const parallel = 12;

/** Counts by LIST over the last days, and reads the newest few; records that are not valid count for nothing. */
export async function historyOf(
  store: Pick<RecordStore, "list" | "listPrefixes">,
  reader: RecordReader,
  { request }: Case,
  now: Date,
): Promise<History> {
  const { record } = request;
  const wanted = new Set(hoursBetween(new Date(now.getTime() - days * 86_400_000), now));
  const hours: string[] = [];
  for await (const prefix of store.listPrefixes(recordPrefix)) {
    const hour = prefix.slice(recordPrefix.length, -1);
    if (wanted.has(hour)) hours.push(hour);
  }
  const found = await mapAtMost(parallel, hours, async (hour) => {
    const here: NamedObject[] = [];
    for await (const object of store.list(`${recordPrefix}${hour}/`)) {
      const key = readKey(object.key);
      if (key?.type === "request" && key.userid === record.by.userid && key.request !== record.request)
        here.push({ object, key });
    }
    return here;
  });
  const all = found.flat().sort((a, b) => (a.key.request > b.key.request ? -1 : 1));
  const stores = new Set(record.targets.map(storeIn));
  const newest = all.slice(0, mostRead);
  const read = await mapAtMost(parallel, newest, ({ object, key }) => reader.readOne(object, key));
  const same = read.flatMap((one) =>
    one.reason === undefined &&
    one.record?.type === "request" &&
    one.record.targets.some((t) => stores.has(storeIn(t)))
      ? [new Date(one.record.at)]
      : [],
  );
  return { days, requests: all.length, read: newest.length, sameStore: same.length, last: same[0] };
}

function storeIn(target: string): string {
  return target.split(":")[0] ?? "";
}
