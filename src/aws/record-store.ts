import {
  GetObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import type { ListedObject, RecordStore, Retained } from "../audit/ports.ts";
import { JitError } from "../error.ts";
import { patience } from "./clients.ts";
import { type AwsFailure, commonError, failureOf, hintFor, noAnswer, wordsOf } from "./error.ts";
import { listed, mergeVersions } from "./listed.ts";
import { takeVersions, type VersionPage } from "./version-page.ts";

export interface BucketOptions {
  readonly s3: S3Client;
  readonly bucket: string;
  /** The account that must own it. */
  readonly account: string | undefined;
  /** Waits that many milliseconds; a test passes its own. */
  readonly wait: (ms: number) => Promise<void>;
}

/** 409 means that another write of the same key is under way: it is over in moments. */
const conflictWaits = [50, 100, 200, 400, 800, 1600];

/** The shared bucket on S3. */
export function bucketStore({ s3, bucket, account, wait }: BucketOptions): RecordStore {
  const at = { Bucket: bucket, ...(account === undefined ? {} : { ExpectedBucketOwner: account }) };

  async function put(key: string, bytes: Uint8Array, createOnly: boolean): Promise<void> {
    for (let conflict = 0; ; conflict += 1) {
      try {
        await s3.send(
          new PutObjectCommand({
            ...at,
            Key: key,
            Body: bytes,
            ContentType: contentTypeOf(key),
            // Object Lock wants a checksum; this one also has S3 refuse bytes that were damaged on the way.
            ChecksumAlgorithm: "SHA256",
            ...(createOnly ? { IfNoneMatch: "*" } : {}),
          }),
          patience(),
        );
        return;
      } catch (error) {
        if (error instanceof JitError) throw error;
        const failure = failureOf(error);
        const pause = failure.status === 409 ? conflictWaits[conflict] : undefined;
        if (pause !== undefined) {
          await wait(pause);
          continue;
        }
        // A retry after a lost reply meets our own object: only the very same bytes are a success.
        if (createOnly && (failure.status === 412 || failure.status === 409))
          return await mustBeSame(key, bytes, failure);
        throw explain(failure, bucket, `write ${nameOf(key)}`);
      }
    }
  }

  async function mustBeSame(key: string, bytes: Uint8Array, failure: AwsFailure): Promise<void> {
    const there = await readOldest(key);
    // S3 is not done with another write, or the object has gone again: nobody else's is known to stand there.
    if (there === undefined) throw explain(failure, bucket, `write ${nameOf(key)}`);
    if (Buffer.from(there).equals(bytes)) return;
    throw new JitError("RECORD_CONFLICT", `another object stands at ${key}`, {
      hint: "this machine's key is used elsewhere too; nothing was changed",
    });
  }

  async function readOldest(key: string): Promise<Uint8Array | undefined> {
    let oldest: string | undefined;
    for await (const version of versions(key)) {
      if (version.key === key && !version.isDeleteMarker) oldest = version.versionId;
    }
    return oldest === undefined ? undefined : await get(key, oldest);
  }

  async function get(key: string, versionId: string | undefined): Promise<Uint8Array | undefined> {
    return (await getRetained(key, versionId))?.bytes;
  }

  async function getRetained(key: string, versionId: string | undefined): Promise<Retained | undefined> {
    try {
      const reply = await s3.send(
        new GetObjectCommand({
          ...at,
          Key: key,
          ...(versionId === undefined ? {} : { VersionId: versionId }),
        }),
        patience(),
      );
      const bytes = await reply.Body?.transformToByteArray();
      const isLocked = reply.ObjectLockMode === "COMPLIANCE";
      return bytes && { bytes, lockedUntil: isLocked ? reply.ObjectLockRetainUntilDate : undefined };
    } catch (error) {
      if (error instanceof JitError) throw error;
      const failure = failureOf(error);
      if (failure.status === 404 && failure.name !== "NoSuchBucket") return undefined;
      throw explain(failure, bucket, `read ${nameOf(key)}`);
    }
  }

  async function* versions(prefix: string, after?: string): AsyncGenerator<ListedObject> {
    for await (const page of versionPages(prefix, after)) yield* page;
  }

  async function* versionPages(prefix: string, after?: string): AsyncGenerator<readonly ListedObject[]> {
    let marker: { KeyMarker?: string; VersionIdMarker?: string } =
      after === undefined ? {} : { KeyMarker: after };
    for (;;) {
      const command = new ListObjectVersionsCommand({ ...at, Prefix: prefix, ...marker });
      let taken: VersionPage | undefined;
      takeVersions(command, (page) => {
        taken = page;
      });
      const page = await s3.send(command, patience()).catch((error: unknown) => {
        throw error instanceof JitError ? error : explain(failureOf(error), bucket, `list ${prefix}`);
      });
      // Of a page that was not taken the SDK tells them.
      const { versions, deleteMarkers } = taken ?? {
        versions: (page.Versions ?? []).map((one) => listed(one, false)),
        deleteMarkers: (page.DeleteMarkers ?? []).map((one) => listed(one, true)),
      };
      yield mergeVersions(versions, deleteMarkers);
      if (page.IsTruncated !== true) return;
      const { NextKeyMarker: key, NextVersionIdMarker: version } = page;
      if (key === undefined || (key === marker.KeyMarker && version === marker.VersionIdMarker))
        throw endless(bucket);
      marker = { KeyMarker: key, ...(version === undefined ? {} : { VersionIdMarker: version }) };
    }
  }

  async function* pages(prefix: string, after: string | undefined, delimiter: string | undefined) {
    let token: string | undefined;
    do {
      const page = await s3
        .send(
          new ListObjectsV2Command({
            ...at,
            Prefix: prefix,
            ...(after === undefined ? {} : { StartAfter: after }),
            ...(delimiter === undefined ? {} : { Delimiter: delimiter }),
            ...(token === undefined ? {} : { ContinuationToken: token }),
          }),
          patience(),
        )
        .catch((error: unknown) => {
          throw error instanceof JitError ? error : explain(failureOf(error), bucket, `list ${prefix}`);
        });
      yield page;
      const next = page.IsTruncated === true ? page.NextContinuationToken : undefined;
      if (page.IsTruncated === true && (next === undefined || next === token)) throw endless(bucket);
      token = next;
    } while (token !== undefined);
  }

  return {
    create: async (key, bytes) => await put(key, bytes, true),
    replace: async (key, bytes) => await put(key, bytes, false),
    read: readOldest,
    readVersion: get,
    readRetained: getRetained,
    readCurrent: async (key) => await get(key, undefined),
    listVersions: versions,
    versionPages,
    async *list(prefix, after) {
      for await (const page of pages(prefix, after, undefined)) {
        for (const one of page.Contents ?? []) yield listed({ ...one, IsLatest: true }, false);
      }
    },
    async *listPrefixes(prefix) {
      for await (const page of pages(prefix, undefined, "/")) {
        for (const { Prefix } of page.CommonPrefixes ?? []) if (Prefix !== undefined) yield Prefix;
      }
    },
  };
}

/** What says that there is more, and not where, would be asked for ever, or taken for all there is. */
function endless(bucket: string): JitError {
  return new JitError("AUDIT_REFUSED", `the listing of ${bucket} says that it goes on, and does not`);
}

/** C2SP tlog-tiles has types of its own. */
function contentTypeOf(key: string): string {
  if (key.startsWith("v1/tree/tile/")) return "application/octet-stream";
  if (key.startsWith("v1/tree/")) return "text/plain; charset=utf-8";
  return key.endsWith(".yaml") ? "application/yaml" : "application/json";
}

/** `the request record` of a record's long key; other keys as they are. */
function nameOf(key: string): string {
  const type = /^v1\/rec\/.*\.([a-z]+)\.jws$/.exec(key)?.[1];
  return type === undefined ? key : `the ${type} record`;
}

function explain(failure: AwsFailure, bucket: string, what: string): JitError {
  const common = commonError(failure);
  if (common !== undefined) return common;
  const { name, status } = failure;
  // Of what has to stand there before there are credentials.
  const isNeeded = /^write (?:the (?:enrol|request|issue) record|v1\/(?:claim|debt)\/)/.test(what);
  if (name === "NoSuchBucket") {
    return new JitError("AUDIT_BUCKET_MISSING", `the audit bucket ${bucket} does not exist`, {
      hint: "ask your security team: the catalog names the bucket, unless --bucket does",
    });
  }
  if (name === "PermanentRedirect" || name === "AuthorizationHeaderMalformed" || status === 301) {
    const where = failure.bucketRegion === undefined ? "another region" : failure.bucketRegion;
    return new JitError(
      "AUDIT_WRONG_REGION",
      `the audit bucket ${bucket} is in ${where}, not where the catalog says`,
      {
        hint: "the catalog's audit.region must name it",
      },
    );
  }
  if (status === 403) {
    return new JitError("AUDIT_DENIED", `S3 does not let you ${what} in ${bucket}: ${wordsOf(failure)}`, {
      hint: `the bucket may be another account's, or your identity lacks the permission of docs/aws.md${isNeeded ? "; nothing is issued without the record" : ""}`,
    });
  }
  if (noAnswer(failure) || (status !== undefined && (status >= 500 || status === 409 || status === 412))) {
    return new JitError("AUDIT_UNREACHABLE", `S3 does not answer (${name}) to ${what} in ${bucket}`, {
      hint: hintFor(
        failure,
        `${isNeeded ? "nothing is issued without the record: " : ""}try again when the network is back`,
      ),
    });
  }
  return new JitError("AUDIT_REFUSED", `S3 refuses to ${what} in ${bucket}: ${name}: ${wordsOf(failure)}`);
}
