import { DeleteObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import * as v from "valibot";
import { canonicalJson, parseStrictJson } from "../access/canonical.ts";
import { isId } from "../audit/id.ts";
import type { RecordStore } from "../audit/ports.ts";
import { codeOf, JitError } from "../error.ts";
import type { ReasonStore, ReasonTexts } from "../session/sealed-text.ts";
import { patience } from "./clients.ts";
import { commonError, failureOf, wordsOf } from "./error.ts";

/** A bucket of reasons: what the shared bucket's adapter can do, and deleting. */
export interface ReasonBucket extends Pick<RecordStore, "create" | "read" | "listVersions"> {
  /** Deletes one version for good. */
  remove(key: string, versionId: string): Promise<void>;
}

/** @throws JitError `REASONS_DENIED`, `REASONS_UNREACHABLE`, and what every service of AWS may say */
export async function removeVersion(
  s3: S3Client,
  bucket: string,
  key: string,
  versionId: string,
): Promise<void> {
  try {
    await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId }), patience());
  } catch (error) {
    if (error instanceof JitError) throw error;
    const failure = failureOf(error);
    const common = commonError(failure);
    if (common !== undefined) throw common;
    if (failure.status === 403) throw denied(bucket, wordsOf(failure));
    throw new JitError("REASONS_UNREACHABLE", `S3 does not delete in ${bucket}: ${failure.name}`, {
      hint: "run the same command again: it deletes what is left",
    });
  }
}

const textsSchema = v.strictObject({
  v: v.literal(1),
  request: v.string(),
  reason: v.string(),
  ticket: v.string(),
});

/** Reasons and tickets in a bucket without lock, where they can be erased: `<prefix><request id>.json`. */
export function reasonStore(open: (bucket: string) => ReasonBucket): ReasonStore {
  return {
    async write(location, request, { reason, ticket }) {
      const { bucket, key } = placeOf(location, request);
      const bytes = canonicalJson({ v: 1, request, reason, ticket: ticket ?? "-" });
      await open(bucket).create(key, bytes);
    },

    async read(location, request) {
      const { bucket, key } = placeOf(location, request);
      try {
        const bytes = await open(bucket).read(key);
        return bytes === undefined ? "absent" : textsOf(bytes, request);
      } catch (error) {
        if (codeOf(error) === "AUDIT_DENIED") return "denied";
        throw error;
      }
    },

    async erase(location, request) {
      const { bucket, key } = placeOf(location, request);
      const store = open(bucket);
      let removed = 0;
      try {
        for await (const { versionId } of exactly(store, key)) {
          await store.remove(key, versionId);
          removed += 1;
        }
      } catch (error) {
        if (codeOf(error) === "AUDIT_DENIED") throw denied(bucket, "its versions may not be listed");
        throw error;
      }
      return removed;
    },

    async *list(location) {
      const { bucket, prefix } = placeOf(location, "");
      let last: string | undefined;
      for await (const { key } of open(bucket).listVersions(prefix)) {
        const request = key.slice(prefix.length).replace(/\.json$/, "");
        if (request === last || !isId(request)) continue;
        last = request;
        yield request;
      }
    },
  };
}

async function* exactly(store: ReasonBucket, key: string) {
  const found = [];
  // A listing must not be read on while what it lists is taken away.
  for await (const version of store.listVersions(key)) if (version.key === key) found.push(version);
  yield* found;
}

/** What is no such object is none: whoever may write there cannot make a reader believe it, by the record's digest. */
function textsOf(bytes: Uint8Array, request: string): ReasonTexts | "absent" {
  let value: unknown;
  try {
    value = parseStrictJson(bytes);
  } catch {
    return "absent";
  }
  const parsed = v.safeParse(textsSchema, value);
  if (!parsed.success || parsed.output.request !== request) return "absent";
  const { reason, ticket } = parsed.output;
  return { reason, ticket: ticket === "-" ? undefined : ticket };
}

function placeOf(location: string, request: string) {
  const [, bucket, prefix = ""] = /^s3:\/\/([^/]+)\/(.*)$/.exec(location) ?? [];
  if (bucket === undefined) throw new JitError("REASONS_UNREACHABLE", `${location} is no place for reasons`);
  return { bucket, prefix, key: `${prefix}${request}.json` };
}

function denied(bucket: string, why: string): JitError {
  return new JitError("REASONS_DENIED", `S3 does not let you erase in ${bucket}: ${why}`, {
    hint: "it takes s3:ListBucketVersions and s3:DeleteObjectVersion there (docs/aws.md)",
  });
}
