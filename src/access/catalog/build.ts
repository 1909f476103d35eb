import { codeOf } from "../../error.ts";
import { parsePolicy } from "../../policy/parse.ts";
import { findHostile } from "../text.ts";
import type { Access, Catalog, DatabaseGrant, DynamoGrant, Grant, Networks, Store } from "../types.ts";
import type { CatalogYaml } from "./schema.ts";
import { suggest } from "./suggest.ts";

type Report = (path: readonly (string | number)[], message: string, suggestion?: string) => void;
type StoreYaml = CatalogYaml["stores"][string];
type AccessYaml = StoreYaml["accesses"][string];

/** Longest that any session can be: STS's 12 hours. */
const longest = 43_200;

/** From what the schema let through to values that cannot be wrong; what only shows across fields is reported. */
export function buildCatalog(yaml: CatalogYaml, digest: string, report: Report): Catalog {
  const { justification, defaults } = yaml;
  const purposes = new Map(Object.entries(justification?.purposes ?? {}));
  const purpose = defaults?.purpose;
  if (purpose !== undefined && purposes.size > 0 && !purposes.has(purpose)) {
    report(
      ["defaults", "purpose"],
      `${purpose} is none of the purposes`,
      suggest(purpose, [...purposes.keys()]),
    );
  }
  const stores = new Map<string, Store>();
  for (const [name, store] of Object.entries(yaml.stores)) {
    stores.set(
      name,
      buildStore(name, store, defaults?.region, (path, ...rest) =>
        report(["stores", name, ...path], ...rest),
      ),
    );
  }
  return {
    digest,
    version: yaml.version,
    organization: yaml.organization,
    audit: { ...yaml.audit, reasons: yaml.audit.reasons },
    endpoints: yaml.endpoints ?? [],
    justification: {
      purposes,
      minimumLength: justification?.minimumLength ?? 10,
      ticket: {
        required: justification?.ticket?.required ?? false,
        pattern: ticketPattern(justification?.ticket?.pattern, report),
        example: justification?.ticket?.example,
      },
    },
    defaults: { duration: defaults?.duration ?? 1800, region: defaults?.region, purpose },
    stores,
  };
}

/** The whole ticket must match. A pattern that could take exponential time is refused: tickets are anybody's text. */
function ticketPattern(text: string | undefined, report: Report): RegExp | undefined {
  if (text === undefined) return undefined;
  const path = ["justification", "ticket", "pattern"];
  // A quantified group, or a back reference, is what makes matching explode.
  if (/\)[*+?{]|\\[1-9]|\\k</.test(text)) {
    report(path, "may not repeat a group nor refer back to one");
    return undefined;
  }
  try {
    return new RegExp(`^(?:${text})$`, "u");
  } catch {
    report(path, "is no regular expression");
    return undefined;
  }
}

function buildStore(name: string, yaml: StoreYaml, defaultRegion: string | undefined, report: Report): Store {
  const region = yaml.region ?? defaultRegion;
  const account = yaml.role.split(":")[4] ?? "";
  const accesses = new Map<string, Access>();
  if (yaml.maximumDuration > longest) report(["maximumDuration"], "AWS's sessions last 12h at most");
  if (yaml.lease !== undefined && yaml.lease > yaml.maximumDuration)
    report(["lease"], "is longer than maximumDuration");
  if (Object.keys(yaml.accesses).length === 0) report(["accesses"], "must name at least one");
  for (const [accessName, access] of Object.entries(yaml.accesses)) {
    const own: Report = (path, ...rest) => report(["accesses", accessName, ...path], ...rest);
    if (access.maximumDuration !== undefined && access.maximumDuration > yaml.maximumDuration) {
      own(["maximumDuration"], `is longer than the store's`);
    }
    const grants = grantsOf(access, { account, region }, own);
    if (grants.length === 0) own([], "opens nothing");
    accesses.set(accessName, {
      name: accessName,
      title: access.title,
      maximumDuration: access.maximumDuration,
      grants,
    });
  }
  return {
    name,
    title: yaml.title,
    classification: yaml.classification,
    dataCategories: yaml.dataCategories,
    owner: yaml.owner,
    role: yaml.role,
    region,
    issuer: yaml.issuer ?? "requester",
    networks: networksOf(yaml.networks, report),
    maximumDuration: yaml.maximumDuration,
    lease: yaml.lease,
    accesses,
  };
}

function networksOf(yaml: StoreYaml["networks"], report: Report): Networks {
  const cidrs = yaml?.cidrs ?? [];
  for (const [index, cidr] of cidrs.entries()) {
    const [address = "", bits = ""] = cidr.split("/");
    const six = address.includes(":");
    const good =
      Number(bits) <= (six ? 128 : 32) &&
      URL.canParse(`http://${six ? `[${address}]` : address}/`) &&
      (six || /^(?:\d{1,3}\.){3}\d{1,3}$/.test(address));
    if (!good) report(["networks", "cidrs", index], "is no CIDR block");
  }
  return { cidrs, vpcEndpoints: yaml?.vpcEndpoints ?? [], vpcs: yaml?.vpcs ?? [] };
}

interface Where {
  readonly account: string;
  readonly region: string | undefined;
}

function grantsOf(yaml: AccessYaml, where: Where, report: Report): readonly Grant[] {
  return [
    ...(yaml.s3 ?? []).map((one, index): Grant => {
      if ((one.prefix === undefined) === (one.prefixes === undefined)) {
        report(["s3", index], 'needs either prefix or prefixes (prefix: "" for the whole bucket)');
      }
      const prefixes = one.prefixes ?? [one.prefix ?? ""];
      if (prefixes.some((prefix) => findHostile(prefix) !== undefined))
        report(["s3", index], "holds a control, bidirectional or zero-width character");
      return { kind: "s3", bucket: one.bucket, prefixes, allow: one.allow };
    }),
    ...(yaml.dynamodb ?? []).map(
      (one, index): Grant =>
        dynamodb(one, where, (path, ...rest) => report(["dynamodb", index, ...path], ...rest)),
    ),
    ...(yaml.secrets ?? []).map((arn): Grant => ({ kind: "secret", arn })),
    ...(yaml.kms ?? []).map(
      (one): Grant => ({ kind: "kms", key: one.key, allow: one.allow, viaServices: one.viaServices ?? [] }),
    ),
    ...(yaml.databases ?? []).map((one, index): DatabaseGrant => {
      const region = one.region ?? where.region;
      if (region === undefined)
        report(["databases", index], "needs a region, here, at its store or in defaults");
      return {
        kind: "database",
        resourceId: one.resourceId,
        user: one.user,
        region: region ?? "",
        account: one.account ?? where.account,
      };
    }),
    ...(yaml.statements ?? []).map((statement, index): Grant => {
      checkStatement(statement, (message) => report(["statements", index], message));
      return { kind: "statement", statement };
    }),
  ];
}

type DynamoYaml = NonNullable<AccessYaml["dynamodb"]>[number];

function dynamodb(yaml: DynamoYaml, where: Where, report: Report): DynamoGrant {
  const [, , , region, account, table] = yaml.table.startsWith("arn:") ? yaml.table.split(":") : [];
  const own = region ?? where.region;
  if (own === undefined)
    report(["table"], "needs a region: give the table's ARN, or a region at its store or in defaults");
  return {
    kind: "dynamodb",
    table: table?.slice("table/".length) ?? yaml.table,
    region: own ?? "",
    account: account ?? where.account,
    indexes: yaml.indexes === "all" ? ["*"] : (yaml.indexes ?? []),
    attributes: yaml.attributes,
    leadingKeys: yaml.leadingKeys,
    allow: yaml.allow,
  };
}

/** A raw statement must be one of a session policy, and never open a way to further sessions or rights. */
function checkStatement(statement: Record<string, unknown>, report: (message: string) => void): void {
  try {
    parsePolicy({ Version: "2012-10-17", Statement: [statement] }, "session");
  } catch (error) {
    if (codeOf(error) !== "POLICY_INVALID") throw error;
    report(
      error instanceof Error ? error.message.replace("$.Statement[0]", "statement") : "is no IAM statement",
    );
    return;
  }
  if (statement["Effect"] !== "Allow") return;
  if (statement["NotAction"] !== undefined)
    report("an Allow may not use NotAction: it would open what nobody thought of");
  const actions = [statement["Action"]].flat().map(String);
  const service = (action: string) => action.split(":")[0]?.toLowerCase() ?? "";
  if (
    actions.some(
      (action) =>
        /[*?]/.test(service(action)) || ["sts", "iam", "organizations", "account"].includes(service(action)),
    )
  ) {
    report("may not allow sts, iam, or all services");
  }
}
