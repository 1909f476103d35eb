import type { RecordKey } from "./key.ts";
import type { ListedObject } from "./ports.ts";

export interface NamedObject {
  readonly object: ListedObject;
  readonly key: RecordKey;
}

/** Anybody can put objects under a request, each under the own userid: of each writer so many of a type are read. */
const mostOfOneWriter = 4;

/** What arrived first of each writer and type, so that nobody puts the own record out of sight by others that come later. */
export function firstOfEach(named: readonly NamedObject[]): readonly NamedObject[] {
  const counts = new Map<string, number>();
  return [...named]
    .sort(
      (a, b) =>
        a.object.lastModified.getTime() - b.object.lastModified.getTime() ||
        (a.object.key < b.object.key ? -1 : 1),
    )
    .filter(({ key }) => {
      const of = `${key.userid} ${key.type}`;
      counts.set(of, (counts.get(of) ?? 0) + 1);
      return (counts.get(of) ?? 0) <= mostOfOneWriter;
    });
}
