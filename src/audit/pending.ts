import { idTime } from "./id.ts";
import { readKey, recordPrefix } from "./key.ts";
import type { RecordStore } from "./ports.ts";
import { mapAtMost } from "./scan.ts";
import { hoursBetween } from "./time.ts";

/** A request that is neither issued nor closed, as names alone tell. */
export interface OpenRequest {
  readonly request: string;
  /** Name of the request record. */
  readonly name: string;
  /** `aws:userid` of the requester. */
  readonly userid: string;
  readonly thumbprint: string;
  /** When it was made, by its id. */
  readonly at: Date;
}

const closing = new Set(["issue", "denial", "abort"]);

/**
 * Requests without a session, denial or abort, oldest first: one LIST for each hour and no GET. Names are the word of
 * whoever could write them (the bucket's policy binds the userid in them); verify a request before acting on it.
 * @param since start of the first hour that is looked at; later closings of older requests are seen, too
 */
export async function openRequests(
  store: Pick<RecordStore, "list">,
  since: Date,
  now: Date,
): Promise<readonly OpenRequest[]> {
  const requests = new Map<string, OpenRequest>();
  const closed = new Set<string>();
  await mapAtMost(12, [...hoursBetween(since, now)], async (hour) => {
    for await (const { key: name } of store.list(`${recordPrefix}${hour}/`)) {
      const key = readKey(name);
      if (key === undefined || key.request === "-") continue;
      const { request, userid, thumbprint, type } = key;
      if (closing.has(type)) closed.add(request);
      if (type === "request") {
        requests.set(`${request}/${userid}`, {
          request,
          name,
          userid,
          thumbprint,
          at: new Date(idTime(request)),
        });
      }
    }
  });
  return [...requests.values()]
    .filter(({ request }) => !closed.has(request))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
