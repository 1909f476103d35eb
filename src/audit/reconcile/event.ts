/** What reconciling needs of a CloudTrail record, and no more. Times are Unix seconds; text is hostile still. */

export interface Who {
  /** `principalId`: equal to `aws:userid`. */
  readonly userid: string;
  /** Empty where AWS does not tell it (a caller of another account, a service). */
  readonly arn: string;
  readonly account: string;
  readonly accessKeyId: string;
  /** ARN of the role whose session called, or empty. */
  readonly role: string;
}

interface EventHead {
  readonly id: string;
  readonly at: number;
  readonly region: string;
  /** In whose trail the event is. */
  readonly account: string;
  /** `AssumeRole` */
  readonly name: string;
  readonly who: Who;
}

/** STS made a session of a role. */
export interface SessionEvent extends EventHead {
  readonly kind: "session";
  readonly role: string;
  readonly sessionName: string;
  /** As asked for; `undefined` where none was. */
  readonly sourceIdentity: string | undefined;
  readonly tags: ReadonlyMap<string, string>;
  readonly hasTransitiveTags: boolean;
  /** Session policy as sent, `undefined` where there was none. */
  readonly policy: string | undefined;
  /** ARNs of managed session policies. */
  readonly policyArns: readonly string[];
  readonly durationSeconds: number;
  readonly accessKeyId: string;
  readonly assumedRoleId: string;
  /** When the credentials lapse, by STS; by the duration where the event does not tell. */
  readonly expiration: number;
}

/** STS made a child of a session. */
export interface LeaseEvent extends EventHead {
  readonly kind: "lease";
  readonly accessKeyId: string;
  readonly description: string;
}

/** Any other call. */
export interface CallEvent extends EventHead {
  readonly kind: "call";
  /** `s3.amazonaws.com` */
  readonly source: string;
  readonly readOnly: boolean;
  readonly isData: boolean;
  /** AWS's error code, where it refused. */
  readonly error: string | undefined;
  /** ARNs that the call was about, or names where there is no ARN. */
  readonly resources: readonly string[];
  readonly parameters: Readonly<Record<ParameterName, string>>;
}

/** Parameters that tell what a change was about; empty where the call has none. */
export const parameterNames = [
  "roleArn",
  "roleName",
  "policyName",
  "policyArn",
  "policyDocument",
  "permissionsBoundary",
  "bucketName",
  "key",
  "tableName",
  "secretId",
  "name",
  "trailName",
] as const;
export type ParameterName = (typeof parameterNames)[number];

export type TrailEvent = SessionEvent | LeaseEvent | CallEvent;

/** Calls by which a role's session begins. */
export const sessionCalls = ["AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"] as const;
