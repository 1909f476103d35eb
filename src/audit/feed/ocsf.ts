import { shortName } from "../../access/short-name.ts";
import type { Identity } from "../../access/types.ts";
import { secondsOf } from "../time.ts";
import { type Gravity, gravityOf, messageOf, titleOf } from "./describe.ts";
import type { FeedEvent, FindingEvent, RecordEvent } from "./event.ts";
import { detailsOf, type FormatOptions, nameOf } from "./json.ts";

/**
 * The Open Cybersecurity Schema Framework, 1.3.0. A session that was issued is an Authorize Session, one that was revoked a User
 * Access Management event, a finding a Detection Finding; whatever else is written is Entity Management of the request, the
 * key or the message. A record that is not valid is never more than an entity: nobody knows whether it says what happened.
 */

export const ocsfVersion = "1.3.0";

const severityIds: Readonly<Record<Gravity, number>> = { informational: 1, low: 2, medium: 3, high: 4 };
const severities = ["Unknown", "Informational", "Low", "Medium", "High"];

interface OcsfClass {
  readonly uid: number;
  readonly name: string;
  readonly category: string;
  readonly activities: Readonly<Record<number, string>>;
}

const entityManagement: OcsfClass = {
  uid: 3004,
  name: "Entity Management",
  category: "Identity & Access Management",
  activities: { 1: "Create", 3: "Update" },
};
const authorizeSession: OcsfClass = {
  uid: 3003,
  name: "Authorize Session",
  category: "Identity & Access Management",
  activities: { 1: "Assign Privileges" },
};
const userAccess: OcsfClass = {
  uid: 3005,
  name: "User Access Management",
  category: "Identity & Access Management",
  activities: { 2: "Revoke Privileges" },
};
const detectionFinding: OcsfClass = {
  uid: 2004,
  name: "Detection Finding",
  category: "Findings",
  activities: { 1: "Create" },
};

export function eventOcsf(event: FeedEvent, options: FormatOptions): Readonly<Record<string, unknown>> {
  return event.kind === "finding" ? findingOcsf(event, options) : recordOcsf(event, options);
}

function recordOcsf(event: RecordEvent, options: FormatOptions) {
  const { record, verified, problems, asked } = event;
  const isGood = record !== undefined && record.type !== "abort" && record.type !== "notice";
  const wrong = record?.type === "abort" || record?.type === "notice" ? record.code : undefined;
  const outcome = {
    status_id: isGood ? 1 : 2,
    status: isGood ? "Success" : "Failure",
    status_code: wrong ?? (verified ? undefined : problems[0]),
    actor: { user: userOf(record?.by, event.key.userid) },
  };
  if (record?.type === "issue") {
    return {
      ...headOf(event, authorizeSession, 1, options),
      ...outcome,
      user: userOf(asked?.by ?? record.by, event.key.userid),
      privileges: asked?.targets ?? [record.role],
      session: {
        uid: record.assumedRoleId,
        credential_uid: record.accessKeyId,
        created_time: event.at.getTime(),
        expiration_time: secondsOf(record.expiration) * 1000,
        issuer: record.by.arn,
      },
    };
  }
  if (record?.type === "revoke" && asked !== undefined) {
    return {
      ...headOf(event, userAccess, 2, options),
      ...outcome,
      user: userOf(asked.by, "-"),
      privileges: asked.targets,
      resource: { type: "IAM role", name: record.role, uid: record.role },
    };
  }
  const isNew = ["request", "enrol", "notice"].includes(event.key.type);
  return { ...headOf(event, entityManagement, isNew ? 1 : 3, options), ...outcome, entity: entityOf(event) };
}

function entityOf({ key, object, record }: RecordEvent) {
  if (record === undefined) return { type: "record", name: object, uid: object };
  if (key.type === "enrol") return { type: "signing key", name: key.thumbprint, uid: key.thumbprint };
  const type = key.type === "notice" ? "notification" : "access request";
  return { type, name: key.request, uid: key.request };
}

function findingOcsf(event: FindingEvent, options: FormatOptions) {
  const { code, message, at, object, id } = event;
  return {
    ...headOf(event, detectionFinding, 1, options),
    status_id: 1,
    status: "New",
    finding_info: {
      uid: id,
      title: titleOf(event),
      desc: message,
      created_time: at.getTime(),
      types: [code],
    },
    resources: [{ type: "audit record", name: object, uid: object }],
  };
}

function headOf(
  event: FeedEvent,
  { uid, name, category, activities }: OcsfClass,
  activity: number,
  options: FormatOptions,
) {
  const severity = severityIds[gravityOf(event)];
  const isIam = uid !== detectionFinding.uid;
  return {
    category_uid: Math.floor(uid / 1000),
    category_name: category,
    class_uid: uid,
    class_name: name,
    activity_id: activity,
    activity_name: activities[activity],
    type_uid: uid * 100 + activity,
    type_name: `${name}: ${activities[activity]}`,
    time: event.at.getTime(),
    severity_id: severity,
    severity: severities[severity],
    message: messageOf(event),
    metadata: {
      version: ocsfVersion,
      uid: event.id,
      correlation_uid: event.request === "-" ? undefined : event.request,
      event_code: nameOf(event),
      log_name: options.organization,
      log_provider: "jit",
      logged_time: event.kind === "record" ? event.arrived.getTime() : undefined,
      product: { name: "jit", vendor_name: "jit", version: options.version },
      ...(isIam ? { profiles: ["host"] } : {}),
    },
    unmapped: detailsOf(event, options),
  };
}

function userOf(by: Identity | undefined, userid: string) {
  if (by === undefined) return { name: userid, uid: userid, type_id: 0, type: "Unknown" };
  return {
    name: shortName(by.arn),
    uid: by.arn,
    uid_alt: by.userid,
    type_id: 99,
    type: "AWS principal",
    account: { uid: by.account, type_id: 10, type: "AWS Account" },
  };
}
