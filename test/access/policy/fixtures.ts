import type {
  Access,
  DynamoGrant,
  Grant,
  Networks,
  S3Grant,
  Store,
  Target,
} from "../../../src/access/types.ts";
import { evaluate } from "../../../src/policy/evaluate.ts";
import { parsePolicy } from "../../../src/policy/parse.ts";
import type { ContextValue, Policy, Verdict } from "../../../src/policy/types.ts";

export const ROLE = "arn:aws:iam::111122223333:role/customers";
export const NOT_AFTER = new Date("2026-03-01T12:30:00Z");
const EVERYTHING = parsePolicy(
  { Version: "2012-10-17", Statement: { Effect: "Allow", Action: "*", Resource: "*" } },
  "identity",
);
export const ANYWHERE: Networks = { cidrs: [], vpcEndpoints: [], vpcs: [] };

export function accessOf(name: string, grants: readonly Grant[]): Access {
  return { name, title: undefined, maximumDuration: undefined, grants };
}

export function storeOf(name: string, accesses: readonly Access[], networks = ANYWHERE, role = ROLE): Store {
  return {
    name,
    title: name,
    classification: "personal",
    dataCategories: [],
    owner: undefined,
    role,
    region: undefined,
    issuer: "requester",
    networks,
    maximumDuration: 3600,
    lease: undefined,
    approval: { quorum: 1, expires: 8 * 3600, approvers: [] },
    accesses: new Map(accesses.map((access) => [access.name, access])),
  };
}

/** A store of one access, and that access. */
export function targetOf(
  grants: readonly Grant[],
  networks = ANYWHERE,
  name = "customers",
  role = ROLE,
): Target {
  const access = accessOf("read", grants);
  return { store: storeOf(name, [access], networks, role), access };
}

export function s3(bucket: string, prefixes: readonly string[], allow: S3Grant["allow"]): S3Grant {
  return { kind: "s3", bucket, prefixes, allow };
}

export function table(allow: DynamoGrant["allow"], limits: Partial<DynamoGrant> = {}): DynamoGrant {
  return {
    kind: "dynamodb",
    table: "orders",
    region: "eu-central-1",
    account: "111122223333",
    indexes: [],
    attributes: undefined,
    leadingKeys: undefined,
    allow,
    ...limits,
  };
}

export function raw(statement: Readonly<Record<string, unknown>>): Grant {
  return { kind: "statement", statement };
}

export interface Ask {
  readonly action: string;
  readonly resource: string;
  readonly context?: Readonly<Record<string, ContextValue>>;
}

/** What a role that may do everything may still do under this session policy, an hour before it ends. */
export function verdictOf(policy: Policy, ask: Ask): Verdict {
  return evaluate(
    {
      principal: {
        arn: "arn:aws:sts::111122223333:assumed-role/customers/jit-1",
        roleArn: ROLE,
        account: "111122223333",
        type: "role",
      },
      action: ask.action,
      resource: ask.resource,
      resourceAccount: undefined,
      context: {
        "aws:CurrentTime": "2026-03-01T11:30:00Z",
        "aws:SourceIp": "192.0.2.1",
        "aws:ViaAWSService": "false",
        ...ask.context,
      },
    },
    { identity: [EVERYTHING], session: [[policy]] },
  ).verdict;
}

export function allows(text: string, ask: Ask): boolean {
  return verdictOf(parsePolicy(text, "session"), ask) === "allow";
}

export function codeThrown(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
  return undefined;
}
