import { GetObjectCommand, ListObjectsV2Command, type S3Client } from "@aws-sdk/client-s3";
import type { TrailFiles, TrailRange } from "../audit/reconcile/ports.ts";
import { isJitError, JitError } from "../error.ts";
import { patience } from "./clients.ts";
import { type AwsFailure, commonError, failureOf, hintFor, noAnswer, wordsOf } from "./error.ts";
import { nextPage } from "./paging.ts";

const dayMs = 86_400_000;

/**
 * A trail's files in its bucket, `prefix` before `AWSLogs/`: of every account and region there, the days of the range, and
 * for logs the day before, whose files the first digest names.
 */
export function trailBucket(s3: S3Client, bucket: string, prefix: string): TrailFiles {
  const root = `${prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`}AWSLogs/`;

  async function* pages(Prefix: string, Delimiter?: string) {
    let token: string | undefined;
    do {
      const page = await ask(bucket, () =>
        s3.send(
          new ListObjectsV2Command({
            Bucket: bucket,
            Prefix,
            ...(Delimiter === undefined ? {} : { Delimiter }),
            ...(token === undefined ? {} : { ContinuationToken: token }),
          }),
          patience(),
        ),
      );
      yield page;
      token = nextPage(page.IsTruncated === true ? page.NextContinuationToken : undefined, token);
    } while (token !== undefined);
  }

  async function folders(Prefix: string): Promise<readonly string[]> {
    const found: string[] = [];
    for await (const { CommonPrefixes = [] } of pages(Prefix, "/")) {
      found.push(...CommonPrefixes.flatMap(({ Prefix: name }) => name ?? []));
    }
    return found;
  }

  async function* accountFolders(): AsyncGenerator<string> {
    for (const folder of await folders(root)) {
      // An organization's trail has its id in between.
      if (/\/o-[a-z0-9]+\/$/.test(folder)) yield* await folders(folder);
      else yield folder;
    }
  }

  return {
    name: `s3://${bucket}/${prefix}`,
    isCopy: false,
    bucket,
    async *list(range) {
      for await (const account of accountFolders()) {
        for (const [kind, before] of [
          ["CloudTrail-Digest", 0],
          ["CloudTrail", 1],
        ] as const) {
          for (const region of await folders(`${account}${kind}/`)) {
            for (const day of days(range, before)) {
              for await (const { Contents = [] } of pages(`${region}${day}/`)) {
                for (const { Key } of Contents) if (Key !== undefined) yield Key;
              }
            }
          }
        }
      }
    },
    async read(Key) {
      try {
        return await ask(bucket, async () => {
          const reply = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }), patience());
          const bytes = await reply.Body?.transformToByteArray();
          return bytes === undefined ? undefined : { bytes, signature: reply.Metadata?.["signature"] };
        });
      } catch (error) {
        if (isJitError(error) && error.code === "TRAIL_FILE_GONE") return undefined;
        throw error;
      }
    },
  };
}

/** `2026/11/24`, from `before` days before the range to the day after it: files are delivered late. */
function* days({ from, to }: TrailRange, before: number): Generator<string> {
  const first = Math.floor(from.getTime() / dayMs) - before;
  const last = Math.floor(to.getTime() / dayMs) + 1;
  for (let day = first; day <= last; day++) {
    yield new Date(day * dayMs).toISOString().slice(0, 10).replaceAll("-", "/");
  }
}

async function ask<T>(bucket: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw explain(failureOf(error), bucket);
  }
}

function explain(failure: AwsFailure, bucket: string): JitError {
  const common = commonError(failure);
  if (common !== undefined) return common;
  const { name, status } = failure;
  if (name === "NoSuchKey") return new JitError("TRAIL_FILE_GONE", "the file is not there");
  if (name === "NoSuchBucket") {
    return new JitError("TRAIL_MISSING", `there is no bucket ${bucket}`, {
      hint: "check the name in --trail",
    });
  }
  if (status === 403) {
    return new JitError("TRAIL_DENIED", `AWS does not let you read s3://${bucket}: ${wordsOf(failure)}`, {
      hint: "who reconciles needs s3:ListBucket and s3:GetObject on the trail's bucket (docs/reconcile.md)",
    });
  }
  if (noAnswer(failure) || (status ?? 0) >= 500) {
    return new JitError("TRAIL_UNREACHABLE", `S3 does not answer (${name})`, {
      hint: hintFor(failure, "check the network, and try again"),
    });
  }
  return new JitError("TRAIL_REFUSED", `S3 refuses to read s3://${bucket}: ${name}: ${wordsOf(failure)}`, {
    hint: "check the bucket's name and region",
  });
}
