import type { ContextValue } from "../../policy/types.ts";
import type { WorldAuthorizer } from "../authorize.ts";
import { AwsError, type Call } from "../service.ts";
import { checkTags } from "../sts/input.ts";
import type { Account, Entity, World } from "../world.ts";
import { checkRange, checkText, type Parameters, type Xml } from "./query.ts";

/** One IAM call: the caller's account, its parameters, and the question whether it may. */
export interface Scope {
  readonly world: World;
  readonly call: Call;
  readonly account: Account;
  readonly input: Parameters;
  /** ISO 8601. */
  readonly now: string;
  /** Throws `AccessDenied` where the caller may not. */
  demand(action: string, resource: string, context?: Readonly<Record<string, ContextValue>>): void;
  /** As `demand`, with the tags of the entity that the action is about. */
  demandOn(action: string, entity: Entity, context?: Readonly<Record<string, ContextValue>>): void;
}

export interface Action {
  readonly readOnly: boolean;
  run(scope: Scope): Xml | undefined;
}

export type Actions = Readonly<Record<string, Action>>;

export function reads(run: Action["run"]): Action {
  return { readOnly: true, run };
}

export function writes(run: Action["run"]): Action {
  return { readOnly: false, run };
}

export function scopeOf(world: World, authorizer: WorldAuthorizer, call: Call, input: Parameters): Scope {
  const account = world.accounts.get(call.caller?.principal.account ?? "");
  if (account === undefined) {
    throw new AwsError("MissingAuthenticationToken", 403, "Request is missing Authentication Token");
  }
  const demand: Scope["demand"] = (action, resource, context = {}) => {
    authorizer.demand(call, action, resource, context);
  };
  return {
    world,
    call,
    account,
    input,
    now: call.now.toISOString(),
    demand,
    demandOn(action, entity, context = {}) {
      const tags = Object.entries(entity.tags).flatMap(([key, value]) => [
        [`aws:ResourceTag/${key}`, value],
        [`iam:ResourceTag/${key}`, value],
      ]);
      demand(action, entity.arn, { ...Object.fromEntries(tags), ...context });
    },
  };
}

/** A role's, user's or policy's name. */
export function readName(input: Parameters, parameter: string): string {
  const max = parameter === "PolicyName" ? 128 : 64;
  return checkText(input.required(parameter), parameter, { max, pattern: /^[\w+=,.@-]+$/ });
}

/** `/`, or `/a/b/`. */
export function readPath(input: Parameters): string {
  const path = input.get("Path") ?? "/";
  if (/^\/(?:[\x21-\x7e]+\/)?$/.test(path) && path.length <= 512) return path;
  const text = `The specified value for path is invalid. It must begin and end with /: ${path}`;
  throw new AwsError("ValidationError", 400, text);
}

export function readEntityTags(input: Parameters): Record<string, string> {
  const entries = input.structures("Tags", ["Key", "Value"]);
  if (entries.length > 50) {
    throw new AwsError("LimitExceeded", 409, "The number of tags has reached the maximum limit.");
  }
  try {
    return checkTags(entries.map(({ Key, Value }) => [Key ?? "", Value ?? ""] as const));
  } catch (error) {
    // IAM has another name than STS for the same mistake.
    if (error instanceof AwsError && error.code === "InvalidParameterValue") {
      throw new AwsError("InvalidInput", 400, error.message);
    }
    throw error;
  }
}

export function tagRequest(tags: Readonly<Record<string, string>>): Record<string, ContextValue> {
  const keys = Object.keys(tags);
  if (keys.length === 0) return {};
  return {
    "aws:TagKeys": keys,
    ...Object.fromEntries(keys.map((key) => [`aws:RequestTag/${key}`, tags[key] ?? ""])),
  };
}

/** One page of a list, with `IsTruncated` and `Marker`: 100 elements, or as many as `MaxItems` says. */
export function page<Item>(
  input: Parameters,
  items: readonly Item[],
): { readonly items: readonly Item[]; readonly end: { readonly [name: string]: Xml | undefined } } {
  const size = checkRange(input.integer("MaxItems") ?? 100, "MaxItems", 1, 1_000);
  const marker = input.get("Marker");
  const start = marker === undefined ? 0 : Number(Buffer.from(marker, "base64url").toString());
  if (!Number.isInteger(start) || start < 0 || (marker !== undefined && start === 0)) {
    throw new AwsError("ValidationError", 400, "Invalid Marker.");
  }
  const more = start + size < items.length;
  return {
    items: items.slice(start, start + size),
    end: {
      IsTruncated: more,
      Marker: more ? Buffer.from(String(start + size)).toString("base64url") : undefined,
    },
  };
}

/** Policies stand URL-encoded in replies (RFC 3986). */
export function encodeDocument(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
