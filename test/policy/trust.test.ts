import { expect, test } from "vitest";
import { evaluateTrust } from "../../src/policy/evaluate.ts";
import type { Layers, Principal } from "../../src/policy/types.ts";
import {
  ACCOUNT,
  allow,
  OTHER_ACCOUNT,
  policy,
  requestBy,
  root,
  service,
  session,
  user,
} from "./requests.ts";

const ROLE = `arn:aws:iam::${ACCOUNT}:role/Reader`;
const STS = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
const MAY = [policy("identity", allow({ Action: "sts:*", Resource: ROLE }))];
const ann = user("ann");
const work = session("Work", "ann");
const stranger = user("eve", OTHER_ACCOUNT);

function trusting(principal: unknown, given: object = {}) {
  return policy("trust", { Effect: "Allow", Principal: principal, Action: STS, ...given });
}

function answer(principal: Principal, trusted: unknown, layers: Layers, action = "sts:AssumeRole"): string {
  const { verdict, missing } = evaluateTrust(
    requestBy(principal, { action, resource: ROLE }),
    trusting(trusted),
    layers,
  );
  return missing === undefined ? verdict : `${verdict} ${missing}`;
}

test.each<[string, Principal, unknown, Layers, string]>([
  ["a user by its ARN needs no identity policy", ann, { AWS: ann.arn }, { identity: [] }, "allow"],
  ["… nor a boundary's allow", ann, { AWS: ann.arn }, { identity: [], boundary: [] }, "allow"],
  ["a session by its role needs none", work, { AWS: work.roleArn }, { identity: [] }, "allow"],
  [
    "… but its boundary's allow",
    work,
    { AWS: work.roleArn },
    { identity: [], boundary: [] },
    "implicitDeny boundary",
  ],
  [
    "… and its session policy's",
    work,
    { AWS: work.roleArn },
    { identity: [], session: [[]] },
    "implicitDeny session",
  ],
  ["a session by its ARN needs neither", work, { AWS: work.arn }, { identity: [], session: [[]] }, "allow"],
  [
    "the account lets its policies decide: none",
    ann,
    { AWS: ACCOUNT },
    { identity: [] },
    "implicitDeny identity",
  ],
  ["the account lets its policies decide: allow", ann, { AWS: root().arn }, { identity: MAY }, "allow"],
  ["an identity policy alone", ann, { AWS: user("bob").arn }, { identity: MAY }, "implicitDeny resource"],
  [
    "another account's user needs both",
    stranger,
    { AWS: stranger.arn },
    { identity: [] },
    "implicitDeny identity",
  ],
  ["another account's user has both", stranger, { AWS: stranger.arn }, { identity: MAY }, "allow"],
  ["another account as a whole", stranger, { AWS: OTHER_ACCOUNT }, { identity: MAY }, "allow"],
  [
    "another account that is not named",
    stranger,
    { AWS: ACCOUNT },
    { identity: MAY },
    "implicitDeny resource",
  ],
  ["root may not assume roles", root(), { AWS: ACCOUNT }, { identity: MAY }, "implicitDeny resource"],
  ["a service", service("ec2.amazonaws.com"), { Service: "ec2.amazonaws.com" }, { identity: [] }, "allow"],
])("trust: %s", (_, principal, trusted, layers, expected) => {
  expect(answer(principal, trusted, layers)).toBe(expected);
});

test("web identities: the trust policy alone decides, by the provider and the token's claims", () => {
  const provider = `arn:aws:iam::${ACCOUNT}:oidc-provider/token.actions.githubusercontent.com`;
  const job: Principal = { arn: provider, roleArn: undefined, account: ACCOUNT, type: "federated" };
  const subject = "token.actions.githubusercontent.com:sub";
  const action = "sts:AssumeRoleWithWebIdentity";
  const trust = trusting(
    { Federated: provider },
    { Action: action, Condition: { StringLike: { [subject]: "repo:o/r:*" } } },
  );
  const asking = (sub: string) =>
    evaluateTrust(requestBy(job, { action, resource: ROLE, context: { [subject]: sub } }), trust, {
      identity: [],
    });
  expect(asking("repo:o/r:ref:refs/heads/main").verdict).toBe("allow");
  expect(asking("repo:o/other:ref:refs/heads/main").verdict).toBe("implicitDeny");
});

test("conditions on what the caller passes", () => {
  const trust = trusting(
    { AWS: ann.arn },
    {
      Condition: {
        StringEquals: { "sts:SourceIdentity": "ann" },
        StringLike: { "sts:RoleSessionName": "jit-*" },
      },
    },
  );
  const asking = (context: Readonly<Record<string, string>>) =>
    evaluateTrust(requestBy(ann, { action: "sts:AssumeRole", resource: ROLE, context }), trust, {
      identity: [],
    }).verdict;
  expect(asking({ "sts:SourceIdentity": "ann", "sts:RoleSessionName": "jit-1" })).toBe("allow");
  expect(asking({ "sts:RoleSessionName": "jit-1" })).toBe("implicitDeny");
});

test("a resource layer among the caller's does not count", () => {
  const resource = [policy("resource", allow({ Action: "sts:*", Principal: "*" }))];
  expect(answer(ann, { AWS: user("bob").arn }, { identity: MAY, resource })).toBe("implicitDeny resource");
});
