import { JitError } from "../error.ts";
import { invalid, type Json, member, readJson } from "./json.ts";
import { parseConditions } from "./parse-conditions.ts";
import { accountNamed } from "./principals.ts";
import type { Policy, PolicyKind, Principals, Statement } from "./types.ts";
import { tokenize } from "./variables.ts";

/**
 * Reads a policy, by AWS's grammar and as strictly as AWS: what IAM would refuse, or would read otherwise
 * than it looks, is an error.
 *
 * @param json JSON text, in which no key may stand twice; or the parsed value
 * @throws JitError `POLICY_INVALID`, its message beginning with the JSON path
 */
export function parsePolicy(json: unknown, kind: PolicyKind): Policy {
  const top = object(typeof json === "string" ? readJson(json) : (json as Json), "$");
  only(top, ["Version", "Id", "Statement"], "$");
  const version = top["Version"] ?? "2008-10-17";
  if (version !== "2012-10-17" && version !== "2008-10-17") {
    throw invalid("$.Version", "neither 2012-10-17 nor 2008-10-17");
  }
  const id = top["Id"] === undefined ? undefined : string(top["Id"], "$.Id");
  const listed = top["Statement"];
  if (listed === undefined) throw invalid("$", "no Statement");
  const variables = version === "2012-10-17";
  const statements = Array.isArray(listed)
    ? listed.map((item: Json, index) => parseStatement(item, `$.Statement[${index}]`, kind, variables))
    : [parseStatement(listed, "$.Statement", kind, variables)];
  if (statements.length === 0) throw invalid("$.Statement", "no statements");
  const sids = new Set<string>();
  for (const { sid } of statements) {
    if (sid === undefined) continue;
    if (sids.has(sid)) throw invalid("$.Statement", `two statements with the Sid ${JSON.stringify(sid)}`);
    sids.add(sid);
  }
  return { version, id, statements };
}

const ELEMENTS = [
  "Sid",
  "Effect",
  "Principal",
  "NotPrincipal",
  "Action",
  "NotAction",
  "Resource",
  "NotResource",
  "Condition",
];

function parseStatement(json: Json, path: string, kind: PolicyKind, variables: boolean): Statement {
  const from = object(json, path);
  only(from, ELEMENTS, path);
  const effect = from["Effect"];
  if (effect !== "Allow" && effect !== "Deny") throw invalid(`${path}.Effect`, "neither Allow nor Deny");
  const principals = kind === "resource" || kind === "trust";
  choice(from, "Principal", path, principals ? "one" : "none");
  if (kind === "trust" && from["NotPrincipal"] !== undefined) {
    throw invalid(`${path}.NotPrincipal`, "has no place in a trust policy");
  }
  choice(from, "Action", path, "one");
  choice(from, "Resource", path, kind === "trust" ? "none" : "one");
  const values = (name: string, check: (value: string, at: string) => void) =>
    from[name] === undefined ? undefined : strings(from[name], `${path}.${name}`, check);
  const resource = (value: string, at: string) => checkResource(value, at, kind, variables);
  return {
    sid: parseSid(from["Sid"], `${path}.Sid`, kind),
    effect,
    principal: parsePrincipals(from["Principal"], `${path}.Principal`),
    notPrincipal: parsePrincipals(from["NotPrincipal"], `${path}.NotPrincipal`),
    actions: values("Action", checkAction),
    notActions: values("NotAction", checkAction),
    resources: values("Resource", resource),
    notResources: values("NotResource", resource),
    conditions:
      from["Condition"] === undefined
        ? []
        : parseConditions(from["Condition"], `${path}.Condition`, variables),
  };
}

/** An empty Sid is none, as templates often write it. Only resource policies may have other characters. */
function parseSid(json: Json | undefined, path: string, kind: PolicyKind): string | undefined {
  if (json === undefined) return undefined;
  const sid = string(json, path);
  if (kind !== "resource" && !/^[A-Za-z0-9]*$/.test(sid))
    throw invalid(path, "other characters than A-Z, a-z and 0-9");
  return sid === "" ? undefined : sid;
}

function parsePrincipals(json: Json | undefined, path: string): Principals | undefined {
  if (json === undefined) return undefined;
  if (json === "*") return { any: true };
  const from = object(json, path);
  only(from, ["AWS", "Service", "Federated", "CanonicalUser"], path);
  const types = Object.entries(from).map(
    ([type, value]) =>
      [type, strings(value, `${path}.${type}`, (name, at) => checkPrincipal(type, name, at))] as const,
  );
  if (types.length === 0) throw invalid(path, "names nobody");
  return { any: false, byType: Object.fromEntries(types) };
}

/** ARNs, account ids, and the unique ids that IAM leaves where a principal was deleted. No part may be a wildcard. */
function checkPrincipal(type: string, name: string, path: string): void {
  if (type === "AWS" && name === "*") return;
  if (name === "" || /[*?\s]/.test(name)) throw invalid(path, "a principal must be named in full");
  if (type !== "AWS" || accountNamed(name) !== undefined) return;
  if (/^A[A-Z]{3}[A-Z0-9]{12,124}$/.test(name)) return;
  if (!/^arn:[a-z0-9-]+:(?:iam|sts|cloudfront)::[a-z0-9]+:.+$/.test(name)) {
    throw invalid(path, "neither *, an account id nor the ARN of a principal");
  }
}

function checkAction(value: string, path: string): void {
  if (!/^(?:\*+|(?:\*|[A-Za-z0-9-]+):[A-Za-z0-9*?_-]+)$/.test(value)) {
    throw invalid(path, "neither * nor service:Action; only the action may have wildcards");
  }
}

function checkResource(value: string, path: string, kind: PolicyKind, variables: boolean): void {
  checkVariables(value, path, variables);
  if (kind !== "resource" && !/^(?:\*+$|arn:)/.test(value)) throw invalid(path, "neither * nor an ARN");
}

function checkVariables(value: string, path: string, variables: boolean): void {
  try {
    tokenize(value, { wildcards: true, variables });
  } catch (error) {
    if (error instanceof JitError)
      throw new JitError(error.code, `${path}: ${error.message}`, { hint: error.hint });
    throw error;
  }
}

/** Exactly one of an element and its Not-twin, or neither. */
function choice(
  from: Readonly<Record<string, Json>>,
  name: string,
  path: string,
  want: "one" | "none",
): void {
  const found = [name, `Not${name}`].filter((key) => from[key] !== undefined);
  if (want === "none" && found.length > 0)
    throw invalid(`${path}.${found[0]}`, "has no place in a policy of this kind");
  if (want === "one" && found.length === 0) throw invalid(path, `neither ${name} nor Not${name}`);
  if (found.length === 2) throw invalid(path, `both ${name} and Not${name}`);
}

function only(from: Readonly<Record<string, Json>>, known: readonly string[], path: string): void {
  const odd = Object.keys(from).find((key) => !known.includes(key));
  if (odd !== undefined) throw invalid(member(path, odd), `unknown element; known here: ${known.join(", ")}`);
}

/** One text or a list of at least one. */
function strings(json: Json, path: string, check: (value: string, at: string) => void): readonly string[] {
  const listed: readonly Json[] = Array.isArray(json) ? json : [json];
  if (listed.length === 0) throw invalid(path, "an empty list");
  return listed.map((item, index) => {
    const at = Array.isArray(json) ? `${path}[${index}]` : path;
    const value = string(item, at);
    check(value, at);
    return value;
  });
}

function string(json: Json, path: string): string {
  if (typeof json !== "string") throw invalid(path, "not a text");
  return json;
}

function object(json: Json, path: string): Readonly<Record<string, Json>> {
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw invalid(path, "not an object");
  return json as Readonly<Record<string, Json>>;
}
