import { expect, test } from "vitest";
import { parseCatalog } from "../../src/access/catalog/parse.ts";
import { allowWhatTheCatalogAllows } from "../../src/access/decide.ts";
import { findTargets } from "../../src/access/target.ts";
import type { Catalog, Decision, Target } from "../../src/access/types.ts";

function catalogOf(issuer: string): Catalog {
  const yaml = `version: 1
organization: example
audit: { bucket: example-audit, account: "111122223333", region: eu-central-1 }
stores:
  customers:
    title: Customers
    classification: confidential
    dataCategories: [contact]
    role: arn:aws:iam::444455556666:role/jit-customers
    issuer: ${issuer}
    approval: { quorum: 2, approvers: ["arn:aws:iam::111122223333:user/b*"] }
    maximumDuration: 1h
    accesses:
      read:
        maximumDuration: 30m
        s3: [{ bucket: example-customers, prefixes: [customers/], allow: [read] }]
      list:
        s3: [{ bucket: example-customers, prefixes: [customers/], allow: [list] }]
`;
  return parseCatalog(new TextEncoder().encode(yaml), "jit.yaml");
}

async function decided(catalog: Catalog, targets: readonly Target[], duration = 1800): Promise<Decision> {
  return await allowWhatTheCatalogAllows.decide(
    {
      identity: { arn: "arn:aws:iam::111122223333:user/alice", userid: "AIDAALICE", account: "111122223333" },
      targets,
      justification: { purpose: "support", reason: "a customer asked", ticket: undefined },
      circumstances: { attested: {}, claimed: {} },
      duration,
      now: new Date("2026-11-24T10:00:00Z"),
    },
    catalog,
  );
}

const names = ["customers:read", "customers:list"];

test("a requester is granted what the catalog has", async () => {
  const catalog = catalogOf("requester");
  expect(await decided(catalog, findTargets(catalog, names))).toEqual({ kind: "granted", by: "catalog" });
});

test.each(["approver", "broker"])("with the issuer %s another person is needed", async (issuer) => {
  const catalog = catalogOf(issuer);
  expect(await decided(catalog, findTargets(catalog, names))).toEqual({
    kind: "needsApproval",
    quorum: 2,
    approvers: ["arn:aws:iam::111122223333:user/b*"],
  });
});

test.each([
  ["user/bob", true],
  ["user/alice", false],
])("without rules, whom the store names may agree: %s", async (name, may) => {
  const catalog = catalogOf("approver");
  const identity = { arn: `arn:aws:iam::111122223333:${name}`, userid: "AIDABOB", account: "111122223333" };
  const question = {
    identity,
    targets: findTargets(catalog, names),
    justification: { purpose: "support", reason: "a customer asked", ticket: undefined },
    circumstances: { attested: {}, claimed: {} },
    duration: 1800,
    now: new Date("2026-11-24T10:00:00Z"),
  };
  const { mayApprove } = allowWhatTheCatalogAllows;
  expect(await mayApprove(question, catalog, { identity, attested: {} })).toBe(may);
});

test("refuses what the catalog does not have", async () => {
  const catalog = catalogOf("requester");
  const [target] = findTargets(catalog, ["customers:read"]);
  if (target === undefined) throw new Error("no target");
  const wider = { ...target.store, role: "arn:aws:iam::444455556666:role/admin" };
  for (const targets of [
    [],
    findTargets(catalogOf("requester"), names),
    [{ ...target, store: wider }],
    [{ ...target, access: { ...target.access, grants: [] } }],
  ]) {
    expect(await decided(catalog, targets)).toMatchObject({ kind: "refused" });
  }
});

test.each([0, -1, 1801, Number.NaN, Number.POSITIVE_INFINITY])("refuses %d seconds", async (duration) => {
  const catalog = catalogOf("requester");
  expect(await decided(catalog, findTargets(catalog, names), duration)).toMatchObject({ kind: "refused" });
});
