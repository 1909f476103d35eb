import { isIP } from "node:net";
import type { AccessQuestion, Catalog, CatalogRules, Identity, Target } from "../types.ts";
import type { EngineCall, EngineEntity, EngineValue } from "./engine.ts";
import { groupsOf } from "./groups.ts";
import type { RuleAction } from "./schema.ts";

type Values = Record<string, EngineValue>;
type Circumstance = Readonly<Record<string, string>>;

/** What Cedar is asked about one target: only the entities that matter to it. */
export function callOf(
  action: RuleAction,
  question: AccessQuestion,
  target: Target,
  catalog: Catalog,
  rules: CatalogRules,
  approver?: { readonly identity: Identity; readonly attested: Circumstance },
): Pick<EngineCall, "principal" | "action" | "resource" | "context" | "entities"> {
  const { store, access } = target;
  const { identity, circumstances } = question;
  const requester = personOf(rules, identity, circumstances.attested);
  const principal =
    approver === undefined ? requester : personOf(rules, approver.identity, approver.attested);
  const resource = { type: "Access", id: `${store.name}:${access.name}` };
  const storeUid = { type: "Store", id: store.name };
  const people = principal.uid.id === requester.uid.id ? [principal] : [principal, requester];
  const context = contextOf(question, target, rules);
  return {
    principal: principal.uid,
    action: { type: "Action", id: action },
    resource,
    context: approver === undefined ? context : { ...context, requester: { __entity: requester.uid } },
    entities: [
      ...people,
      ...[...(catalog.rules?.groups.keys() ?? [])].map((id) => ({
        uid: { type: "Group", id },
        attrs: {},
        parents: [],
      })),
      {
        uid: storeUid,
        attrs: {
          classification: store.classification,
          dataCategories: [...store.dataCategories],
          ...(store.owner === undefined ? {} : { owner: store.owner }),
        },
        parents: [],
      },
      { uid: resource, attrs: { name: access.name, store: { __entity: storeUid } }, parents: [storeUid] },
    ],
  };
}

/** By userid, which AWS chooses: an ARN's session name is often the caller's own choice. */
function personOf(rules: CatalogRules, identity: Identity, attested: Circumstance): EngineEntity {
  const { arn, account, userid } = identity;
  const user = /^arn:[a-z-]+:iam::\d{12}:user\/(?:.*\/)?([^/]+)$/.exec(arn)?.[1];
  const role = /^arn:[a-z-]+:sts::\d{12}:assumed-role\/([^/]+)\/[^/]+$/.exec(arn)?.[1];
  return {
    uid: { type: "Person", id: userid },
    attrs: { arn, account, userid, ...(user && { user }), ...(role && { role }) },
    parents: groupsOf(rules, identity, attested).map((id) => ({ type: "Group", id })),
  };
}

function contextOf(question: AccessQuestion, { store, access }: Target, rules: CatalogRules): Values {
  const { justification, circumstances, duration, now } = question;
  const { attested, claimed } = circumstances;
  return {
    access: access.name,
    classification: store.classification,
    dataCategories: [...store.dataCategories],
    duration,
    maximumDuration: Math.min(store.maximumDuration, access.maximumDuration ?? store.maximumDuration),
    breakGlass: question.breakGlass === true,
    time: { __extn: { fn: "datetime", arg: now.toISOString() } },
    ...clockOf(now, rules.timeZone),
    attested: {
      ...common(attested),
      ...given("vpcEndpoint", attested["vpcEndpoint"]),
    },
    claimed: {
      purpose: justification.purpose,
      ...given("ticket", justification.ticket),
      ...given("host", claimed["host"]),
      ...common(claimed),
    },
  };
}

function common(of: Circumstance): Values {
  const { mfa, network } = of;
  const provider = of["ci.provider"];
  const address = network === undefined ? undefined : addressOf(network);
  return {
    ...(mfa === "true" || mfa === "false" ? { mfa: mfa === "true" } : {}),
    ...(address === undefined ? {} : { network: { __extn: { fn: "ip", arg: address } } }),
    ...(provider === undefined
      ? {}
      : {
          ci: {
            provider,
            ...given("repository", of["ci.repository"]),
            ...given("ref", of["ci.ref"]),
            ...given("environment", of["ci.environment"]),
          },
        }),
  };
}

function given(name: string, value: string | undefined): Values {
  return value === undefined ? {} : { [name]: value };
}

/** Cedar takes no IPv4 address in the clothes of IPv6, nor a zone. */
function addressOf(text: string): string | undefined {
  const plain = text.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, "");
  return isIP(plain) === 0 || plain.includes("%") ? undefined : plain;
}

const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/** The wall clock in a zone; `weekday` is `Mon` to `Sun`. */
function clockOf(now: Date, timeZone: string): Values {
  // The first use of Intl costs milliseconds.
  if (timeZone === "UTC")
    return { hour: now.getUTCHours(), minute: now.getUTCMinutes(), weekday: weekdays[now.getUTCDay()] ?? "" };
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    hour: "numeric",
    minute: "numeric",
    weekday: "short",
  }).formatToParts(now);
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? "";
  return { hour: Number(part("hour")), minute: Number(part("minute")), weekday: part("weekday") };
}
