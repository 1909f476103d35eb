import { canonicalJson } from "../access/canonical.ts";
import type { RecordStore } from "../audit/ports.ts";
import { JitError } from "../error.ts";
import type { ReasonStore } from "../session/sealed-text.ts";

/** Reasons and tickets in a bucket without lock, where they can be erased: `<prefix><request id>.json`. */
export function reasonStore(open: (bucket: string) => Pick<RecordStore, "create">): ReasonStore {
  return {
    async write(location, request, { reason, ticket }) {
      const [, bucket, prefix = ""] = /^s3:\/\/([^/]+)\/(.*)$/.exec(location) ?? [];
      if (bucket === undefined)
        throw new JitError("REASONS_UNREACHABLE", `${location} is no place for reasons`);
      const bytes = canonicalJson({ v: 1, request, reason, ticket: ticket ?? "-" });
      await open(bucket).create(`${prefix}${request}.json`, bytes);
    },
  };
}
