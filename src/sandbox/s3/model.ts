import type { Checksum } from "./checksum.ts";

/** What the sandbox's S3 holds: buckets, and per key its versions, newest first. */

export type LockMode = "COMPLIANCE" | "GOVERNANCE";

export interface DefaultRetention {
  readonly mode: LockMode;
  readonly unit: "Days" | "Years";
  readonly amount: number;
}

export interface Bucket {
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly created: Date;
  readonly versioning: "Enabled" | "Suspended" | undefined;
  readonly objectLock: { readonly retention: DefaultRetention | undefined } | undefined;
  /** JSON text as the owner wrote it. */
  readonly policy: string | undefined;
}

export interface Retention {
  readonly mode: LockMode;
  readonly until: Date;
}

/** One version of an object. A delete marker has no body. */
export interface Version {
  readonly key: string;
  /** `null` for what was written while versioning was off. */
  readonly versionId: string;
  /** Order of writing over the whole store. */
  readonly sequence: number;
  readonly deleteMarker: boolean;
  readonly modified: Date;
  readonly body: Uint8Array;
  /** With its quotes. */
  readonly etag: string;
  readonly checksum: Checksum | undefined;
  /** Content-Type and the other stored headers, `x-amz-meta-…` included, lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tags: string | undefined;
  readonly retention: Retention | undefined;
  readonly legalHold: boolean;
  /** Sizes of the parts of a multipart upload. */
  readonly parts: readonly number[] | undefined;
  /** Account that wrote it, or `anonymous`. */
  readonly owner: string;
}

/**
 * Where buckets are kept between two runs. Every call returns when the change would survive the process's end.
 */
export interface Shelf {
  /** Everything that was put and not removed, in any order. */
  load(): { readonly buckets: readonly Bucket[]; readonly versions: readonly (readonly [string, Version])[] };
  putBucket(bucket: Bucket): void;
  removeBucket(name: string): void;
  /** Writes the version, or writes it again where its retention or hold changed. */
  putVersion(bucket: string, version: Version): void;
  removeVersion(bucket: string, version: Version): void;
}

/** Keeps nothing: for tests in one process. */
export const memoryShelf: Shelf = {
  load: () => ({ buckets: [], versions: [] }),
  putBucket: () => undefined,
  removeBucket: () => undefined,
  putVersion: () => undefined,
  removeVersion: () => undefined,
};
