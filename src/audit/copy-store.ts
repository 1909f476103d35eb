import { JitError } from "../error.ts";
import type { ListedObject, RecordStore } from "./ports.ts";

/** One version of one object in a copy of a bucket. */
export interface CopiedVersion extends Omit<ListedObject, "isLatest"> {
  /** Its bytes, or `undefined` where the copy does not have them. */
  bytes(): Promise<Uint8Array | undefined>;
}

/** A copy of a bucket, or of a part of one, that is only read. @param versions of a key: newest first */
export function copyStore(versions: readonly CopiedVersion[]): RecordStore {
  const byKey = new Map<string, CopiedVersion[]>();
  for (const version of versions) {
    const known = byKey.get(version.key);
    if (known === undefined) byKey.set(version.key, [version]);
    else known.push(version);
  }
  const keys = [...byKey.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const of = (key: string) => byKey.get(key) ?? [];
  const under = (prefix: string, after = "") => keys.filter((key) => key.startsWith(prefix) && key > after);
  const listed = ({ bytes: _, ...version }: CopiedVersion, isLatest: boolean) => ({ ...version, isLatest });
  const refuse = async (): Promise<never> => {
    throw new JitError("COPY_READ_ONLY", "a copy of a log is only read");
  };
  return {
    create: refuse,
    replace: refuse,
    read: async (key) =>
      await of(key)
        .findLast(({ isDeleteMarker }) => !isDeleteMarker)
        ?.bytes(),
    readVersion: async (key, versionId) =>
      await of(key)
        .find((version) => version.versionId === versionId && !version.isDeleteMarker)
        ?.bytes(),
    readCurrent: async (key) =>
      of(key)[0]?.isDeleteMarker === false ? await of(key)[0]?.bytes() : undefined,
    async *list(prefix, after) {
      for (const key of under(prefix, after)) {
        const [version] = of(key);
        if (version !== undefined && !version.isDeleteMarker) yield listed(version, true);
      }
    },
    async *listVersions(prefix, after) {
      for (const key of under(prefix, after)) {
        for (const [index, version] of of(key).entries()) yield listed(version, index === 0);
      }
    },
    async *listPrefixes(prefix) {
      const seen = new Set<string>();
      for (const key of under(prefix)) {
        const end = key.indexOf("/", prefix.length);
        const common = key.slice(0, end + 1);
        if (end < 0 || of(key)[0]?.isDeleteMarker !== false || seen.has(common)) continue;
        seen.add(common);
        yield common;
      }
    },
  };
}
