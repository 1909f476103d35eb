import { checkTicketUrl } from "../ticket/url.ts";
import type {
  Access,
  ApprovalTerms,
  Catalog,
  CatalogRules,
  DatabaseGrant,
  DynamoGrant,
  Grant,
  Group,
  Networks,
  Store,
  TicketCheck,
} from "../types.ts";
import { breakGlassTerms, checkBreakGlassRoles, withBreakGlass } from "./break-glass.ts";
import { checkCidr, checkEndpointHost } from "./network.ts";
import { checkNetworks, notificationsOf, timeoutOf } from "./notifications.ts";
import type { Report } from "./problem.ts";
import type { CatalogYaml } from "./schema.ts";
import { checkStatement } from "./statement.ts";
import { suggest } from "./suggest.ts";
import { compileTicketPattern } from "./ticket-pattern.ts";

type StoreYaml = CatalogYaml["stores"][string];
type TicketYaml = NonNullable<CatalogYaml["justification"]>["ticket"];
type AccessYaml = StoreYaml["accesses"][string];

/** Longest that any session can be: STS's 12 hours. */
const longest = 43_200;

/** From what the schema let through to values that cannot be wrong; what only shows across fields is reported. */
export function buildCatalog(
  yaml: CatalogYaml,
  digest: string,
  place: CatalogRules["place"] | undefined,
  report: Report,
): Catalog {
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
  if (yaml.audit.reasons?.startsWith(`s3://${yaml.audit.bucket}/`) === true) {
    report(["audit", "reasons"], "must be another bucket than that of the records, which are locked");
  }
  for (const [index, endpoint] of (yaml.endpoints ?? []).entries()) {
    const problem = checkEndpointHost(endpoint);
    if (problem !== undefined) report(["endpoints", index], problem);
  }
  const groups = groupsIn(yaml, report);
  checkApproval(defaults?.approval, groups, (path, ...rest) => report(["defaults", ...path], ...rest));
  const stores = new Map<string, Store>();
  for (const [name, store] of Object.entries(yaml.stores)) {
    const own: Report = (path, ...rest) => report(["stores", name, ...path], ...rest);
    checkApproval(store.approval, groups, own);
    const built = buildStore(name, store, defaults, own);
    if (built.issuer === "approver" && yaml.rules === undefined && built.approval.approvers.length === 0)
      own(["issuer"], "leaves nobody who may agree: name approval.approvers, or write rules");
    if (store.breakGlass !== undefined && yaml.rules === undefined && built.approval.approvers.length === 0)
      own(["breakGlass"], "leaves nobody who may review it: name approval.approvers, or write rules");
    const other = [...stores.values()].find(
      ({ role, issuer }) => role === built.role && issuer !== built.issuer,
    );
    if (other !== undefined) own(["issuer"], `is not that of ${other.name}, whose role is the same`);
    stores.set(name, withBreakGlass(built, store, own));
  }
  checkBreakGlassRoles(stores, (name, message) => report(["stores", name, "breakGlass", "role"], message));
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
        pattern: ticketPattern(justification?.ticket, report),
        example: justification?.ticket?.example,
        check: ticketCheck(justification?.ticket?.check, (path, ...rest) =>
          report(["justification", "ticket", "check", ...path], ...rest),
        ),
      },
    },
    defaults: { duration: defaults?.duration ?? 1800, region: defaults?.region, purpose },
    stores,
    groups,
    breakGlass: breakGlassTerms(yaml.breakGlass, stores, (message) => report(["breakGlass"], message)),
    notifications: notificationsOf(yaml.notifications, (path, ...rest) =>
      report(["notifications", ...path], ...rest),
    ),
    rules: rulesOf(yaml, groups, place, report),
  };
}

/** What an approval takes where neither store nor defaults say. */
const usualApproval = { quorum: 1, expires: 8 * 3600, approvers: [] };
/** Requests are looked for as far back as they can wait. */
const longestWait = 7 * 86_400;

function checkApproval(
  approval: StoreYaml["approval"],
  groups: ReadonlyMap<string, Group>,
  report: Report,
): void {
  if ((approval?.expires ?? 0) > longestWait) report(["approval", "expires"], "is longer than 7 days (168h)");
  for (const [index, name] of (approval?.approvers ?? []).entries()) {
    if (name.startsWith("arn:") || groups.has(name)) continue;
    report(
      ["approval", "approvers", index],
      `the catalog has no group ${name}`,
      suggest(name, [...groups.keys()]),
    );
  }
}

function groupsIn({ groups = {} }: CatalogYaml, report: Report): ReadonlyMap<string, Group> {
  for (const [name, { principals, users, tags }] of Object.entries(groups)) {
    if (principals === undefined && users === undefined && tags === undefined)
      report(["groups", name], "needs principals, users or tags");
  }
  return new Map(
    Object.entries(groups).map(([name, { principals = [], users = [], tags = {} }]) => [
      name,
      { name, principals, users, tags: new Map(Object.entries(tags)) },
    ]),
  );
}

function rulesOf(
  { rules, timeZone = "UTC" }: CatalogYaml,
  groups: ReadonlyMap<string, Group>,
  place: CatalogRules["place"] | undefined,
  report: Report,
): CatalogRules | undefined {
  if (!isTimeZone(timeZone)) report(["timeZone"], "is no time zone such as Europe/Berlin");
  if (rules === undefined) return undefined;
  if (place === undefined) {
    report(["rules"], "must be a block of text, so that it reads as it is: rules: |");
    return undefined;
  }
  return {
    text: rules,
    place,
    groups,
    timeZone,
  };
}

function isTimeZone(name: string): boolean {
  try {
    // Intl costs milliseconds, and most catalogs name no zone.
    return name === "UTC" || new Intl.DateTimeFormat("en", { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

function ticketPattern(ticket: TicketYaml, report: Report): RegExp | undefined {
  if (ticket?.pattern === undefined) return undefined;
  const pattern = compileTicketPattern(ticket.pattern);
  if (typeof pattern === "string") {
    report(["justification", "ticket", "pattern"], pattern);
    return undefined;
  }
  if (ticket.example !== undefined && !pattern.test(ticket.example)) {
    report(["justification", "ticket", "example"], "does not match the pattern");
  }
  return pattern;
}

function ticketCheck(yaml: NonNullable<TicketYaml>["check"], report: Report): TicketCheck | undefined {
  if (yaml === undefined) return undefined;
  const { url, onDown = "refuse", assigned = false, networks = [] } = yaml;
  const problem = checkTicketUrl(url);
  if (problem !== undefined) report(["url"], problem);
  checkNetworks(networks, report);
  return { url, onDown, timeout: timeoutOf(yaml, report), assigned, networks };
}

function buildStore(name: string, yaml: StoreYaml, defaults: CatalogYaml["defaults"], report: Report): Store {
  const region = yaml.region ?? defaults?.region;
  const account = yaml.role.split(":")[4] ?? "";
  const accesses = new Map<string, Access>();
  if (yaml.maximumDuration > longest) report(["maximumDuration"], "AWS's sessions last 12h at most");
  if (yaml.lease !== undefined && yaml.lease > yaml.maximumDuration)
    report(["lease"], "is longer than maximumDuration");
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
    approval: { ...usualApproval, ...given(defaults?.approval), ...given(yaml.approval) },
    accesses,
  };
}

/** What is said of an approval, without what is not. */
function given(approval: StoreYaml["approval"]): Partial<ApprovalTerms> {
  const entries = Object.entries(approval ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries);
}

function networksOf(yaml: StoreYaml["networks"], report: Report): Networks {
  const cidrs = yaml?.cidrs ?? [];
  for (const [index, cidr] of cidrs.entries()) {
    const problem = checkCidr(cidr);
    if (problem !== undefined) report(["networks", "cidrs", index], problem);
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
      return {
        kind: "s3",
        bucket: one.bucket,
        prefixes: one.prefixes ?? [one.prefix ?? ""],
        allow: one.allow,
      };
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
      for (const problem of checkStatement(statement)) report(["statements", index], problem);
      return { kind: "statement", statement };
    }),
  ];
}

type DynamoYaml = NonNullable<AccessYaml["dynamodb"]>[number];

function dynamodb(yaml: DynamoYaml, where: Where, report: Report): DynamoGrant {
  const [, , , region, account, table] = yaml.table.startsWith("arn:") ? yaml.table.split(":") : [];
  const own = region ?? where.region;
  if (yaml.leadingKeys !== undefined && yaml.allow.includes("scan"))
    report(["allow"], "a scan cannot be held to leadingKeys; allow query in its place");
  if (yaml.indexes !== undefined && !yaml.allow.some((use) => use === "query" || use === "scan"))
    report(["indexes"], "serve query and scan alone, and neither is allowed");
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
