import type { ContextValue, Evaluation, Principal } from "../policy/types.ts";

/**
 * How the sandbox's parts fit together. `server.ts` turns an HTTP request into a `Call` (path, query, headers,
 * body, verified signature), finds the service and writes its `Reply`; each service acts on the `World` and
 * answers as AWS does, errors included.
 */

/** The caller after SigV4 verification. Everything that policies need is reached from here. */
export interface Caller {
  readonly principal: Principal;
  /** `aws:userid`: `AIDA…` for a user, `AROA…:session` for a role session. */
  readonly userid: string;
  readonly accessKeyId: string;
  /** Present for a role session. */
  readonly session: RoleSession | undefined;
}

export interface RoleSession {
  readonly roleArn: string;
  readonly roleId: string;
  readonly sessionName: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly issuedAt: Date;
  readonly expiration: Date;
  readonly sourceIdentity: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly transitiveTagKeys: readonly string[];
  /** JSON texts: each is one limit on the session; the first is AssumeRole's, the others GetScopedCredentials'. */
  readonly policies: readonly string[];
  readonly mfa: boolean;
  /** True when the session came from another role session: capped at one hour. */
  readonly chained: boolean;
  readonly scopedDescription: string | undefined;
}

/** One HTTP request, parsed and authenticated. */
export interface Call {
  readonly method: string;
  /** Path as sent, still percent-encoded; query decoded, in the order sent. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
  /** `undefined` for an unsigned request. */
  readonly caller: Caller | undefined;
  /** Region of the credential scope (`us-east-1` when unsigned). */
  readonly region: string;
  readonly sourceIp: string;
  readonly userAgent: string;
  readonly requestId: string;
  /** Base URL that the client used, e.g. `http://127.0.0.1:4566`. */
  readonly origin: string;
  readonly now: Date;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
}

/** One AWS service of the sandbox. */
export interface Service {
  handle(call: Call): Promise<Reply> | Reply;
}

/** An error that the service's own serializer writes as AWS does (code, HTTP status, message). */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number;
  /** Further XML elements or headers, as AWS sends them for this error. */
  readonly detail: Readonly<Record<string, string>>;

  constructor(code: string, status: number, message: string, detail: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = "AwsError";
    this.code = code;
    this.status = status;
    this.detail = detail;
  }
}

/** What the signature check needs to know of an access key. */
export interface AccessKey {
  readonly secretAccessKey: string;
  /** Present for temporary credentials: the request must carry exactly this token. */
  readonly sessionToken: string | undefined;
  /** When the credentials end; `undefined` for a user's long-lived key. */
  readonly expiration: Date | undefined;
  readonly caller: Caller;
}

export interface KeyLookup {
  /** The key of that id, expired ones included (an expired key is another error than an unknown one). */
  lookupKey(accessKeyId: string): AccessKey | undefined;
}

/** The resource's side of one authorization. */
export interface Resource {
  /** The account that owns the resource. */
  readonly resourceAccount: string;
  /** JSON texts of the policies attached to the resource; empty where it has none. */
  readonly resourcePolicies: readonly string[];
  /** Context keys of the service (`s3:prefix`). The general ones (`aws:…`) come from the authorizer. */
  readonly context: Readonly<Record<string, ContextValue>>;
}

export interface Authorizer {
  /**
   * Evaluates every policy that bears on the call: identity, boundary, session and the given resource policies,
   * across accounts too. A call without a caller is anonymous: resource policies alone decide. Anything but
   * `allow` is a refusal. The time is `call.now`.
   */
  authorize(call: Call, action: string, resourceArn: string, resource: Resource): Evaluation;
}

/** How buckets and objects come into a new sandbox without a request. */
export interface BucketSeed {
  /** Does nothing where the bucket exists. `objectLock` implies versioning. */
  createBucket(
    name: string,
    settings: {
      readonly account: string;
      readonly region: string;
      readonly created: Date;
      readonly versioning?: boolean;
      readonly objectLock?: { readonly mode: "COMPLIANCE" | "GOVERNANCE"; readonly days: number };
      readonly policy?: string;
    },
  ): void;
  putObject(
    bucket: string,
    key: string,
    body: string | Uint8Array,
    modified: Date,
    /** User metadata, without `x-amz-meta-`. */
    metadata?: Readonly<Record<string, string>>,
  ): void;
  hasBucket(name: string): boolean;
  /** Account of the bucket, `undefined` where there is none. */
  ownerOf(name: string): string | undefined;
  /**
   * Changes one bit of the newest version of an object where it lies, or removes it, as no API can: what a broken or malicious
   * store would do. `false` where there is no such object.
   */
  tamper(bucket: string, key: string, remove: boolean): boolean;
}

/** The sandbox's services. The server serializes an `AwsError` that `handle` throws as the service's protocol does. */
export interface Services {
  readonly s3: Service;
  readonly sts: Service;
  readonly iam: Service;
  readonly cloudtrail: Service;
  readonly kms: Service;
}

/** Answers unsigned GETs of `/.well-known/…` (OpenID configuration, JWKS); `undefined` where there is no such page. */
export type WellKnown = (call: Call) => Reply | undefined;
