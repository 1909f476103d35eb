import type { Identity, NotificationEvent, PublicJwk } from "../access/types.ts";

/**
 * Records as values; the byte format is `envelope.ts`'s, the name grammar `key.ts`'s. Frozen once written.
 * Everything is a string, an integer, a list or an object of those. SHA-256 digests are lower-case hexadecimal,
 * key thumbprints RFC 7638 base64url, times RFC 3339 UTC with whole seconds (`2026-11-24T08:16:36Z`),
 * durations whole seconds; `-` stands where a value does not exist.
 */

export const recordTypes = [
  "enrol",
  "request",
  "approval",
  "denial",
  "issue",
  "end",
  "abort",
  "revoke",
  "review",
  "notice",
] as const;
export type RecordType = (typeof recordTypes)[number];

export interface Checkpoint {
  readonly size: number;
  /** Root hash, standard base64 as in C2SP tlog-checkpoint. */
  readonly root: string;
}

/** What every record holds. */
export interface RecordHead<T extends RecordType = RecordType> {
  readonly v: 1;
  /** The organization's fingerprint: a record of one log cannot be replayed in another. */
  readonly log: string;
  readonly type: T;
  /**
   * This record's own id: 26 characters of Crockford base32, 48 bits of Unix milliseconds (the same second as `at`)
   * and the first 80 bits of SHA-256(thumbprint ‖ nonce), both as ASCII. A request's id is its `request`.
   */
  readonly id: string;
  /** 16 random bytes, base64url (22 characters). */
  readonly nonce: string;
  /** Request id, or `-`. */
  readonly request: string;
  /** Place in the writer's chain: 0, 1, 2 … */
  readonly n: number;
  /** SHA-256 of the previous stored bytes of this chain, `-` for n = 0. */
  readonly prev: string;
  readonly at: string;
  readonly by: Identity;
  /** Client name and version, `jit/0.1.0`. */
  readonly client: string;
  /** SHA-256 of the catalog's YAML bytes. */
  readonly catalog: string;
  readonly seen: Checkpoint | "-";
}

export interface EnrolBody {
  readonly key: PublicJwk;
  /** AWS's signed statement (JWT of sts:GetWebIdentityToken, audience = thumbprint), or `-`. */
  readonly statement: string;
}

/**
 * Text of the justification, or what proves it where the text lies in the catalog's `reasons` location:
 * SHA-256(salt ‖ text), the salt as its 22 base64url characters in ASCII, the text in UTF-8.
 */
export type SealedText = { readonly text: string } | { readonly sha256: string; readonly salt: string };

export interface RequestBody {
  /** `store:access`, sorted, no repetition. */
  readonly targets: readonly string[];
  readonly role: string;
  readonly issuer: string;
  readonly duration: number;
  readonly purpose: string;
  readonly reason: SealedText;
  /** Ticket, or `-`. */
  readonly ticket: SealedText | "-";
  readonly attested: Readonly<Record<string, string>>;
  readonly claimed: Readonly<Record<string, string>>;
  /** One-time public key (X25519 or P-256 JWK) to which another issuer seals the session; `-` for issuer requester. */
  readonly sealTo: Readonly<Record<string, string>> | "-";
}

export interface IssueBody {
  /** SHA-256 of the request record's stored bytes. */
  readonly requestHash: string;
  /** SHA-256 of each approval record's stored bytes. */
  readonly decisions: readonly string[];
  /** SHA-256 of the issue record that this one renews, or `-`. */
  readonly renews: string;
  readonly role: string;
  readonly sessionName: string;
  /** What AssumeRole was given, or `-` where the caller's session had one already. */
  readonly sourceIdentity: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly accessKeyId: string;
  /** `aws:userid` of the session. */
  readonly assumedRoleId: string;
  readonly durationSeconds: number;
  /** When the credentials lapse, by STS. */
  readonly expiration: string;
  /** When the grant ends, for every session of it. */
  readonly notAfter: string;
  /** The session policy as sent, and its SHA-256. */
  readonly policy: string;
  readonly policySha256: string;
  /** PackedPolicySize in percent, or -1 where STS did not tell. */
  readonly packed: number;
  /** JWE to the request's one-time key, or `-`. */
  readonly sealed: string;
}

export interface EndBody {
  readonly requestHash: string;
  /** Hash of the last issue record of the request. */
  readonly issueHash: string;
  /** `completed`: the wrapped command ended; `forgotten`: `jit forget`. */
  readonly outcome: "completed" | "forgotten";
  /** Exit code of the command, or -1. */
  readonly exitCode: number;
  /** Seconds that the command ran, or -1. */
  readonly seconds: number;
  /** SHA-256 of the command's arguments joined by NUL, or `-`. */
  readonly command: string;
}

export interface AbortBody {
  readonly requestHash: string;
  /** Stable code of what went wrong, `CRASHED` where the process died. */
  readonly code: string;
  /** The step that did not finish: `request`, `assumeRole`, `issueRecord`, `cache`. */
  readonly step: string;
  /** Access key id of a session that was issued and never handed over, where known, else `-`. */
  readonly accessKeyId: string;
}

/** Approval or denial by another person. */
export interface DecisionBody {
  readonly requestHash: string;
  readonly comment: SealedText | "-";
}

export interface RevokeBody {
  readonly requestHash: string;
  readonly role: string;
  readonly sessionName: string;
  readonly reason: string;
}

/** Another person's verdict on a request that broke the glass. */
export interface ReviewBody {
  readonly requestHash: string;
  readonly verdict: "justified" | "unjustified";
  readonly comment: SealedText;
}

/** Somebody was not told: a notification of the catalog failed. */
export interface NoticeBody {
  readonly requestHash: string;
  readonly event: NotificationEvent;
  /** Host of the webhook, or the command's program without its folder. */
  readonly to: string;
  /** Stable code of what went wrong. */
  readonly code: string;
}

export interface Bodies {
  enrol: EnrolBody;
  request: RequestBody;
  approval: DecisionBody;
  denial: DecisionBody;
  issue: IssueBody;
  end: EndBody;
  abort: AbortBody;
  revoke: RevokeBody;
  review: ReviewBody;
  notice: NoticeBody;
}

export type AuditRecord<T extends RecordType = RecordType> = T extends RecordType
  ? RecordHead<T> & Bodies[T]
  : never;

/** A record together with where and how it is stored. */
export interface StoredRecord<T extends RecordType = RecordType> {
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly record: AuditRecord<T>;
}
