import type { PublicJwk } from "../access/types.ts";

/** One object of the audit bucket as a listing shows it. */
export interface ListedObject {
  readonly key: string;
  readonly versionId: string;
  readonly size: number;
  /** The server's time of arrival. */
  readonly lastModified: Date;
  readonly isLatest: boolean;
  readonly isDeleteMarker: boolean;
}

/** One version with its retention. */
export interface Retained {
  readonly bytes: Uint8Array;
  readonly lockedUntil: Date | undefined;
}

/**
 * The shared bucket. Failures that AWS calls retryable are retried within a bounded time; what remains is thrown as
 * JitError: `AUDIT_UNREACHABLE`, `AUDIT_DENIED`, `AUDIT_BUCKET_MISSING`, `AUDIT_WRONG_REGION`, `AUDIT_WRONG_OWNER`,
 * `AWS_EXPIRED`, `AWS_NO_CREDENTIALS`, `AWS_THROTTLED`.
 */
export interface RecordStore {
  /**
   * Creates one object. When the promise resolves, the bytes are durable and readable by everyone.
   * Sending the same key and bytes again is a success; the same key with other bytes fails with
   * `RECORD_CONFLICT` and changes nothing. 409, 5xx and lost replies are retried with the same bytes; on 412 the
   * oldest version is read back and only identical bytes are success.
   */
  create(key: string, bytes: Uint8Array): Promise<void>;
  /** Bytes of the oldest version that is no delete marker, or `undefined` where the key never existed. */
  read(key: string): Promise<Uint8Array | undefined>;
  /** Bytes of one version. */
  readVersion(key: string, versionId: string): Promise<Uint8Array | undefined>;
  /** Bytes of one version, and until when Object Lock keeps it in COMPLIANCE mode (`undefined` where it does not). */
  readRetained?(key: string, versionId: string): Promise<Retained | undefined>;
  /** Bytes of the current version, or `undefined`: for the pointers that `replace` writes. */
  readCurrent?(key: string): Promise<Uint8Array | undefined>;
  /** Current keys under a prefix, in lexicographic order, paged; `after` is exclusive. */
  list(prefix: string, after?: string): AsyncIterable<ListedObject>;
  /** All versions and delete markers under a prefix, keys in order, versions of a key newest first; `after` is exclusive. */
  listVersions(prefix: string, after?: string): AsyncIterable<ListedObject>;
  /** The same in pages, as they come: for who reads very many. */
  versionPages?(prefix: string, after?: string): AsyncIterable<readonly ListedObject[]>;
  /**
   * As `listVersions`, but may leave out objects whole all of whose versions arrived before a time and that have no delete
   * marker. For copies that can tell without reading all they list.
   * @param onLeftOut called with the number of versions that are left out, as often as some are
   */
  listArrived?(
    prefix: string,
    from: Date,
    onLeftOut: (versions: number) => void,
  ): AsyncIterable<ListedObject>;
  /** Common prefixes up to the delimiter `/` below a prefix. */
  listPrefixes(prefix: string): AsyncIterable<string>;
  /** Overwrites: for `current` pointers and checkpoints alone, never for records. */
  replace(key: string, bytes: Uint8Array): Promise<void>;
}

/** A private key that signs records. */
export interface Signer {
  readonly algorithm: "Ed25519" | "ES256";
  readonly publicKey: PublicJwk;
  /** RFC 7638 SHA-256 thumbprint, base64url. */
  readonly thumbprint: string;
  /** Raw signature: 64 bytes; ES256 as r‖s (RFC 7518, 3.4) with low s. */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

/** A record that is signed and perhaps not yet stored. */
export interface PendingRecord {
  readonly key: string;
  readonly bytes: Uint8Array;
}

/** Where a writer's chain stands on this machine. */
export interface ChainPosition {
  /** The next `n`. */
  readonly next: number;
  /** SHA-256 of the last stored bytes, or `-`. */
  readonly prev: string;
  /** What a crash may have left unsent; it occupies `next`. */
  readonly pending: PendingRecord | undefined;
}

/** A chain while this process alone holds it. */
export interface HeldChain {
  /** Where it stands now: after `setPending` with the pending record, after `advance` with the next number. */
  readonly position: ChainPosition;
  /** Durable (fsync) when the promise resolves. Fails with `LOCAL_DISK_FULL` or `LOCAL_READ_ONLY`. */
  setPending(pending: PendingRecord): Promise<void>;
  /**
   * The pending record is stored: the chain moves on by one. Durable with the next `setPending`; until then a loss of
   * power may bring the pending record back, which sending it again mends.
   */
  advance(prev: string): Promise<void>;
}

/** The local state of one writer's chain (one key). */
export interface Chain {
  /** Runs `work` while no other process can touch the chain. */
  hold<T>(work: (chain: HeldChain) => Promise<T>): Promise<T>;
}

/** The server's clock: local time corrected by what AWS's replies said. */
export interface Clock {
  now(): Date;
}

export interface Random {
  bytes(count: number): Uint8Array;
}

/** What was begun: the request record, AssumeRole, the issue record, the cache file. */
export type JournalStep = "request" | "assumeRole" | "issueRecord" | "cache";

/** A request that was begun on this machine. */
export interface JournalEntry {
  readonly request: string;
  /** SHA-256 of the request record's bytes. */
  readonly requestHash: string;
  /** The step that is under way, or did not finish. */
  readonly step: JournalStep;
  /** Access key id of the session, where AssumeRole answered, else `-`. Never a secret. */
  readonly accessKeyId: string;
}

/**
 * Requests under way, kept on disk beside one writer's chain, so that the next run can write the abort record of what
 * a crash cut off. Every change is durable (fsync) when its promise resolves; failures are `LOCAL_DISK_FULL` and
 * `LOCAL_READ_ONLY`. An entry belongs to the process that opened it.
 */
export interface Journal {
  /**
   * Begins a request; called between signing its record and sending it, while the chain is held. Opening one that is
   * open replaces the entry, which then belongs to this process.
   */
  open(entry: JournalEntry): Promise<void>;
  /** The next step begins. Fails with `LOCAL_JOURNAL` where the request was never opened. */
  mark(request: string, step: JournalStep, accessKeyId?: string): Promise<void>;
  /** The request was handed over, or its abort record is stored. Closing what is not open is no error. */
  close(request: string): Promise<void>;
  /** Entries whose process no longer runs; those of living processes (this one, too) are left out. */
  list(): Promise<readonly JournalEntry[]>;
}
