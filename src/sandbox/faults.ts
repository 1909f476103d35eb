/** How the sandbox is told to fail: rules that match calls, for tests of what a client does then. */

/** Which calls a rule is for. What is absent matches every call. */
export interface FaultMatch {
  /** `s3`, `sts`, `iam`, `cloudtrail`. */
  readonly service?: string;
  /** The API's name: `PutObject`, `AssumeRole`. */
  readonly action?: string;
  /** Part of the resource: `bucket/key` for S3. */
  readonly key?: string;
  /** Id of the access key that signed. */
  readonly accessKeyId?: string;
}

/** What happens to a call that a rule matches. */
export type FaultKind =
  /** Answers that much later. */
  | { readonly kind: "latency"; readonly ms: number }
  /** Answers with an error and does nothing. `code` is by default what AWS uses with that status. */
  | { readonly kind: "status"; readonly status: number; readonly code?: string }
  /** Does it, then breaks the connection before answering. */
  | { readonly kind: "lostReply" }
  /** Breaks the connection and does nothing. */
  | { readonly kind: "dropBefore" }
  /** Answers that the session token has expired, as the service says that. */
  | { readonly kind: "expiredToken" }
  /** Never answers and does nothing; the connection stays open. */
  | { readonly kind: "hang" }
  /** Sends a Date header that many seconds off. The sandbox's own clock is not changed. */
  | { readonly kind: "dateOffset"; readonly seconds: number };

export type FaultRule = FaultMatch &
  FaultKind & {
    /** How many matching calls fail; without it all do. */
    readonly count?: number;
    /** How many matching calls pass first. */
    readonly skip?: number;
  };

/** What a call is, as far as rules look. */
export interface FaultTarget {
  readonly service: string;
  readonly action: string;
  readonly resource: string;
  readonly accessKeyId: string | undefined;
}

/** What becomes of one call. */
export interface FaultPlan {
  readonly latencyMs: number;
  readonly dateOffsetSeconds: number;
  /** The first matching rule that ends the call otherwise than it would. */
  readonly ending: Exclude<FaultKind, { kind: "latency" } | { kind: "dateOffset" }> | undefined;
}

interface Armed {
  readonly rule: FaultRule;
  skip: number;
  left: number;
}

export class Faults {
  #armed: Armed[] = [];

  add(rule: FaultRule): void {
    this.#armed.push({ rule, skip: rule.skip ?? 0, left: rule.count ?? Number.POSITIVE_INFINITY });
  }

  clear(): void {
    this.#armed = [];
  }

  /** Rules that still match something, in order. */
  get rules(): readonly FaultRule[] {
    return this.#armed.map(({ rule }) => rule);
  }

  /** Takes one call from every rule that matches it; of several that end a call only the first is used up. */
  plan(target: FaultTarget): FaultPlan {
    let latencyMs = 0;
    let dateOffsetSeconds = 0;
    let ending: FaultPlan["ending"];
    for (const armed of this.#armed) {
      const { rule } = armed;
      const ends = rule.kind !== "latency" && rule.kind !== "dateOffset";
      if (!matches(rule, target) || (ends && ending !== undefined)) continue;
      if (armed.skip > 0) {
        armed.skip -= 1;
        continue;
      }
      armed.left -= 1;
      if (rule.kind === "latency") latencyMs += rule.ms;
      else if (rule.kind === "dateOffset") dateOffsetSeconds += rule.seconds;
      else ending = rule;
    }
    this.#armed = this.#armed.filter(({ left }) => left > 0);
    return { latencyMs, dateOffsetSeconds, ending };
  }
}

function matches(rule: FaultMatch, target: FaultTarget): boolean {
  if (rule.service !== undefined && rule.service !== target.service) return false;
  if (rule.action !== undefined && rule.action !== target.action) return false;
  if (rule.accessKeyId !== undefined && rule.accessKeyId !== target.accessKeyId) return false;
  return rule.key === undefined || target.resource.includes(rule.key);
}

const S3_CODES: Readonly<Record<number, string>> = {
  403: "AccessDenied",
  409: "ConditionalRequestConflict",
  503: "SlowDown",
};
const QUERY_CODES: Readonly<Record<number, string>> = {
  400: "Throttling",
  403: "AccessDenied",
  503: "ServiceUnavailable",
};

/** The error code that a service sends with a status. */
export function codeOfStatus(service: string, status: number): string {
  if (service === "s3") return S3_CODES[status] ?? "InternalError";
  return QUERY_CODES[status] ?? "InternalFailure";
}

const KINDS = ["latency", "status", "lostReply", "dropBefore", "expiredToken", "hang", "dateOffset"];

/** Reads a rule that came as JSON. @returns `undefined` where it is none */
export function parseFaultRule(value: unknown): FaultRule | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(value));
  const text = (name: string) => optional(fields.get(name), "string");
  const number = (name: string) => optional(fields.get(name), "number");
  const ok = ["service", "action", "key", "accessKeyId", "code"].every((name) => text(name) !== null);
  const okNumbers = ["count", "skip", "ms", "status", "seconds"].every((name) => number(name) !== null);
  const kind = String(fields.get("kind"));
  const needs: Readonly<Record<string, string>> = { latency: "ms", status: "status", dateOffset: "seconds" };
  const needed = needs[kind];
  if (!ok || !okNumbers || !KINDS.includes(kind) || (needed !== undefined && !fields.has(needed)))
    return undefined;
  return value as FaultRule;
}

/** @returns the value, `undefined` where absent, `null` where it has another type */
function optional(value: unknown, type: "string" | "number"): unknown {
  return value === undefined || typeof value === type ? value : null;
}
