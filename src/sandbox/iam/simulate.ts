import { evaluate } from "../../policy/evaluate.ts";
import type {
  AccessRequest,
  ContextValue,
  Evaluation,
  Layers,
  Policy,
  PolicyKind,
  Principal,
} from "../../policy/types.ts";
import { cachedParser, entityLayers } from "../authorize.ts";
import { AwsError } from "../service.ts";
import { malformedPolicy } from "../sts/policies.ts";
import { type Entity, roleByArn, type World } from "../world.ts";
import { noSuchEntity } from "./entities.ts";
import { type Parameters, validation, type Xml } from "./query.ts";
import { page, type Scope } from "./scope.ts";

const cached = cachedParser();

/** Reads a policy of the request itself. */
function parse(text: string, kind: PolicyKind): Policy {
  try {
    return cached(text, kind);
  } catch (error) {
    throw malformedPolicy(error);
  }
}

const DECISIONS = {
  allow: "allowed",
  explicitDeny: "explicitDeny",
  implicitDeny: "implicitDeny",
  unknown: "implicitDeny",
} as const;

/**
 * `iam:SimulatePrincipalPolicy`: every action on every resource, with the context that the call gives.
 * Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
 */
export function simulatePrincipalPolicy(scope: Scope): Xml {
  const { input, world } = scope;
  const source = input.required("PolicySourceArn");
  scope.demand("iam:SimulatePrincipalPolicy", source);
  const entity = findEntity(world, source);
  const actions = input.list("ActionNames");
  if (actions.length === 0) throw validation(undefined, "ActionNames", "Member must not be null");
  const given = input.list("ResourceArns");
  const resources = given.length === 0 ? ["*"] : given;
  const owner = accountIn(input.get("ResourceOwner"));
  const context = readContext(input);
  const layers = layersFor(world, entity, input);
  const names = sourceNames(entity, input);
  const missing = missingKeys(layers, context);

  const results = actions.flatMap((action) =>
    resources.map((resource): Xml => {
      const request: AccessRequest = {
        principal: principalOf(input.get("CallerArn") ?? source),
        action,
        resource,
        resourceAccount: owner,
        context,
      };
      const evaluation = evaluate(request, layers);
      return {
        EvalActionName: action,
        EvalResourceName: resource,
        EvalDecision: DECISIONS[evaluation.verdict],
        MatchedStatements: matched(evaluation, names),
        MissingContextValues: missing,
        ...(layers.boundary === undefined
          ? {}
          : {
              PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: withinBoundary(evaluation) },
            }),
      };
    }),
  );
  const { items, end } = page(input, results);
  return { EvaluationResults: items, ...end };
}

function findEntity(world: World, arn: string): Entity {
  const [, , , , account = "", path = ""] = arn.split(":");
  const name = path.slice(path.lastIndexOf("/") + 1);
  const entity = path.startsWith("user/")
    ? world.accounts.get(account)?.users.get(name)
    : roleByArn(world, arn);
  if (entity?.arn !== arn) throw noSuchEntity(`The principal with ARN ${arn} cannot be found.`);
  return entity;
}

function layersFor(world: World, entity: Entity, input: Parameters): Layers {
  const own = entityLayers(world, entity, cached);
  const boundary = input.list("PermissionsBoundaryPolicyInputList");
  const resourcePolicy = input.get("ResourcePolicy");
  return {
    identity: [...own.identity, ...input.list("PolicyInputList").map((text) => parse(text, "identity"))],
    ...(boundary.length > 0
      ? { boundary: boundary.map((text) => parse(text, "boundary")) }
      : own.boundary === undefined
        ? {}
        : { boundary: own.boundary }),
    ...(resourcePolicy === undefined ? {} : { resource: [parse(resourcePolicy, "resource")] }),
  };
}

/** Names of the identity policies, in the order of `entityLayers`. */
function sourceNames(entity: Entity, input: Parameters): string[] {
  return [
    ...entity.inline.keys(),
    ...[...entity.attached].map((arn) => arn.slice(arn.lastIndexOf("/") + 1)),
    ...input.list("PolicyInputList").map((_, index) => `PolicyInputList.${index + 1}`),
  ];
}

function matched(evaluation: Evaluation, names: readonly string[]): Xml {
  return evaluation.reasons.map((reason) =>
    reason.layer === "identity"
      ? { SourcePolicyId: names[reason.policy] ?? "", SourcePolicyType: "IAM Policy" }
      : reason.layer === "boundary"
        ? { SourcePolicyId: "PermissionsBoundary", SourcePolicyType: "IAM Permissions Boundary Policy" }
        : { SourcePolicyId: "ResourcePolicy", SourcePolicyType: "Resource Policy" },
  );
}

function withinBoundary({ verdict, missing, reasons }: Evaluation): boolean {
  if (verdict === "explicitDeny") return !reasons.some((reason) => reason.layer === "boundary");
  return !(verdict === "implicitDeny" && missing === "boundary");
}

function readContext(input: Parameters): Record<string, ContextValue> {
  const context: Record<string, ContextValue> = {};
  for (let index = 1; ; index++) {
    const entry = `ContextEntries.member.${index}`;
    const key = input.get(`${entry}.ContextKeyName`);
    if (key === undefined) return context;
    const values = input.list(`${entry}.ContextKeyValues`);
    const many = (input.get(`${entry}.ContextKeyType`) ?? "string").endsWith("List");
    context[key] = many ? values : (values[0] ?? "");
  }
}

/** Keys that any of the policies tests and the call did not give. */
function missingKeys(layers: Layers, context: Readonly<Record<string, ContextValue>>): string[] {
  const given = new Set(Object.keys(context).map((key) => key.toLowerCase()));
  const policies = [...layers.identity, ...(layers.boundary ?? []), ...(layers.resource ?? [])];
  const tested = policies.flatMap((policy) =>
    policy.statements.flatMap((statement) => statement.conditions.map((condition) => condition.key)),
  );
  return [...new Set(tested)].filter((key) => !given.has(key.toLowerCase())).sort();
}

function principalOf(arn: string): Principal {
  const [, , , , account = ""] = arn.split(":");
  if (!/^arn:[^:]+:iam::\d{12}:(user|role)\//.test(arn)) {
    throw new AwsError("InvalidInput", 400, `${arn} is not a valid principal`);
  }
  const role = arn.includes(":role/");
  return { arn, roleArn: role ? arn : undefined, account, type: role ? "role" : "user" };
}

/** `arn:aws:iam::123456789012:root`, or the account's number. */
function accountIn(owner: string | undefined): string | undefined {
  return /(\d{12})(?::|$)/.exec(owner ?? "")?.[1];
}
