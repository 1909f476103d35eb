import type { JudgedRecord } from "../judged.ts";
import { secondsOf } from "../time.ts";
import type { RecordType, RequestBody } from "../types.ts";
import { chainOf } from "./chain.ts";
import type { Enrolment } from "./keys.ts";
import type { SeenRecord } from "./place.ts";

/** What the rules between records of one request need of each, and no more: a log holds many. */
export interface LinkHead<T extends RecordType> {
  readonly type: T;
  readonly name: string;
  readonly userid: string;
  /** `userid/thumbprint` of the writer. */
  readonly chain: string;
  readonly sha256: string;
  /** Unix seconds. */
  readonly at: number;
  readonly catalog: string;
  /** Whether the record tells of credentials that were issued. */
  readonly tellsSession: boolean;
  /** When it arrived, by S3; Unix seconds. */
  readonly arrived: number;
  /** Whose key signed, where that was looked up. */
  readonly writer: Enrolment | undefined;
}

export interface RequestLink extends LinkHead<"request"> {
  readonly role: string;
  readonly issuer: string;
  readonly targets: readonly string[];
  readonly duration: number;
  /** What rules look at besides. */
  readonly asked: Pick<RequestBody, "purpose" | "ticket" | "attested" | "claimed">;
}

export interface IssueLink extends LinkHead<"issue"> {
  readonly requestHash: string;
  readonly decisions: readonly string[];
  readonly renews: string;
  readonly role: string;
  readonly sessionName: string;
  readonly accessKeyId: string;
  readonly policySha256: string;
  /** Session tags `jit:request` and `jit:access`, empty where there is none. */
  readonly taggedRequest: string;
  readonly taggedAccess: string;
  readonly isSealed: boolean;
  readonly durationSeconds: number;
  readonly expiration: number;
  readonly notAfter: number;
}

export interface EndLink extends LinkHead<"end"> {
  readonly requestHash: string;
  readonly issueHash: string;
}

export interface OtherLink
  extends LinkHead<"approval" | "denial" | "abort" | "revoke" | "review" | "notice"> {
  readonly requestHash: string;
}

export type Link = RequestLink | IssueLink | EndLink | OtherLink;

/** Credentials that a record tells of make a session, whoever says so. */
export function tellsSession(record: JudgedRecord): boolean {
  return record.type === "issue" || (record.type === "abort" && record.accessKeyId !== "-");
}

/**
 * `undefined` for `enrol`, which belongs to no request.
 * @param isProven whether what a request calls attested is; else it is left out
 */
export function linkOf(
  { record, name, key, sha256, lastModified }: SeenRecord,
  writer: Enrolment | undefined,
  isProven: boolean,
): Link | undefined {
  const head = {
    name,
    userid: key.userid,
    chain: chainOf(key),
    sha256,
    at: secondsOf(record.at),
    tellsSession: tellsSession(record),
    arrived: lastModified.getTime() / 1000,
    writer,
  };
  const { catalog } = record;
  switch (record.type) {
    case "enrol":
      return undefined;
    case "request": {
      const { type, role, issuer, duration, targets, purpose, ticket, claimed } = record;
      const asked = { purpose, ticket, attested: isProven ? record.attested : {}, claimed };
      return { ...head, catalog, type, role, issuer, duration, targets, asked };
    }
    case "issue": {
      const { type, requestHash, decisions, renews, role, sessionName, accessKeyId, durationSeconds } =
        record;
      const times = { expiration: secondsOf(record.expiration), notAfter: secondsOf(record.notAfter) };
      const isSealed = record.sealed !== "-";
      const body = {
        requestHash,
        decisions,
        renews,
        role,
        sessionName,
        accessKeyId,
        durationSeconds,
        isSealed,
        policySha256: record.policySha256,
        taggedRequest: record.tags["jit:request"] ?? "",
        taggedAccess: record.tags["jit:access"] ?? "",
      };
      return { ...head, catalog, type, ...body, ...times };
    }
    case "end": {
      const { type, requestHash, issueHash } = record;
      return { ...head, catalog, type, requestHash, issueHash };
    }
    default: {
      const { type, requestHash } = record;
      return { ...head, catalog, type, requestHash };
    }
  }
}
