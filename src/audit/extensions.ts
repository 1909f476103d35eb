import { extendsOf } from "./extends.ts";
import { idTime } from "./id.ts";
import { readKey, recordPrefix } from "./key.ts";
import type { ListedObject, RecordStore } from "./ports.ts";
import type { RecordReader } from "./record-reader.ts";
import { mapAtMost } from "./scan.ts";
import type { Story } from "./story.ts";
import { hoursBetween, secondsOf } from "./time.ts";
import type { AuditRecord } from "./types.ts";

const hour = 3_600_000;
/** A grant lasts some hours; so many are looked through, and so many requests of its requester read. */
const mostHours = 72;
const mostRead = 64;
const parallel = 12;

/** The valid request record of a story, where it has one. */
export function requestIn({ entries }: Pick<Story, "entries">): AuditRecord<"request"> | undefined {
  const found = entries.find(({ key, reason }) => key.type === "request" && reason === undefined)?.record;
  return found?.type === "request" ? found : undefined;
}

/**
 * The requests that extend this one, oldest first. They are the same requester's and were made while its grant went on, so a
 * LIST of each hour in which it did finds them by name, and only that requester's are read.
 */
export async function extensionsOf(
  store: Pick<RecordStore, "list">,
  reader: RecordReader,
  story: Story,
): Promise<readonly string[]> {
  const asked = requestIn(story);
  const ends = story.entries.flatMap(({ record, reason }) =>
    record?.type === "issue" && reason === undefined ? [record] : [],
  );
  const begin = Math.min(...ends.map(({ at }) => secondsOf(at) * 1000));
  const end = Math.max(...ends.map(({ notAfter }) => secondsOf(notAfter) * 1000));
  if (asked === undefined || ends.length === 0 || end < begin) return [];
  const hours = [...hoursBetween(new Date(begin), new Date(Math.min(end, begin + mostHours * hour)))];
  const named = await mapAtMost(parallel, hours, async (at) => {
    const here: { object: ListedObject; key: NonNullable<ReturnType<typeof readKey>> }[] = [];
    for await (const object of store.list(`${recordPrefix}${at}/`)) {
      const key = readKey(object.key);
      const isCandidate =
        key?.type === "request" &&
        key.userid === asked.by.userid &&
        key.request !== story.request &&
        idTime(key.request) <= end;
      if (isCandidate) here.push({ object, key });
    }
    return here;
  });
  const candidates = named.flat().slice(0, mostRead);
  const read = await mapAtMost(parallel, candidates, ({ object, key }) => reader.readOne(object, key));
  return read.flatMap(({ record, reason }) =>
    reason === undefined && record?.type === "request" && extendsOf(record) === story.request
      ? [record.request]
      : [],
  );
}
