import { parseCatalog } from "../../../src/access/catalog/parse.ts";
import type { RuleEngine } from "../../../src/access/rules/engine.ts";
import { findTargets } from "../../../src/access/target.ts";
import type { AccessQuestion, Catalog } from "../../../src/access/types.ts";
import { sandboxCatalog } from "../../../src/cli/sandbox-catalog.ts";
import { openCedar } from "../../../src/local/cedar.ts";

/** Cedar as it really is. */
export const engine: RuleEngine = await openCedar();

export const groups = `groups:
  support:
    principals: ["arn:aws:iam::111122223333:user/alice"]
  engineers:
    principals: ["arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Engineer_*/*"]
    users: [c4d8a4e8-7051-70aa-1c11-5b1d6d1e2f30]
timeZone: Europe/Berlin
`;

/** The sandbox's catalog with groups and these rules. */
export function yamlWith(rules: string): string {
  const block = rules.split("\n").map((line) => (line === "" ? "" : `  ${line}`));
  return `${sandboxCatalog}${groups}rules: |\n${block.join("\n")}\n`;
}

export function catalogWith(rules: string): Catalog {
  return parseCatalog(new TextEncoder().encode(yamlWith(rules)), "jit.yaml");
}

export const alice = {
  arn: "arn:aws:iam::111122223333:user/alice",
  userid: "AIDAALICE",
  account: "111122223333",
};
export const engineer = {
  arn: "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Engineer_0123456789abcdef/erin",
  userid: "AROAENGINEER:erin",
  account: "111122223333",
};

/** A request of Alice on a Tuesday at noon in Berlin. */
export function questionOn(
  catalog: Catalog,
  change: Partial<AccessQuestion> & { readonly on?: readonly string[] } = {},
): AccessQuestion {
  const { on = ["customers:read"], ...rest } = change;
  return {
    identity: alice,
    targets: findTargets(catalog, on),
    justification: { purpose: "support", reason: "A customer cannot log in", ticket: undefined },
    circumstances: { attested: {}, claimed: {} },
    duration: 1800,
    now: new Date("2026-11-24T11:00:00Z"),
    ...rest,
  };
}
