/**
 * What the rest of the program knows of an organization: its catalog and its trust file, parsed.
 * Times are seconds, digests are SHA-256 in lower-case hexadecimal, keys are public JWKs (RFC 7517).
 */

export type Issuer = "requester" | "approver" | "broker";

/** A public key: Ed25519 (RFC 8037) or P-256 (RFC 7518). */
export type PublicJwk =
  | { readonly kty: "OKP"; readonly crv: "Ed25519"; readonly x: string }
  | { readonly kty: "EC"; readonly crv: "P-256"; readonly x: string; readonly y: string };

/** Where a session may be used from. An empty object does not restrict. */
export interface Networks {
  /** IPv4 and IPv6 CIDR blocks of public addresses. */
  readonly cidrs: readonly string[];
  /** VPC endpoint ids (`vpce-…`). */
  readonly vpcEndpoints: readonly string[];
  /** VPC ids (`vpc-…`). */
  readonly vpcs: readonly string[];
}

export type S3Use = "read" | "list" | "write" | "delete";
export interface S3Grant {
  readonly kind: "s3";
  readonly bucket: string;
  /** Key prefixes, literal text; `""` is the whole bucket. At least one. */
  readonly prefixes: readonly string[];
  readonly allow: readonly S3Use[];
}

export type DynamoUse = "read" | "query" | "scan" | "write" | "delete";
export interface DynamoGrant {
  readonly kind: "dynamodb";
  /** Table name. */
  readonly table: string;
  readonly region: string;
  readonly account: string;
  /** Index names, or `*` alone for all; empty for none. */
  readonly indexes: readonly string[];
  /** Attributes that may be read or written; `undefined` for all. */
  readonly attributes: readonly string[] | undefined;
  /** Partition key values; may hold policy variables such as `${aws:PrincipalTag/tenant}`. */
  readonly leadingKeys: readonly string[] | undefined;
  readonly allow: readonly DynamoUse[];
}

export interface SecretGrant {
  readonly kind: "secret";
  /** Full ARN, or an ARN that ends in `-??????` where the suffix is not known. */
  readonly arn: string;
}

export type KmsUse = "decrypt" | "encrypt";
export interface KmsGrant {
  readonly kind: "kms";
  readonly key: string;
  readonly allow: readonly KmsUse[];
  /** Services through which alone the key may be used (`s3.eu-central-1.amazonaws.com`). */
  readonly viaServices: readonly string[];
}

export interface DatabaseGrant {
  readonly kind: "database";
  /** DbiResourceId or cluster resource id, `db-ABC…` or `cluster-ABC…` or a proxy's `prx-…`. */
  readonly resourceId: string;
  readonly user: string;
  readonly region: string;
  readonly account: string;
}

/** A raw IAM statement, already checked by `parsePolicy` as part of a session policy. Effect is Allow or Deny. */
export interface StatementGrant {
  readonly kind: "statement";
  readonly statement: Readonly<Record<string, unknown>>;
}

export type Grant = S3Grant | DynamoGrant | SecretGrant | KmsGrant | DatabaseGrant | StatementGrant;

export interface Access {
  readonly name: string;
  readonly title: string | undefined;
  readonly maximumDuration: number | undefined;
  readonly grants: readonly Grant[];
}

/** What an approval takes, where one is needed. */
export interface ApprovalTerms {
  /** How many distinct persons must agree. */
  readonly quorum: number;
  /** Seconds after which a request that was not issued is over. */
  readonly expires: number;
  /**
   * Who may agree: groups of the catalog, and patterns of callers' ARNs. Where the catalog has rules, they must allow it,
   * too; empty: the rules alone say it.
   */
  readonly approvers: readonly string[];
}

export interface Store {
  readonly name: string;
  readonly title: string;
  readonly classification: string;
  readonly dataCategories: readonly string[];
  readonly owner: string | undefined;
  readonly role: string;
  readonly region: string | undefined;
  readonly issuer: Issuer;
  readonly networks: Networks;
  /** Seconds. */
  readonly maximumDuration: number;
  /** Seconds; where set, `exec` hands a child no more than a lease. */
  readonly lease: number | undefined;
  /** The same store in an emergency: by a role of its own, issued by the requester. */
  readonly breakGlass?: Store | undefined;
  /** Set in what stands in `breakGlass`, and nowhere else. */
  readonly isBreakGlass?: boolean;
  readonly approval: ApprovalTerms;
  readonly accesses: ReadonlyMap<string, Access>;
}

export interface JustificationRules {
  /** Name → what it means, in the order of the catalog. Empty: any purpose text is taken. */
  readonly purposes: ReadonlyMap<string, string>;
  /** Fewest characters of a reason, after white space is folded. */
  readonly minimumLength: number;
  readonly ticket: {
    readonly required: boolean;
    readonly pattern: RegExp | undefined;
    readonly example: string | undefined;
    /** A live check of each ticket; `undefined`: the pattern is all. */
    readonly check?: TicketCheck | undefined;
  };
}

/** How a ticket is looked up while access is asked for. */
export interface TicketCheck {
  /** https; `{ticket}` stands for the encoded ticket, and without it the ticket is sent as JSON. */
  readonly url: string;
  /** What becomes of the request where there is no answer. */
  readonly onDown: "refuse" | "warn" | "allow";
  /** Seconds in all. */
  readonly timeout: number;
  /** Whether it must be assigned to who asks. */
  readonly assigned: boolean;
  /** CIDR blocks of private addresses where the webhook may be. */
  readonly networks: readonly string[];
}

export interface BreakGlassTerms {
  /** What becomes of the next request of somebody whose emergencies nobody has reviewed. */
  readonly unreviewed: "note" | "refuse";
  /** Seconds after the emergency before which nothing is refused. */
  readonly grace: number;
}

/** What people are told of; `breakGlass` as soon as the glass is broken, `issued` when there is a session. */
export type NotificationEvent = "pending" | "approved" | "denied" | "issued" | "breakGlass" | "revoked";

/** Who is told of what happens to requests. */
export interface Notification {
  readonly to:
    | {
        readonly kind: "webhook";
        readonly url: string;
        readonly format: "slack" | "json";
        /** Variable of the environment that holds the secret of the signature; `undefined`: not signed. */
        readonly secretVariable: string | undefined;
        /** CIDR blocks of private addresses where it may be. */
        readonly networks: readonly string[];
      }
    /** The program by its absolute path, and its arguments. */
    | { readonly kind: "command"; readonly command: readonly string[] };
  readonly on: readonly NotificationEvent[];
  /** Whether reason, ticket and comments may stand in it. */
  readonly texts: boolean;
  /** Seconds in all. */
  readonly timeout: number;
}

/** Principals that rules may speak of by one name. */
export interface Group {
  readonly name: string;
  /** Patterns of callers' ARNs; `*` stands for any characters but `/` and `:`. */
  readonly principals: readonly string[];
  /** IAM Identity Center user ids, which count only where AWS attests them. */
  readonly users: readonly string[];
  /** Principal tags by key, each with the values that count; all keys must fit. They count only where AWS attests them. */
  readonly tags?: ReadonlyMap<string, readonly string[]>;
}

/** The rules of a catalog. Their text is not yet checked: `compileRules` does it, and what fails there refuses. */
export interface CatalogRules {
  /** Cedar policies. */
  readonly text: string;
  /** Where the text stands in `jit.yaml`: the line of its first line, from 1, and how far it is indented. */
  readonly place: { readonly line: number; readonly indent: number };
  readonly groups: ReadonlyMap<string, Group>;
  /** IANA name of the zone of `context.hour`, `minute` and `weekday`. */
  readonly timeZone: string;
}

export interface Catalog {
  /** SHA-256 of the YAML bytes. */
  readonly digest: string;
  /** Goes up with every publication; one lower than a version already seen is refused. */
  readonly version: number;
  readonly organization: string;
  readonly audit: {
    readonly bucket: string;
    /** Owner of the bucket, sent as ExpectedBucketOwner. */
    readonly account: string;
    readonly region: string;
    /** `s3://bucket/prefix/` for reasons and tickets; `undefined`: they stand in the record. */
    readonly reasons: string | undefined;
  };
  /** Endpoint hosts (`host` or `host:port`) other than AWS's that clients may be pointed to. */
  readonly endpoints: readonly string[];
  readonly justification: JustificationRules;
  readonly defaults: {
    readonly duration: number;
    readonly region: string | undefined;
    readonly purpose: string | undefined;
  };
  readonly stores: ReadonlyMap<string, Store>;
  /** Those that rules and stores speak of; none where it is left out. */
  readonly groups?: ReadonlyMap<string, Group>;
  readonly notifications?: readonly Notification[] | undefined;
  /** What an unreviewed break-glass means for who broke it. `undefined` where no store has break-glass. */
  readonly breakGlass?: BreakGlassTerms | undefined;
  /** `undefined` where the catalog has none: then whoever may assume the role may ask. */
  readonly rules?: CatalogRules | undefined;
}

/** Who may sign what. Version n is stored as `v1/trust/<n>.json`; versions start at 1. */
export interface Trust {
  readonly v: 1;
  readonly organization: string;
  readonly version: number;
  /** SHA-256 of the previous version's payload (not its signatures), `-` in the first. */
  readonly previous: string;
  /** How many administrators must sign a trust file or a catalog. */
  readonly threshold: number;
  readonly administrators: readonly { readonly name: string; readonly key: PublicJwk }[];
  /** C2SP verifier keys (`name+hash+base64`) that may sign checkpoints. */
  readonly logKeys: readonly string[];
  /** C2SP verifier keys of witnesses. */
  readonly witnesses: readonly string[];
  /** Issuers of AWS's signed statements that are believed, with their archived keys (RFC 7517 JWK set). */
  readonly tokenIssuers: readonly {
    readonly issuer: string;
    readonly keys: readonly Readonly<Record<string, string>>[];
  }[];
  /** ARNs of roles whose session names their identity provider sets. */
  readonly sessionNameRoles: readonly string[];
  /** Whether keys graded `path only` are refused. */
  readonly refusePathOnly: boolean;
  /** Writers' keys that no longer count. Once named, a key stays named in every later version. */
  readonly revokedKeys?: readonly RevokedKey[];
}

/** A writer's key whose records count only if they came before: each limit by itself takes a record's worth away. */
export interface RevokedKey {
  /** RFC 7638 SHA-256 thumbprint, base64url. */
  readonly thumbprint: string;
  /** Records that arrived then or later, by S3's clock, do not count; RFC 3339, UTC, whole seconds. */
  readonly at: string;
  /** Records whose index in the tree is this or higher do not count either. */
  readonly size?: number;
}

/** What a client believes after checking signatures against the pinned fingerprint. */
export interface Organization {
  /** SHA-256 of the first trust file's payload; `unsigned` on loopback without one. */
  readonly fingerprint: string;
  readonly trust: Trust | undefined;
  readonly catalog: Catalog;
}

/** One thing asked for, found in the catalog. */
export interface Target {
  readonly store: Store;
  readonly access: Access;
}

/** Who calls, as AWS's GetCallerIdentity says. */
export interface Identity {
  readonly arn: string;
  readonly userid: string;
  readonly account: string;
}

/** What a requester says; already checked against the catalog's rules. */
export interface Justification {
  readonly purpose: string;
  readonly reason: string;
  readonly ticket: string | undefined;
}

/** Circumstances of a request. `attested` is signed by AWS or an identity provider; `claimed` is the machine's word. */
export interface Circumstances {
  readonly attested: Readonly<Record<string, string>>;
  readonly claimed: Readonly<Record<string, string>>;
}

/** A request as the rules see it. */
export interface AccessQuestion {
  readonly identity: Identity;
  readonly targets: readonly Target[];
  readonly justification: Justification;
  readonly circumstances: Circumstances;
  /** Seconds. */
  readonly duration: number;
  readonly now: Date;
  /** Whether the requester calls it an emergency; false where it is left out. */
  readonly breakGlass?: boolean;
}

export type Decision =
  | { readonly kind: "granted"; readonly by: string }
  /** `approvers`: who may agree, by group, ARN or rule; empty: nobody. */
  | { readonly kind: "needsApproval"; readonly quorum: number; readonly approvers: readonly string[] }
  | { readonly kind: "refused"; readonly rule: string; readonly message: string };

/** The port behind which rules and approvals stand. A rule that cannot be decided refuses. */
export interface Rules {
  decide(question: AccessQuestion, catalog: Catalog): Promise<Decision>;
}

/** Somebody who would agree, as AWS's statement on the signing key names them. */
export interface Approver {
  readonly identity: Identity;
  readonly attested: Readonly<Record<string, string>>;
}

export interface ApprovalRules extends Rules {
  /**
   * Whether this other person may agree to the request, for each of its targets. A rule that errors says no. Who counts
   * as another person is not asked here.
   */
  mayApprove(question: AccessQuestion, catalog: Catalog, approver: Approver): Promise<boolean>;
}
