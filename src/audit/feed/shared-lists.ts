import { recordPrefix } from "../key.ts";
import type { ListedObject, RecordStore } from "../ports.ts";

const requestPrefix = /^v1\/rec\/([0-9]{8}T[0-9]{2})\/([^/]+)\/$/;
/** Requests that are asked for in one hour before all of it is listed; a call lists 1,000 names. */
const mostAsks = 8;
/** Of a larger hour each request is asked for, however many they are. */
const mostObjects = 16_000;

/**
 * Lists what lies under some requests. Each may have records in hundreds of hours: of an hour in which many are looked for all is
 * listed once for all of them.
 */
export class SharedLists implements Pick<RecordStore, "list"> {
  readonly #store: Pick<RecordStore, "list">;
  readonly #requests: ReadonlySet<string>;
  readonly #asks = new Map<string, number>();
  readonly #hours = new Map<string, Promise<ReadonlyMap<string, readonly ListedObject[]> | undefined>>();

  constructor(store: Pick<RecordStore, "list">, requests: Iterable<string>) {
    this.#store = store;
    this.#requests = new Set(requests);
  }

  async *list(prefix: string, after?: string): AsyncIterable<ListedObject> {
    const [, hour, request] = requestPrefix.exec(prefix) ?? [];
    const isShared = after === undefined && request !== undefined && this.#requests.has(request);
    const all = isShared && hour !== undefined ? await this.#hour(hour) : undefined;
    if (all === undefined) yield* this.#store.list(prefix, after);
    else yield* all.get(request ?? "") ?? [];
  }

  async #hour(hour: string): Promise<ReadonlyMap<string, readonly ListedObject[]> | undefined> {
    const asks = (this.#asks.get(hour) ?? 0) + 1;
    this.#asks.set(hour, asks);
    if (asks <= mostAsks) return undefined;
    const listed = this.#hours.get(hour) ?? this.#list(hour);
    this.#hours.set(hour, listed);
    return await listed;
  }

  async #list(hour: string): Promise<ReadonlyMap<string, readonly ListedObject[]> | undefined> {
    const found = new Map<string, ListedObject[]>();
    const start = `${recordPrefix}${hour}/`;
    let objects = 0;
    for await (const object of this.#store.list(start)) {
      objects += 1;
      if (objects > mostObjects) return undefined;
      const request = object.key.slice(start.length, object.key.indexOf("/", start.length));
      if (!this.#requests.has(request)) continue;
      const own = found.get(request) ?? [];
      found.set(request, own);
      own.push(object);
    }
    return found;
  }
}
