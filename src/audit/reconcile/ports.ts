import type { Finding } from "./finding.ts";

export interface TrailRange {
  readonly from: Date;
  readonly to: Date;
}

/** One event, unread. */
export interface RawEvent {
  /** Parsed JSON, hostile. */
  readonly value: unknown;
  /** Where it was found. */
  readonly place: string;
}

/**
 * Where events come from. What is wrong with the source's own files is told by `findings`, after `events` was read to its end;
 * failures to reach it are thrown as JitError: `TRAIL_UNREACHABLE`, `TRAIL_DENIED`, `TRAIL_MISSING`, `AWS_EXPIRED`,
 * `AWS_THROTTLED`.
 */
export interface TrailSource {
  /** For people: `LookupEvents in eu-central-1`, `s3://bucket/prefix`. */
  readonly name: string;
  /** Whether it is a copy that ends at its newest event. */
  readonly isCopy: boolean;
  /** The events of the range, in no order; others may be among them, and one may come twice. */
  events(range: TrailRange): AsyncIterable<RawEvent>;
  /** Where `events` has only the calls that make or change something: all calls of these access keys. */
  callsOf?(accessKeyIds: readonly string[], range: TrailRange): AsyncIterable<RawEvent>;
  /** Accounts and regions whose events are there, even if there were none. */
  accounts(): Iterable<string>;
  regions(): Iterable<string>;
  /** When the newest file of an account was delivered, of a copy; Unix seconds. */
  delivered?(account: string): number | undefined;
  findings(): readonly Finding[];
}

/** Files of a trail, in a bucket or a directory. Failures as of `TrailSource`. */
export interface TrailFiles {
  readonly name: string;
  readonly isCopy: boolean;
  /** Bucket that the files lie in, where that is known. */
  readonly bucket: string | undefined;
  /** Names of those that can hold events of the range, logs and digests; others may be among them. */
  list(range: TrailRange): AsyncIterable<string>;
  /** `undefined` where there is none. `signature`: the object's metadata of that name, where there is metadata. */
  read(
    name: string,
  ): Promise<{ readonly bytes: Uint8Array; readonly signature: string | undefined } | undefined>;
}

/** A key as `ListPublicKeys` tells it. */
export interface TrailKey {
  readonly fingerprint: string;
  /** PKCS #1 DER. */
  readonly value: Uint8Array;
}

/** Which managed policies bound a role, or are attached to it. */
export interface RolePolicyLookup {
  /** Account of whose roles it can tell. */
  readonly account: string;
  /** ARNs; `undefined` where that cannot be told: no permission, no such role, no answer. */
  managedPolicies(role: string): Promise<readonly string[] | undefined>;
}
