import * as v from "valibot";
import { sha256Hex } from "../access/digest.ts";
import { thumbprint as thumbprintOf } from "../access/jwk.ts";
import type { Identity } from "../access/types.ts";
import { JitError } from "../error.ts";
import { idMatches, idTime } from "./id.ts";
import * as part from "./record-parts.ts";
import { secondsOf } from "./time.ts";
import type { AuditRecord, RecordType } from "./types.ts";

/**
 * Schemas of record payloads: exactly the members of `types.ts`, each in one format. Frozen: what is refused here
 * was never a record, and what is taken here stays one. docs/record-format.md says the same in words.
 */

function head<T extends RecordType>(type: T) {
  return {
    v: v.literal(1),
    log: v.union([v.literal("unsigned"), part.sha256]),
    type: v.literal(type),
    id: part.id,
    nonce: part.nonce,
    request: part.orNone(part.id),
    n: part.integer(0),
    prev: part.orNone(part.sha256),
    at: part.time,
    by: part.identity,
    client: part.client,
    catalog: part.sha256,
    seen: part.orNone(part.checkpoint),
  };
}

const oneYear = 366 * 86_400;
const decision = { requestHash: part.sha256, comment: part.orNone(part.sealedText(8192)) };

const schema = v.variant("type", [
  v.strictObject({ ...head("enrol"), key: part.publicJwk, statement: part.orNone(part.compact(3)) }),
  v.strictObject({
    ...head("request"),
    targets: v.pipe(
      v.array(part.target),
      v.minLength(1),
      v.maxLength(64),
      v.check((list: string[]) => part.isAscending(list), "is not sorted without repetition"),
    ),
    role: part.role,
    issuer: v.picklist(["requester", "approver", "broker"]),
    duration: part.integer(1, oneYear),
    purpose: part.text(1024),
    reason: part.sealedText(8192),
    ticket: part.orNone(part.sealedText(1024)),
    attested: part.circumstances,
    claimed: part.circumstances,
    sealTo: part.orNone(part.sealingKey),
  }),
  v.strictObject({ ...head("approval"), ...decision }),
  v.strictObject({ ...head("denial"), ...decision }),
  v.strictObject({
    ...head("issue"),
    requestHash: part.sha256,
    decisions: v.pipe(v.array(part.sha256), v.maxLength(64)),
    renews: part.orNone(part.sha256),
    role: part.role,
    sessionName: part.sessionName,
    sourceIdentity: part.orNone(part.sessionName),
    tags: part.tags,
    accessKeyId: part.accessKeyId,
    assumedRoleId: part.userid,
    durationSeconds: part.integer(1, oneYear),
    expiration: part.time,
    notAfter: part.time,
    policy: part.text(2048),
    policySha256: part.sha256,
    packed: part.integer(-1, 1000),
    sealed: part.orNone(part.compact(5)),
  }),
  v.strictObject({
    ...head("end"),
    requestHash: part.sha256,
    issueHash: part.sha256,
    outcome: v.picklist(["completed", "forgotten"]),
    exitCode: part.integer(-1, 2 ** 32 - 1),
    seconds: part.integer(-1),
    command: part.orNone(part.sha256),
  }),
  v.strictObject({
    ...head("abort"),
    requestHash: part.sha256,
    code: part.errorCode,
    step: part.step,
    accessKeyId: part.orNone(part.accessKeyId),
  }),
  v.strictObject({
    ...head("revoke"),
    requestHash: part.sha256,
    role: part.role,
    sessionName: part.sessionName,
    reason: part.text(1024),
  }),
  v.strictObject({
    ...head("review"),
    requestHash: part.sha256,
    verdict: v.picklist(["justified", "unjustified"]),
    comment: part.sealedText(8192),
  }),
  v.strictObject({
    ...head("notice"),
    requestHash: part.sha256,
    event: v.picklist(["pending", "approved", "denied", "issued", "breakGlass", "revoked"]),
    to: part.text(255),
    code: part.errorCode,
  }),
]);

/**
 * A payload as it came from outside.
 * @throws JitError `RECORD_INVALID` naming the place
 */
export function parseRecord(value: unknown): AuditRecord {
  const parsed = v.safeParse(schema, value, { abortEarly: true, abortPipeEarly: true });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const place = v.getDotPath(issue) ?? "the payload";
    throw new JitError("RECORD_INVALID", `${place} of the record breaks its format`);
  }
  return parsed.output;
}

/** What is wrong with a record in itself. */
export type RecordFault = "RECORD_ID_TIME" | "RECORD_ID_HASH" | "RECORD_HEAD" | "RECORD_BODY";

/**
 * What the members of one record must have to do with each other and with the key that signed it: the id holds the
 * second of `at` and the hash of key and nonce (RECORD_ID_*); `enrol` and nothing else is record 0, `prev` is `-`
 * there and nowhere else, a request's id is its own, the caller's ARN and userid name one session (RECORD_HEAD); an enrolled key is the signing one, digests and
 * names inside the body agree (RECORD_BODY).
 * @param thumbprint of the key that signed
 * @returns `undefined` where all is well
 */
export function recordFault(record: AuditRecord, thumbprint: string): RecordFault | undefined {
  if (Math.floor(idTime(record.id) / 1000) !== secondsOf(record.at)) return "RECORD_ID_TIME";
  if (!idMatches(record.id, thumbprint, record.nonce)) return "RECORD_ID_HASH";
  if (!headAgrees(record)) return "RECORD_HEAD";
  return bodyAgrees(record, thumbprint) ? undefined : "RECORD_BODY";
}

function headAgrees(record: AuditRecord): boolean {
  const first = record.type === "enrol";
  if ((record.n === 0) !== first || (record.prev === "-") !== first) return false;
  if ((record.request === "-") !== first) return false;
  if (!identityAgrees(record.by)) return false;
  return record.type !== "request" || record.request === record.id;
}

/** Of the caller's names only the userid is proven, by S3, as part of the key: the ARN must not tell another. */
function identityAgrees({ arn, userid, account }: Identity): boolean {
  const [, , service, , owner, ...rest] = arn.split(":");
  if (owner !== account) return false;
  const colon = userid.indexOf(":");
  if (service !== "sts") return colon === -1;
  const session = /^(?:assumed-role\/[^/]+|federated-user)\/([^/]+)$/.exec(rest.join(":"))?.[1];
  return colon !== -1 && session === userid.slice(colon + 1);
}

function bodyAgrees(record: AuditRecord, thumbprint: string): boolean {
  switch (record.type) {
    case "enrol":
      return thumbprintOf(record.key) === thumbprint;
    case "request":
      return (record.issuer === "requester") === (record.sealTo === "-");
    case "issue":
      return (
        sha256Hex(record.policy) === record.policySha256 &&
        record.assumedRoleId.endsWith(`:${record.sessionName}`) &&
        new Set(record.decisions).size === record.decisions.length
      );
    default:
      return true;
  }
}
