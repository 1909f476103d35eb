import { sha256Hex } from "../../../src/access/digest.ts";
import { Collector } from "../../../src/audit/reconcile/collect.ts";
import type { IssueEntry, RecordBook } from "../../../src/audit/reconcile/records.ts";
import { secondsOf } from "../../../src/audit/time.ts";

/** CloudTrail's records and issue records that agree, to be changed in one part each. */

export const account = "111122223333";
export const auditAccount = "444455556666";
export const role = `arn:aws:iam::${account}:role/pii-customers`;
export const key = "ASIAEXAMPLEEXAMPLE01";
export const request = "01M86A1MWTZZA6F1Q12XEVP2V0";
export const userid = "AIDAEXAMPLEEXAMPLE12";
export const policy = '{"Version":"2012-10-17","Statement":[]}';
export const range = { since: at("2026-11-24T00:00:00Z"), until: at("2026-11-25T00:00:00Z") };

export function at(time: string): number {
  return secondsOf(time);
}

export const watched = {
  roles: new Map([[`${account}/pii-customers`, role]]),
  buckets: new Set(["acme-audit"]),
  storeBuckets: new Set(["acme-customers"]),
  accounts: new Set([account, auditAccount]),
  ceilings: new Map([[`arn:aws:iam::${account}:policy/ceiling`, role]]),
  known: new Set([account]),
};

type Fields = Readonly<Record<string, unknown>>;
let ids = 0;

function head(more: Fields): Fields {
  ids++;
  return {
    eventVersion: "1.11",
    eventTime: "2026-11-24T08:16:40Z",
    awsRegion: "eu-central-1",
    eventID: `event-${ids}`,
    recipientAccountId: account,
    userIdentity: {
      type: "IAMUser",
      principalId: userid,
      arn: `arn:aws:iam::${account}:user/alice`,
      accountId: account,
      accessKeyId: "AKIAEXAMPLEEXAMPLE01",
    },
    readOnly: true,
    managementEvent: true,
    eventCategory: "Management",
    ...more,
  };
}

export function assumeRole(asked: Fields = {}, more: Fields = {}, answered: Fields = {}): Fields {
  return head({
    eventSource: "sts.amazonaws.com",
    eventName: "AssumeRole",
    requestParameters: {
      roleArn: role,
      roleSessionName: `jit-${request}`,
      sourceIdentity: "alice",
      durationSeconds: 1800,
      policy,
      tags: [
        { key: "jit:request", value: request },
        { key: "jit:access", value: "customers:read" },
      ],
      ...asked,
    },
    responseElements: {
      credentials: { accessKeyId: key, expiration: "Nov 24, 2026, 8:46:40\u202fAM" },
      assumedRoleUser: { assumedRoleId: `AROAEXAMPLEEXAMPLE12:jit-${request}` },
      ...answered,
    },
    ...more,
  });
}

/** The session that calls, by its access key. */
export function sessionIdentity(accessKeyId: string): Fields {
  return {
    type: "AssumedRole",
    principalId: `AROAEXAMPLEEXAMPLE12:jit-${request}`,
    arn: `arn:aws:sts::${account}:assumed-role/pii-customers/jit-${request}`,
    accountId: account,
    accessKeyId,
    sessionContext: { sessionIssuer: { type: "Role", arn: role } },
  };
}

export function lease(parent: string, child: string, description = request): Fields {
  return head({
    eventSource: "sts.amazonaws.com",
    eventName: "GetScopedCredentials",
    userIdentity: sessionIdentity(parent),
    requestParameters: { durationSeconds: 60, scopedSessionDescription: description },
    responseElements: { credentials: { accessKeyId: child } },
  });
}

/** A read of an object by a session. */
export function read(accessKeyId: string, object: string, more: Fields = {}): Fields {
  return head({
    eventSource: "s3.amazonaws.com",
    eventName: "GetObject",
    userIdentity: sessionIdentity(accessKeyId),
    requestParameters: { bucketName: "acme-customers", key: object },
    resources: [
      { type: "AWS::S3::Object", ARN: `arn:aws:s3:::acme-customers/${object}` },
      { type: "AWS::S3::Bucket", ARN: "arn:aws:s3:::acme-customers" },
    ],
    managementEvent: false,
    eventCategory: "Data",
    ...more,
  });
}

export function change(service: string, name: string, parameters: Fields, more: Fields = {}): Fields {
  return head({
    eventSource: `${service}.amazonaws.com`,
    eventName: name,
    requestParameters: parameters,
    readOnly: false,
    ...more,
  });
}

export function issued(more: Fields = {}, name = "v1/rec/20261124T08/issue"): IssueEntry {
  const record = {
    type: "issue",
    at: "2026-11-24T08:16:41Z",
    request,
    by: { userid, arn: `arn:aws:iam::${account}:user/alice`, account },
    role,
    sessionName: `jit-${request}`,
    sourceIdentity: "alice",
    tags: { "jit:request": request, "jit:access": "customers:read" },
    accessKeyId: key,
    assumedRoleId: `AROAEXAMPLEEXAMPLE12:jit-${request}`,
    durationSeconds: 1800,
    expiration: "2026-11-24T08:46:40Z",
    notAfter: "2026-11-24T08:46:30Z",
    policy,
    policySha256: sha256Hex(Buffer.from(policy)),
    ...more,
  } as unknown as IssueEntry["record"];
  return {
    name,
    record,
    at: at(record.at),
    arrived: at(record.at) + 1,
    expiration: at(record.expiration),
    notAfter: at(record.notAfter),
  };
}

export function book(...issues: readonly IssueEntry[]): RecordBook {
  return { issues, aborts: new Map(), revoked: new Map(), notValid: [] };
}

export function collected(...events: readonly unknown[]): Collector {
  const collector = new Collector(watched, range);
  for (const event of events) collector.take(event, "here");
  return collector;
}
