import { expect, test } from "vitest";
import { approvalOf, namedApprover } from "../../../src/access/approval.ts";
import { parseCatalog } from "../../../src/access/catalog/parse.ts";
import { CatalogError } from "../../../src/access/catalog/problem.ts";
import { findTargets } from "../../../src/access/target.ts";

function yamlOf(store: string, more = ""): string {
  return `version: 1
organization: acme
audit: { bucket: acme-audit, account: "444455556666", region: eu-central-1 }
groups:
  owners: { principals: ["arn:aws:iam::111122223333:user/b*"] }
${more}stores:
  payroll:
    title: Payroll
    classification: restricted
    dataCategories: [salary]
    role: arn:aws:iam::111122223333:role/payroll
    maximumDuration: 1h
    ${store}
    accesses:
      read: { s3: [{ bucket: acme-payroll, prefix: "", allow: [read] }] }
  orders:
    title: Orders
    classification: restricted
    dataCategories: [purchases]
    role: arn:aws:iam::111122223333:role/payroll
    approval: { quorum: 3, expires: 2h }
    maximumDuration: 1h
    accesses:
      read: { s3: [{ bucket: acme-orders, prefix: "", allow: [read] }] }
`;
}

const parse = (store: string, more?: string) =>
  parseCatalog(new TextEncoder().encode(yamlOf(store, more)), "jit.yaml");

function problems(store: string, more?: string): readonly string[] {
  try {
    parse(store, more);
    return [];
  } catch (error) {
    if (error instanceof CatalogError) return error.problems.map(({ path }) => path);
    throw error;
  }
}

test("a store's terms, the defaults', and those of several targets", () => {
  const catalog = parse(
    "approval: { approvers: [owners] }",
    "defaults: { approval: { quorum: 2, expires: 4h } }\n",
  );
  expect(catalog.stores.get("payroll")?.approval).toEqual({
    quorum: 2,
    expires: 14_400,
    approvers: ["owners"],
  });
  expect(approvalOf(findTargets(catalog, ["payroll:read", "orders:read"]))).toEqual({
    quorum: 3,
    expires: 7200,
    approvers: ["owners"],
  });
});

test.each<[string, string, string | undefined, readonly string[]]>([
  ["nobody who may agree", "issuer: approver", undefined, ["stores.payroll.issuer", "stores.orders.issuer"]],
  [
    "a group that is not there",
    "approval: { approvers: [owner] }",
    undefined,
    ["stores.payroll.approval.approvers[0]"],
  ],
  [
    "a pattern of no caller",
    'approval: { approvers: ["arn:aws:iam::1:root"] }',
    undefined,
    ["stores.payroll.approval.approvers[0]"],
  ],
  ["a wait too long", "approval: { expires: 169h }", undefined, ["stores.payroll.approval.expires"]],
  ["no quorum", "approval: { quorum: 0 }", undefined, ["stores.payroll.approval.quorum"]],
  ["a quorum too large", "approval: { quorum: 6 }", undefined, ["stores.payroll.approval.quorum"]],
  [
    "another issuer for one role",
    "approval: { approvers: [owners] }\n    issuer: approver",
    undefined,
    ["stores.orders.issuer"],
  ],
  [
    "a mistake in the defaults",
    "region: eu-west-1",
    "defaults: { approval: { approvers: [nobody] } }\n",
    ["defaults.approval.approvers[0]"],
  ],
])("is refused: %s", (_, store, more, paths) => {
  expect(problems(store, more)).toEqual(paths);
});

test.each([
  ["bob", ["payroll:read"], "yes"],
  ["carol", ["payroll:read"], "no"],
  ["bob", ["payroll:read", "orders:read"], "unsaid"],
  ["carol", ["payroll:read", "orders:read"], "no"],
])("%s for %j", (name, targets, verdict) => {
  const catalog = parse("approval: { approvers: [owners] }");
  const identity = { arn: `arn:aws:iam::111122223333:user/${name}`, userid: "AIDA", account: "111122223333" };
  expect(namedApprover(findTargets(catalog, targets), catalog, { identity, attested: {} })).toBe(verdict);
});
