import { parsePolicy } from "../../src/policy/parse.ts";
import type { AccessRequest, Policy, PolicyKind, Principal } from "../../src/policy/types.ts";

export const ACCOUNT = "111122223333";
export const OTHER_ACCOUNT = "444455556666";

export function user(name: string, account = ACCOUNT): Principal {
  return { arn: `arn:aws:iam::${account}:user/${name}`, roleArn: undefined, account, type: "user" };
}

export function session(role: string, name: string, account = ACCOUNT): Principal {
  return {
    arn: `arn:aws:sts::${account}:assumed-role/${role}/${name}`,
    roleArn: `arn:aws:iam::${account}:role/${role}`,
    account,
    type: "role",
  };
}

export const anonymous: Principal = { arn: "", roleArn: undefined, account: "", type: "anonymous" };

export function service(name: string): Principal {
  return { arn: name, roleArn: undefined, account: "", type: "service" };
}

export function root(account = ACCOUNT): Principal {
  return { arn: `arn:aws:iam::${account}:root`, roleArn: undefined, account, type: "root" };
}

/** `s3:GetObject` on `arn:aws:s3:::b/k` of the caller's own account, without context, but for what is given. */
export function requestBy(principal: Principal, given: Partial<AccessRequest> = {}): AccessRequest {
  return {
    principal,
    action: "s3:GetObject",
    resource: "arn:aws:s3:::b/k",
    resourceAccount: undefined,
    context: {},
    ...given,
  };
}

/** A policy of version 2012-10-17 of these statements, parsed. */
export function policy(kind: PolicyKind, ...statements: readonly object[]): Policy {
  return parsePolicy({ Version: "2012-10-17", Statement: statements }, kind);
}

export function allow(given: object = {}): object {
  return { Effect: "Allow", Action: "s3:GetObject", Resource: "*", ...given };
}

export function deny(given: object = {}): object {
  return { ...allow(given), Effect: "Deny" };
}
