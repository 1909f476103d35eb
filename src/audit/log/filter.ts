import { matches } from "../../access/rules/groups.ts";
import { shortName } from "../../access/short-name.ts";
import type { Identity } from "../../access/types.ts";
import type { AskedFacts } from "./asked.ts";
import type { NamedRequest } from "./names.ts";
import { mayBe, type Outcome } from "./outcome.ts";

/** Which requests are wanted; a list takes any of its members, what is left out takes all. */
export interface LogFilter {
  /**
   * Who asked: the last part of an ARN, an `aws:userid` or its session name, letter case aside, `*` for any characters; or a
   * pattern of ARNs, in which `*` stands for any characters but `/` and `:`.
   */
  readonly who?: string | undefined;
  readonly stores?: readonly string[] | undefined;
  /** `read`, or `customers:read`. */
  readonly accesses?: readonly string[] | undefined;
  readonly classifications?: readonly string[] | undefined;
  readonly outcomes?: readonly Outcome[] | undefined;
  /** Part of the ticket, letter case aside. */
  readonly ticket?: string | undefined;
  /** Part of reason, ticket or purpose, letter case aside. */
  readonly text?: string | undefined;
  /** Requests that broke the glass alone. */
  readonly breakGlass?: boolean | undefined;
}

/** Whether the texts must be read that a catalog keeps apart. */
export function needsTexts({ ticket, text }: LogFilter): boolean {
  return ticket !== undefined || text !== undefined;
}

/** Whether names leave it open that a request is wanted. They can say too much, never too little. */
export function mayMatchNames({ records }: NamedRequest, filter: LogFilter): boolean {
  const types = new Set(records.map(({ key }) => key.type));
  if (filter.outcomes !== undefined && !mayBe(filter.outcomes, types)) return false;
  const { who } = filter;
  if (who === undefined || who.startsWith("arn:")) return true;
  const requests = records.filter(({ key }) => key.type === "request");
  // The ARN of a session ends in the session's name; that of a user does not stand in the name.
  return requests.some(({ key }) => !key.userid.includes(":") || fitsUserid(who, key.userid));
}

/** Whether what was asked is wanted; the outcome is not looked at. */
export function matchesAsked({ by, ...asked }: AskedFacts, filter: LogFilter): boolean {
  const { who, stores, accesses, classifications, ticket, text, breakGlass } = filter;
  const names = asked.targets.map((target) => target.split(":"));
  return (
    (who === undefined || fitsWho(who, by)) &&
    (stores === undefined || names.some(([store = ""]) => stores.includes(store))) &&
    (accesses === undefined ||
      asked.targets.some((target) => accesses.includes(target)) ||
      names.some(([, access = ""]) => accesses.includes(access))) &&
    (classifications === undefined ||
      asked.stores.some(({ classification }) => classifications.includes(classification))) &&
    (ticket === undefined || holds(asked.texts.ticket, ticket)) &&
    (text === undefined ||
      [asked.texts.reason, asked.texts.ticket, asked.purpose].some((one) => holds(one, text))) &&
    (breakGlass !== true || asked.breakGlass)
  );
}

function fitsWho(who: string, by: Identity): boolean {
  if (who.startsWith("arn:")) return matches(who, by.arn);
  return fitsUserid(who, by.userid) || fits(who, shortName(by.arn));
}

function fitsUserid(who: string, userid: string): boolean {
  const name = userid.slice(userid.indexOf(":") + 1);
  return who.toLowerCase() === userid.toLowerCase() || fits(who, name);
}

function fits(pattern: string, name: string): boolean {
  return matches(pattern.toLowerCase(), name.toLowerCase());
}

function holds(text: string | undefined, part: string): boolean {
  return text?.toLowerCase().includes(part.toLowerCase()) ?? false;
}
