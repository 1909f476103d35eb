import type { DynamoGrant, Grant, StatementGrant, Target } from "../types.ts";
import { rawClause } from "./raw.ts";

/** One thing that a request opens, in plain words; texts come from the catalog and are not yet escaped. */
export interface OpenedResource {
  readonly store: string;
  readonly access: string;
  /** `S3`, `DynamoDB`, `Secrets Manager`, `KMS`, `Database`; of a raw statement its service's prefix. */
  readonly service: string;
  /** `read`, `list`, …; of a raw statement its IAM actions. A raw Deny says `never`. */
  readonly actions: readonly string[];
  /** `s3://bucket/prefix*`, a table's name, an ARN. */
  readonly resources: readonly string[];
  /** `only the attributes id, name` */
  readonly limits: readonly string[];
}

/** What targets open, grant by grant, in the order of the catalog. Never throws for what `compile` would refuse. */
export function describe(targets: readonly Target[]): readonly OpenedResource[] {
  return targets.flatMap(({ store, access }) =>
    access.grants.map((grant) => ({ store: store.name, access: access.name, ...opened(grant) })),
  );
}

type Opened = Omit<OpenedResource, "store" | "access">;

function opened(grant: Grant): Opened {
  switch (grant.kind) {
    case "s3":
      return {
        service: "S3",
        actions: grant.allow,
        resources: grant.prefixes.map((prefix) => `s3://${grant.bucket}/${prefix}*`),
        limits: [],
      };
    case "dynamodb":
      return {
        service: "DynamoDB",
        actions: grant.allow,
        resources: [`${grant.table} in ${grant.region} of ${grant.account}`],
        limits: dynamoLimits(grant),
      };
    case "secret":
      return { service: "Secrets Manager", actions: ["read"], resources: [grant.arn], limits: [] };
    case "kms":
      return {
        service: "KMS",
        actions: grant.allow,
        resources: [grant.key],
        limits: grant.viaServices.length === 0 ? [] : [`only through ${grant.viaServices.join(", ")}`],
      };
    case "database":
      return {
        service: "Database",
        actions: ["connect"],
        resources: [`${grant.resourceId} in ${grant.region} of ${grant.account}`],
        limits: [`as the user ${grant.user}`],
      };
    case "statement":
      return statement(grant);
  }
}

function dynamoLimits(grant: DynamoGrant): readonly string[] {
  const limits: string[] = [];
  if (grant.attributes !== undefined) limits.push(`only the attributes ${grant.attributes.join(", ")}`);
  if (grant.leadingKeys !== undefined) limits.push(`only the partition keys ${grant.leadingKeys.join(", ")}`);
  if (grant.indexes.includes("*")) limits.push("with all indexes");
  else if (grant.indexes.length > 0) limits.push(`with the indexes ${grant.indexes.join(", ")}`);
  return limits;
}

function statement(grant: StatementGrant): Opened {
  const { effect, action, resource, conditions } = rawClause(grant);
  const services = new Set(action.values.map((one) => (action.not ? "*" : (one.split(":")[0] ?? "*"))));
  const listed = action.not ? [`all but ${action.values.join(", ")}`] : action.values;
  return {
    service: [...services].join(", "),
    actions: effect === "Deny" ? listed.map((one) => `never ${one}`) : listed,
    resources: resource.not ? [`all but ${resource.values.join(", ")}`] : resource.values,
    limits: [...conditions].map(([name, values]) => `where ${name} ${values.join(", ")}`),
  };
}
