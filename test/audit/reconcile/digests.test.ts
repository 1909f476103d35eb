import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { gzipSync } from "node:zlib";
import { beforeEach, expect, test } from "vitest";
import type { TrailFiles, TrailKey } from "../../../src/audit/reconcile/ports.ts";
import { trailFileSource } from "../../../src/audit/reconcile/trail.ts";
import { account, assumeRole } from "./events.ts";

/** A trail of three hours, one log file in each, changed in one way at a time. */

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const der = publicKey.export({ format: "der", type: "pkcs1" });
const key: TrailKey = { fingerprint: "f00d", value: der };
const bucket = "acme-trail";
const range = { from: new Date("2026-11-24T08:30:00Z"), to: new Date("2026-11-24T12:00:00Z") };
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

interface Stored {
  bytes: Uint8Array;
  signature: string | undefined;
}
let files: Map<string, Stored>;

const log = (hour: number) =>
  `AWSLogs/${account}/CloudTrail/eu-central-1/2026/11/24/${account}_CloudTrail_eu-central-1_20261124T${two(hour)}30Z_abcdefgh.json.gz`;
const digest = (hour: number) =>
  `AWSLogs/${account}/CloudTrail-Digest/eu-central-1/2026/11/24/${account}_CloudTrail-Digest_eu-central-1_acme_eu-central-1_20261124T${two(hour)}0000Z.json.gz`;
const two = (hour: number) => String(hour).padStart(2, "0");

beforeEach(() => {
  files = new Map();
  let before: { name: string; hash: string; signature: string } | undefined;
  for (const hour of [9, 10, 11]) {
    const records = Buffer.from(JSON.stringify({ Records: [assumeRole()] }));
    files.set(log(hour - 1), { bytes: gzipSync(records), signature: undefined });
    const name = digest(hour);
    const end = `2026-11-24T${two(hour)}:00:00Z`;
    const body = Buffer.from(
      JSON.stringify({
        awsAccountId: account,
        digestStartTime: `2026-11-24T${two(hour - 1)}:00:00Z`,
        digestEndTime: end,
        digestS3Bucket: bucket,
        digestS3Object: name,
        digestPublicKeyFingerprint: "f00d",
        digestSignatureAlgorithm: "SHA256withRSA",
        previousDigestS3Bucket: before === undefined ? null : bucket,
        previousDigestS3Object: before?.name ?? null,
        previousDigestHashValue: before?.hash ?? null,
        previousDigestSignature: before?.signature ?? null,
        logFiles: [
          { s3Bucket: bucket, s3Object: log(hour - 1), hashValue: sha256(records), hashAlgorithm: "SHA-256" },
        ],
      }),
    );
    const text = `${end}\n${bucket}/${name}\n${sha256(body)}\n${before?.signature ?? "null"}`;
    const signature = sign("sha256", Buffer.from(text), privateKey).toString("hex");
    files.set(name, { bytes: gzipSync(body), signature });
    before = { name, hash: sha256(body), signature };
  }
});

async function check(keys: readonly TrailKey[] | "none" = [key], isCopy = false) {
  const from: TrailFiles = {
    name: "trail",
    isCopy,
    bucket: isCopy ? undefined : bucket,
    async *list() {
      yield* files.keys();
    },
    read: async (name) => {
      const stored = files.get(name);
      return stored === undefined ? undefined : { ...stored, ...(isCopy ? { signature: undefined } : {}) };
    },
  };
  const source = trailFileSource(from, async () => (keys === "none" ? undefined : keys));
  let events = 0;
  for await (const _ of source.events(range)) events++;
  return { events, codes: source.findings().map(({ code }) => code), source };
}

const take = (name: string): Stored => {
  const stored = files.get(name);
  if (stored === undefined) throw new Error(name);
  return stored;
};

test("as CloudTrail wrote it: nothing is found, in the bucket and in a copy", async () => {
  expect(await check()).toMatchObject({ events: 3, codes: [] });
  const copied = await check([key], true);
  expect(copied).toMatchObject({ events: 3, codes: [] });
  expect([...copied.source.accounts()]).toEqual([account]);
  expect([...copied.source.regions()]).toEqual(["eu-central-1"]);
});

test.each<[string, readonly string[], () => void]>([
  [
    "a log file is altered",
    ["TRAIL_FILE_ALTERED"],
    () => {
      take(log(9)).bytes = gzipSync(JSON.stringify({ Records: [] }));
    },
  ],
  [
    "a log file is gone",
    ["TRAIL_FILE_MISSING"],
    () => {
      files.delete(log(9));
    },
  ],
  [
    "a log file is put there",
    ["TRAIL_FILE_UNLISTED"],
    () => {
      files.set(log(9).replace("abcdefgh", "zzzzzzzz"), take(log(9)));
    },
  ],
  [
    "a log file of another name is put there",
    ["TRAIL_FILE_UNLISTED"],
    () => {
      files.set("AWSLogs/more.json", take(log(9)));
    },
  ],
  [
    "a log file is no gzip",
    ["TRAIL_FILE_UNREADABLE"],
    () => {
      take(log(9)).bytes = new Uint8Array([0x1f, 0x8b, 1]);
    },
  ],
  [
    "a log file has no records",
    ["TRAIL_FILE_UNREADABLE"],
    () => {
      take(log(9)).bytes = gzipSync("{}");
    },
  ],
  [
    "a digest is gone",
    ["TRAIL_DIGEST_MISSING", "TRAIL_FILE_UNLISTED"],
    () => {
      files.delete(digest(10));
    },
  ],
  [
    "a digest is no digest",
    ["TRAIL_DIGEST_INVALID", "TRAIL_DIGEST_MISSING", "TRAIL_FILE_UNLISTED"],
    () => {
      take(digest(10)).bytes = gzipSync("[]");
    },
  ],
  [
    "a digest leaves a file out",
    ["TRAIL_DIGEST_CHAIN", "TRAIL_DIGEST_INVALID"],
    () => {
      edit(digest(10), (of) => ({ ...of, logFiles: [] }));
      files.delete(log(9));
    },
  ],
  [
    "a digest lies elsewhere",
    ["TRAIL_DIGEST_INVALID"],
    () => {
      const moved = digest(11).replace("AWSLogs/", "AWSLogs/copy/");
      files.set(moved, take(digest(11)));
      files.delete(digest(11));
      files.delete(log(10));
    },
  ],
  [
    "a signature is another's",
    ["TRAIL_DIGEST_INVALID"],
    () => {
      take(digest(11)).signature = take(digest(10)).signature;
    },
  ],
  [
    "a signature is not hexadecimal",
    ["TRAIL_DIGEST_INVALID"],
    () => {
      take(digest(11)).signature = "zz";
    },
  ],
  [
    "a signature is not there",
    ["TRAIL_UNSIGNED"],
    () => {
      take(digest(11)).signature = undefined;
    },
  ],
  [
    "another algorithm is named",
    ["TRAIL_DIGEST_INVALID"],
    () => {
      edit(digest(11), (of) => ({ ...of, digestSignatureAlgorithm: "none" }));
    },
  ],
  [
    "another key is named",
    ["TRAIL_KEY_UNKNOWN"],
    () => {
      edit(digest(11), (of) => ({ ...of, digestPublicKeyFingerprint: "beef" }));
    },
  ],
  [
    "logging was off for a time",
    ["TRAIL_DIGEST_CHAIN", "TRAIL_DIGEST_INVALID"],
    () => {
      edit(digest(11), (of) => ({ ...of, previousDigestSignature: null }));
    },
  ],
])("%s: %j", async (_what, codes, mutate) => {
  mutate();
  expect((await check()).codes.sort()).toEqual([...codes].sort());
});

function edit(name: string, change: (digest: Record<string, unknown>) => object): void {
  const { bytes, ...stored } = take(name);
  const parsed = JSON.parse(unzipped(bytes)) as Record<string, unknown>;
  files.set(name, { ...stored, bytes: gzipSync(JSON.stringify(change(parsed))) });
}

function unzipped(bytes: Uint8Array): string {
  return process.getBuiltinModule("zlib").gunzipSync(bytes).toString();
}

test("in a copy a digest that was altered, or the newest of which nothing is known, proves nothing", async () => {
  edit(digest(10), (of) => ({ ...of, logFiles: [] }));
  expect((await check([key], true)).codes.sort()).toEqual([
    "TRAIL_DIGEST_CHAIN",
    "TRAIL_DIGEST_INVALID",
    "TRAIL_FILE_UNLISTED",
  ]);
});

test("without keys, without digests, and with digests that end early, that is said", async () => {
  expect((await check("none")).codes).toEqual(["TRAIL_UNSIGNED"]);
  for (const hour of [9, 10, 11]) files.delete(digest(hour));
  expect((await check()).codes).toEqual(["TRAIL_UNSIGNED"]);
});

test("digests that end long before the period does", async () => {
  for (const name of [digest(10), digest(11), log(9), log(10)]) files.delete(name);
  expect((await check()).codes).toEqual(["TRAIL_UNSIGNED"]);
});

test("digests of before the period need not be there", async () => {
  files.delete(digest(9));
  files.delete(log(8));
  const { codes } = await check();
  expect(codes).toEqual(["TRAIL_DIGEST_MISSING"]);
  const later = trailFileSource(
    {
      name: "t",
      isCopy: false,
      bucket,
      list: async function* () {
        yield* files.keys();
      },
      read: async (name) => files.get(name),
    },
    async () => [key],
  );
  for await (const _ of later.events({ ...range, from: new Date("2026-11-24T09:30:00Z") }));
  expect(later.findings()).toEqual([]);
});
