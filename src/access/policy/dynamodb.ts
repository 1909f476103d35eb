import { JitError } from "../../error.ts";
import type { DynamoGrant, DynamoUse } from "../types.ts";
import { type Clause, clause } from "./clause.ts";
import { literal, literalValue } from "./literal.ts";

/**
 * DynamoDB items. Scan and Query act on indexes too, the rest on the table alone.
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
 */

const READS: Readonly<Partial<Record<DynamoUse, readonly string[]>>> = {
  read: ["dynamodb:GetItem", "dynamodb:BatchGetItem"],
  query: ["dynamodb:Query"],
  scan: ["dynamodb:Scan"],
};
const WRITES: Readonly<Partial<Record<DynamoUse, readonly string[]>>> = {
  write: ["dynamodb:PutItem", "dynamodb:UpdateItem"],
  delete: ["dynamodb:DeleteItem"],
};

type Entry = readonly [string, readonly string[]];

export function dynamoClauses(grant: DynamoGrant, partition: string): readonly Clause[] {
  refuseImpossible(grant);
  const table = literal(`arn:${partition}:dynamodb:${grant.region}:${grant.account}:table/${grant.table}`);
  const indexes = grant.indexes.map((name) => `${table}/index/${name === "*" ? "*" : literal(name)}`);
  const overIndexes = grant.allow.includes("query") || grant.allow.includes("scan");
  const resources = overIndexes ? [table, ...indexes] : [table];

  const shared = [...onlyThese("dynamodb:LeadingKeys", grant.leadingKeys), ...attributeEntries(grant)];
  const reads = grant.allow.flatMap((use) => READS[use] ?? []);
  const writes = grant.allow.flatMap((use) => WRITES[use] ?? []);
  // BatchWriteItem puts and deletes, and no condition tells which.
  if (grant.allow.includes("write") && grant.allow.includes("delete")) writes.push("dynamodb:BatchWriteItem");

  const clauses: Clause[] = [];
  if (reads.length > 0) {
    // Not IfExists: a read that names no attributes returns them all.
    const select: readonly Entry[] =
      grant.attributes === undefined ? [] : [["StringEquals dynamodb:Select", ["SPECIFIC_ATTRIBUTES"]]];
    clauses.push(clause("Allow", reads, resources, [...shared, ...select]));
  }
  if (writes.length > 0) {
    const returned = returnValues(grant, reads.length > 0);
    clauses.push(clause("Allow", writes, [table], [...shared, ...returned]));
  }
  return clauses;
}

/** What a write may hand back of the item: nothing to who may not read, no hidden attribute to who may. */
function returnValues(grant: DynamoGrant, mayRead: boolean): readonly Entry[] {
  if (mayRead && grant.attributes === undefined) return [];
  const values = mayRead ? ["NONE", "UPDATED_NEW", "UPDATED_OLD"] : ["NONE"];
  return [["StringEqualsIfExists dynamodb:ReturnValues", values]];
}

function attributeEntries(grant: DynamoGrant): readonly Entry[] {
  return onlyThese("dynamodb:Attributes", grant.attributes?.map(literalValue));
}

/** ForAllValues holds when the key is absent; the Null test shuts that hole. */
function onlyThese(key: string, values: readonly string[] | undefined): readonly Entry[] {
  if (values === undefined) return [];
  return [
    [`ForAllValues:StringEquals ${key}`, values],
    [`Null ${key}`, ["false"]],
  ];
}

function refuseImpossible(grant: DynamoGrant): void {
  if (grant.leadingKeys !== undefined && grant.allow.includes("scan")) {
    throw new JitError(
      "GRANT_IMPOSSIBLE",
      `a scan of table ${grant.table} cannot be limited to partition keys`,
      {
        hint: "leave out scan or leadingKeys; query takes its place",
      },
    );
  }
  if (grant.leadingKeys?.length === 0 || grant.attributes?.length === 0) {
    throw new JitError(
      "GRANT_IMPOSSIBLE",
      `the grant of table ${grant.table} has an empty list, which opens nothing`,
      {
        hint: "name the keys or attributes, or leave the list out to open all",
      },
    );
  }
}
