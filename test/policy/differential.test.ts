import { type EvaluationResult, runSimulation, type Simulation } from "@cloud-copilot/iam-simulate";
import fc from "fast-check";
import { expect, test } from "vitest";
import { evaluate } from "../../src/policy/evaluate.ts";
import { parsePolicy } from "../../src/policy/parse.ts";
import type { AccessRequest, Layers, Policy, PolicyKind, Verdict } from "../../src/policy/types.ts";
import { ANN, type Json, policies, requests, WORK } from "./arbitraries.ts";
import { ACCOUNT, allow, deny, OTHER_ACCOUNT, requestBy, user } from "./requests.ts";

/**
 * Our verdicts against those of `@cloud-copilot/iam-simulate`, an independent implementation. Where the two differ
 * on purpose, `DIVERGENCES` below has a case with the reason, and the random tests keep clear of it.
 */

interface Given {
  readonly identity?: readonly Json[];
  readonly resource?: Json;
  readonly boundary?: readonly Json[];
  readonly session?: Json;
  readonly organization?: readonly Json[];
}

const VERDICTS: Readonly<Record<EvaluationResult, Verdict>> = {
  Allowed: "allow",
  ExplicitlyDenied: "explicitDeny",
  ImplicitlyDenied: "implicitDeny",
};

async function theirs(request: AccessRequest, given: Given): Promise<Verdict> {
  const named = (list: readonly Json[] = []) => list.map((policy, at) => ({ name: `p${at}`, policy }));
  const simulation: Simulation = {
    request: {
      principal: request.principal.type === "anonymous" ? { type: "Anonymous" } : request.principal.arn,
      action: request.action,
      resource: {
        resource: request.resource,
        accountId: request.resourceAccount ?? request.principal.account,
      },
      contextVariables: { ...request.context } as Record<string, string | string[]>,
    },
    identityPolicies: named(given.identity),
    serviceControlPolicies: (given.organization ?? []).map((policy, at) => ({
      orgIdentifier: `ou${at}`,
      policies: named([policy]),
    })),
    resourceControlPolicies: [],
    ...(given.resource === undefined ? {} : { resourcePolicy: given.resource }),
    ...(given.boundary === undefined ? {} : { permissionBoundaryPolicies: named(given.boundary) }),
    ...(given.session === undefined ? {} : { sessionPolicy: given.session }),
  };
  const answer = await runSimulation(simulation, { simulationMode: "Strict" });
  if (answer.resultType === "error") throw new Error(JSON.stringify(answer.errors));
  return VERDICTS[answer.overallResult as EvaluationResult];
}

function ours(request: AccessRequest, given: Given): Verdict {
  const read = (kind: PolicyKind) => (json: Json) => parsePolicy(JSON.stringify(json), kind);
  const layers: { -readonly [K in keyof Layers]: Layers[K] } = {
    identity: (given.identity ?? []).map(read("identity")),
  };
  if (given.resource !== undefined) layers.resource = [read("resource")(given.resource)];
  if (given.boundary !== undefined) layers.boundary = given.boundary.map(read("boundary"));
  if (given.session !== undefined) layers.session = [[read("session")(given.session)]];
  if (given.organization !== undefined) {
    layers.organization = given.organization.map((json): readonly Policy[] => [read("identity")(json)]);
  }
  return evaluate(request, layers).verdict;
}

async function same(request: AccessRequest, given: Given): Promise<void> {
  expect(ours(request, given)).toBe(await theirs(request, given));
}

/** A fixed seed: what these tests compare with is not ours, and a new difference should not come by chance. */
const runs = (numRuns: number) => ({ numRuns, seed: 20_261_119 });
const identity = fc.array(policies("identity"), { minLength: 1, maxLength: 2 });

test("identity policies", async () => {
  await fc.assert(
    fc.asyncProperty(requests, identity, async (drawn, policiesNow) => {
      await same({ ...drawn, resourceAccount: undefined }, { identity: policiesNow });
    }),
    runs(500),
  );
});

test("identity policies, boundary, SCPs and a session policy", async () => {
  const given = fc.record(
    {
      identity,
      boundary: fc.array(policies("boundary"), { minLength: 1, maxLength: 2 }),
      session: policies("session"),
      organization: fc.array(policies("identity"), { minLength: 1, maxLength: 2 }),
    },
    { requiredKeys: ["identity"] },
  );
  await fc.assert(
    fc.asyncProperty(requests, given, async (drawn, layers) => {
      const { session, ...others } = layers;
      // Theirs takes session policies for roles only.
      const limited = session !== undefined && drawn.principal === WORK ? { ...others, session } : others;
      await same({ ...drawn, resourceAccount: undefined }, limited);
    }),
    runs(400),
  );
});

test("resource policies, in the same account and across accounts, with a boundary", async () => {
  const given = fc.record(
    {
      identity,
      resource: policies("resource"),
      boundary: fc.array(policies("boundary"), { minLength: 1, maxLength: 1 }),
    },
    { requiredKeys: ["identity", "resource"] },
  );
  await fc.assert(fc.asyncProperty(requests, given, same), runs(500));
});

test("resource policies with a session policy, where none names the session itself", async () => {
  const given = fc.record({ identity, resource: policies("resource"), session: policies("session") });
  await fc.assert(
    fc.asyncProperty(requests, given, async (drawn, layers) => {
      fc.pre(!JSON.stringify(layers.resource).match(/"Principal":"\*"|assumed-role\/Work\/ann/));
      await same({ ...drawn, principal: WORK }, layers);
    }),
    runs(300),
  );
});

test("anonymous callers", async () => {
  await fc.assert(
    fc.asyncProperty(requests, policies("resource"), async (drawn, resource) => {
      const principal = { arn: "", roleArn: undefined, account: "", type: "anonymous" } as const;
      await same({ ...drawn, principal, resourceAccount: ACCOUNT }, { resource });
    }),
    runs(150),
  );
});

const KEY_ARN = `arn:aws:kms:eu-west-1:${ACCOUNT}:key/11112222-3333-4444-5555-666677778888`;
const ROLE_ARN = `arn:aws:iam::${ACCOUNT}:role/Reader`;
const of = (...list: readonly object[]): Json => ({ Version: "2012-10-17", Statement: list });

test.each([
  ANN.arn,
  user("bob").arn,
  WORK.roleArn,
  WORK.arn,
  ACCOUNT,
  OTHER_ACCOUNT,
  "*",
])("key policies and trust policies that name %s", async (name) => {
  for (const [action, resource] of [
    ["kms:Decrypt", KEY_ARN],
    ["sts:AssumeRole", ROLE_ARN],
  ] as const) {
    const any = allow({ Action: action });
    for (const principal of [ANN, WORK, user("eve", OTHER_ACCOUNT)]) {
      for (const own of [[of(any)], []]) {
        const request = requestBy(principal, { action, resource, resourceAccount: ACCOUNT });
        const given: Given = {
          identity: own,
          resource: of(allow({ Action: action, Principal: { AWS: name } })),
        };
        // Theirs has no function for trust: a trust policy is a resource policy of sts there.
        if (action === "kms:Decrypt") await same(request, given);
        else expect(await trustVerdict(request, given, name ?? "")).toBe(await theirs(request, given));
      }
    }
  }
});

async function trustVerdict(request: AccessRequest, given: Given, name: string): Promise<Verdict> {
  const { evaluateTrust } = await import("../../src/policy/evaluate.ts");
  const trust = parsePolicy(
    of({ Effect: "Allow", Action: request.action, Principal: { AWS: name } }),
    "trust",
  );
  return evaluateTrust(request, trust, {
    identity: (given.identity ?? []).map((p) => parsePolicy(p, "identity")),
  }).verdict;
}

const READ = [of(allow())];
const ELSE = of(allow({ Action: "sqs:SendMessage" }));
const when = (condition: object) => [of(allow({ Condition: condition }))];
const given = (context: Readonly<Record<string, string>>) => requestBy(ANN, { context });

/** Why ours differs; ours, theirs. */
const DIVERGENCES: readonly (readonly [string, AccessRequest, Given, Verdict, Verdict])[] = [
  [
    "AWS: a resource policy that names the session goes around its session policy's implicit deny",
    requestBy(WORK),
    { resource: of(allow({ Principal: { AWS: WORK.arn } })), session: ELSE },
    "allow",
    "implicitDeny",
  ],
  [
    "AWS: so does one that names everybody",
    requestBy(WORK),
    { resource: of(allow({ Principal: "*" })), session: ELSE },
    "allow",
    "implicitDeny",
  ],
  [
    "AWS: a Deny with NotPrincipal excepts a user only if its account stands there too",
    requestBy(ANN),
    { identity: READ, resource: of(deny({ NotPrincipal: { AWS: ANN.arn } })) },
    "explicitDeny",
    "allow",
  ],
  [
    "AWS: a session needs its own ARN, its role's and its account there",
    requestBy(WORK),
    { identity: READ, resource: of(deny({ NotPrincipal: { AWS: [WORK.roleArn, ACCOUNT] } })) },
    "explicitDeny",
    "allow",
  ],
  [
    "AWS: a variable without value equals nothing, so a negated operator holds",
    given({ "aws:userid": "x" }),
    { identity: when({ StringNotEquals: { "aws:userid": "$" + "{aws:PrincipalTag/none}" } }) },
    "allow",
    "implicitDeny",
  ],
  [
    "seconds since 1970 and ISO 8601 compare as times",
    given({ "aws:CurrentTime": "2026-01-01T00:00:00Z" }),
    { identity: when({ DateEquals: { "aws:CurrentTime": "1767225600" } }) },
    "allow",
    "implicitDeny",
  ],
  [
    "numbers compare in every spelling",
    given({ "aws:MultiFactorAuthAge": "10" }),
    { identity: when({ NumericEquals: { "aws:MultiFactorAuthAge": "1e1" } }) },
    "allow",
    "implicitDeny",
  ],
  [
    "an IPv6 address is the same in every spelling",
    given({ "aws:SourceIp": "2001:db8:0:0:0:0:0:1" }),
    { identity: when({ IpAddress: { "aws:SourceIp": "2001:db8::1" } }) },
    "allow",
    "implicitDeny",
  ],
  [
    "an IPv6 address is outside of a single IPv4 address",
    given({ "aws:SourceIp": "2001:db8::1" }),
    { identity: when({ NotIpAddress: { "aws:SourceIp": "10.1.2.3" } }) },
    "allow",
    "implicitDeny",
  ],
  [
    "a request's number that is none equals no number, so NumericNotEquals holds",
    given({ "aws:MultiFactorAuthAge": "ten" }),
    { identity: when({ NumericNotEquals: { "aws:MultiFactorAuthAge": "10" } }) },
    "allow",
    "implicitDeny",
  ],
  [
    "an empty value is a value of a variable",
    given({ "aws:PrincipalTag/Team": "", "aws:userid": "x" }),
    { identity: when({ StringEquals: { "aws:userid": "x$" + "{aws:PrincipalTag/Team}" } }) },
    "allow",
    "implicitDeny",
  ],
  [
    "AWS: a * that ends a part of an ARN may run on over colons",
    requestBy(ANN, {
      action: "logs:PutLogEvents",
      resource: `arn:aws:logs:eu-west-1:${ACCOUNT}:log-group:a:log-stream:s`,
    }),
    { identity: [of(allow({ Action: "logs:*", Resource: "arn:aws:logs:*:log-group:a:*" }))] },
    "allow",
    "implicitDeny",
  ],
  [
    "AWS: in a resource policy too, parts that an ARN lacks stand for *",
    requestBy(ANN),
    { resource: of(allow({ Principal: { AWS: ANN.arn }, Resource: "arn:aws:s3" })) },
    "allow",
    "implicitDeny",
  ],
];

test.each(DIVERGENCES)("differs on purpose: %s", async (_, request, layers, our, their) => {
  expect(ours(request, layers)).toBe(our);
  expect(await theirs(request, layers)).toBe(their);
});
