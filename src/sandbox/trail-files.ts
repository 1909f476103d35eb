import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { gzipSync } from "node:zlib";
import { TRAIL_BUCKET } from "./account.ts";
import { AwsError } from "./service.ts";
import type { Entry } from "./trail-record.ts";

/**
 * The trail of an organization: log files and signed digests, as CloudTrail delivers them to a bucket.
 * Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
 */
export interface DeliveredFile {
  readonly key: string;
  readonly body: Uint8Array;
  readonly metadata: Readonly<Record<string, string>>;
}

const TRAIL = "acme";
const HOME = "eu-central-1";

interface Chain {
  readonly key: string;
  readonly sha256: string;
  readonly signature: string;
  readonly end: Date;
}

export class OrganizationTrail {
  readonly #organization: string;
  readonly #random: (size: number) => Uint8Array;
  /** Not delivered yet, by `account/region`. */
  #waiting = new Map<string, Entry[]>();
  readonly #chains = new Map<string, Chain>();
  #isLogging = true;
  /** Prefixes of the ARNs of objects whose data events are recorded. */
  #objects: readonly string[] = [];
  #keys: { readonly privateKey: KeyObject; readonly der: Buffer } | undefined;

  constructor(organization: string, random: (size: number) => Uint8Array) {
    this.#organization = organization;
    this.#random = random;
  }

  take(entries: readonly Entry[]): void {
    if (!this.#isLogging) return;
    for (const entry of entries) {
      const place = `${entry.account}/${entry.region}`;
      const waiting = this.#waiting.get(place) ?? [];
      waiting.push(entry);
      this.#waiting.set(place, waiting);
    }
  }

  stop(): void {
    this.#isLogging = false;
  }

  start(): void {
    this.#isLogging = true;
  }

  wantsObject(arn: string): boolean {
    return this.#objects.some((prefix) => arn.startsWith(prefix));
  }

  /** `EventSelectors` of PutEventSelectors; of data resources those of S3 alone. */
  select(input: object): void {
    const selectors: unknown = "EventSelectors" in input ? input.EventSelectors : undefined;
    if (!Array.isArray(selectors))
      throw new AwsError("InvalidEventSelectorsException", 400, "EventSelectors is missing");
    this.#objects = selectors
      .flatMap((selector: { DataResources?: readonly { Type?: unknown; Values?: readonly unknown[] }[] }) =>
        (selector.DataResources ?? []).flatMap(({ Type, Values = [] }) =>
          Type === "AWS::S3::Object" ? Values : [],
        ),
      )
      .filter((value) => typeof value === "string");
  }

  /** As ListPublicKeys tells it: PKCS #1 DER, in base64. */
  publicKey(now: Date): object {
    const { der } = this.#key();
    const seconds = Math.floor(now.getTime() / 1000);
    return {
      Value: der.toString("base64"),
      Fingerprint: createHash("md5").update(der).digest("hex"),
      ValidityStartTime: seconds - 86_400 * 30,
      ValidityEndTime: seconds + 86_400 * 30,
    };
  }

  /** @param accounts those of the organization: each has a digest of its home region, whatever happened */
  deliver(now: Date, accounts: Iterable<string>): readonly DeliveredFile[] {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    const homes = [...accounts].map((account) => `${account}/${HOME}`);
    const places = new Set([...homes, ...this.#chains.keys(), ...waiting.keys()]);
    return [...places].sort().flatMap((place) => this.#deliverOne(place, waiting.get(place) ?? [], now));
  }

  #deliverOne(place: string, entries: readonly Entry[], now: Date): readonly DeliveredFile[] {
    const [account = "", region = ""] = place.split("/");
    const day = now.toISOString().slice(0, 10).replaceAll("-", "/");
    const stamp = now.toISOString().replace(/[-:]|\.\d+/g, "");
    const folder = (kind: string) => `AWSLogs/${this.#organization}/${account}/${kind}/${region}/${day}/`;
    const logs =
      entries.length === 0
        ? []
        : [Buffer.from(JSON.stringify({ Records: entries.map(({ record }) => record) }))];
    const files = logs.map((body) => {
      const unique = Buffer.from(this.#random(8)).toString("hex");
      const key = `${folder("CloudTrail")}${account}_CloudTrail_${region}_${stamp.slice(0, 13)}Z_${unique}.json.gz`;
      return { key, body };
    });
    const key = `${folder("CloudTrail-Digest")}${account}_CloudTrail-Digest_${region}_${TRAIL}_${HOME}_${stamp}.json.gz`;
    const before = this.#chains.get(place);
    const times = entries.map(({ time }) => seconds(time)).sort();
    const digest = Buffer.from(
      JSON.stringify({
        awsAccountId: account,
        digestStartTime: seconds(before?.end ?? new Date(now.getTime() - 3_600_000)),
        digestEndTime: seconds(now),
        digestS3Bucket: TRAIL_BUCKET,
        digestS3Object: key,
        digestPublicKeyFingerprint: createHash("md5").update(this.#key().der).digest("hex"),
        digestSignatureAlgorithm: "SHA256withRSA",
        newestEventTime: times.at(-1) ?? null,
        oldestEventTime: times[0] ?? null,
        previousDigestS3Bucket: before === undefined ? null : TRAIL_BUCKET,
        previousDigestS3Object: before?.key ?? null,
        previousDigestHashValue: before?.sha256 ?? null,
        previousDigestHashAlgorithm: before === undefined ? null : "SHA-256",
        previousDigestSignature: before?.signature ?? null,
        logFiles: files.map((file) => ({
          s3Bucket: TRAIL_BUCKET,
          s3Object: file.key,
          hashValue: sha256(file.body),
          hashAlgorithm: "SHA-256",
          newestEventTime: times.at(-1),
          oldestEventTime: times[0],
        })),
      }),
    );
    const text = `${seconds(now)}\n${TRAIL_BUCKET}/${key}\n${sha256(digest)}\n${before?.signature ?? "null"}`;
    const signature = sign("sha256", Buffer.from(text), this.#key().privateKey).toString("hex");
    this.#chains.set(place, { key, signature, sha256: sha256(digest), end: now });
    return [
      ...files.map((file) => ({ key: file.key, body: gzipSync(file.body), metadata: {} })),
      { key, body: gzipSync(digest), metadata: { signature, "signature-algorithm": "SHA256withRSA" } },
    ];
  }

  /** Made when it is first needed: most sandboxes never deliver a file. */
  #key() {
    if (this.#keys !== undefined) return this.#keys;
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    this.#keys = { privateKey, der: publicKey.export({ format: "der", type: "pkcs1" }) };
    return this.#keys;
  }
}

/** `2026-11-24T08:16:36Z` */
function seconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
