/**
 * The IAM policy language as values: what `parsePolicy` returns and `evaluate` takes.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */

export type Effect = "Allow" | "Deny";

/** What a policy is attached to; it rules which elements may and must appear. */
export type PolicyKind = "identity" | "session" | "boundary" | "resource" | "trust";

/** `*`, or per principal type its values (`AWS`, `Service`, `Federated`, `CanonicalUser`). */
export type Principals =
  | { readonly any: true }
  | { readonly any: false; readonly byType: Readonly<Record<string, readonly string[]>> };

/** One test of a Condition block: operator, key, values. Values keep their variables unresolved. */
export interface Condition {
  /** Base operator, e.g. `StringLike`; qualifier and suffix are split off. */
  readonly operator: string;
  readonly qualifier: "ForAllValues" | "ForAnyValue" | undefined;
  readonly ifExists: boolean;
  /** Condition key as written; keys compare case-insensitively. */
  readonly key: string;
  readonly values: readonly string[];
}

export interface Statement {
  readonly sid: string | undefined;
  readonly effect: Effect;
  readonly principal: Principals | undefined;
  readonly notPrincipal: Principals | undefined;
  readonly actions: readonly string[] | undefined;
  readonly notActions: readonly string[] | undefined;
  readonly resources: readonly string[] | undefined;
  readonly notResources: readonly string[] | undefined;
  readonly conditions: readonly Condition[];
}

export interface Policy {
  readonly version: "2012-10-17" | "2008-10-17";
  readonly id: string | undefined;
  readonly statements: readonly Statement[];
}

/** A value of the request context. Numbers, dates and booleans are given as AWS prints them. */
export type ContextValue = string | readonly string[];

/** Who asks, as a policy's Principal element sees it. */
export interface Principal {
  /** The principal's own ARN: `arn:aws:iam::1:user/a`, `arn:aws:sts::1:assumed-role/R/S`, or a service name. */
  readonly arn: string;
  /** For an assumed role the role's ARN; trust and resource policies may name either. */
  readonly roleArn: string | undefined;
  readonly account: string;
  readonly type: "user" | "role" | "root" | "service" | "federated" | "anonymous";
}

export interface AccessRequest {
  readonly principal: Principal;
  /** `s3:GetObject`; compares case-insensitively. */
  readonly action: string;
  /** The resource's ARN, or `*` for actions without one. */
  readonly resource: string;
  /** The account that owns the resource; `undefined` when it is the principal's. */
  readonly resourceAccount: string | undefined;
  /**
   * Request context. A key that is absent is known to be absent, unless `unknown` names it
   * (lower case): then any test of it has the result `unknown`.
   */
  readonly context: Readonly<Record<string, ContextValue>>;
  readonly unknown?: ReadonlySet<string>;
}

/**
 * The policies that bear on one request. An absent layer does not restrict; an empty list allows nothing.
 * Only `resource` is otherwise: across accounts AWS asks for its allow, so there absent is empty.
 */
export interface Layers {
  readonly identity: readonly Policy[];
  readonly resource?: readonly Policy[];
  readonly boundary?: readonly Policy[];
  /** Each element is one further limit (session policies; scoped-down layers): all must allow. */
  readonly session?: readonly (readonly Policy[])[];
  /** Organization-wide limits (SCP), each level a list. */
  readonly organization?: readonly (readonly Policy[])[];
}

export type Verdict = "allow" | "explicitDeny" | "implicitDeny" | "unknown";

/**
 * A statement that bore on the verdict: its layer, policy index and statement index. In the layers that are
 * lists of lists (`session`, `organization`) `level` is the index of the outer list, `policy` of the inner.
 */
export interface Reason {
  readonly layer: keyof Layers;
  readonly level?: number;
  readonly policy: number;
  readonly statement: number;
  readonly sid: string | undefined;
  readonly effect: Effect;
}

export interface Evaluation {
  readonly verdict: Verdict;
  /** Why: the denying statements; else the allowing ones. */
  readonly reasons: readonly Reason[];
  /** For an implicit deny, the first layer that did not allow. */
  readonly missing: keyof Layers | undefined;
  /** Unknown context keys that the verdict depended on. */
  readonly unknownKeys: readonly string[];
}
