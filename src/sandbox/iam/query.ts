import { AwsError, type Call, type Reply } from "../service.ts";
import { escapeXml } from "../xml.ts";

/**
 * The AWS query protocol, which STS and IAM speak: a form body in, XML out.
 * Source: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
 */

/** Parameters of one call. Lists are `Name.member.1`, structures `Name.member.1.Key`. */
export class Parameters {
  readonly #values: URLSearchParams;

  constructor(values: URLSearchParams) {
    this.#values = values;
  }

  get(name: string): string | undefined {
    return this.#values.get(name) ?? undefined;
  }

  entries(): Iterable<[string, string]> {
    return this.#values.entries();
  }

  /** The value of a parameter that the call must have. Throws `ValidationError`. */
  required(name: string): string {
    const value = this.get(name);
    if (value === undefined) throw validation(undefined, name, "Member must not be null");
    return value;
  }

  /** Throws `MalformedInput` where it is not a number, as AWS's parser does. */
  integer(name: string): number | undefined {
    const value = this.get(name);
    if (value === undefined) return undefined;
    if (!/^-?\d{1,15}$/.test(value)) {
      throw new AwsError("MalformedInput", 400, "Invalid input: could not parse an integer");
    }
    return Number(value);
  }

  /** The elements of a list of strings, in order. */
  list(name: string): string[] {
    const values: string[] = [];
    for (let index = 1; ; index++) {
      const value = this.get(`${name}.member.${index}`);
      if (value === undefined) return values;
      values.push(value);
    }
  }

  /** A list of structures: the given fields of each, an absent field as `undefined`. */
  structures<Field extends string>(
    name: string,
    fields: readonly Field[],
  ): Record<Field, string | undefined>[] {
    const found: Record<Field, string | undefined>[] = [];
    for (let index = 1; ; index++) {
      const entries = fields.map((field) => [field, this.get(`${name}.member.${index}.${field}`)] as const);
      if (entries.every(([, value]) => value === undefined)) return found;
      found.push(Object.fromEntries(entries) as Record<Field, string | undefined>);
    }
  }
}

/** The parameters of a query call: the form in the body, else the query string. */
export function readParameters(call: Call): Parameters {
  return new Parameters(
    call.body.length > 0 ? new URLSearchParams(new TextDecoder().decode(call.body)) : call.query,
  );
}

/** What a reply holds: elements in order; arrays become `<member>`, `undefined` is left out. */
export type Xml =
  | string
  | number
  | boolean
  | Date
  | readonly Xml[]
  | { readonly [name: string]: Xml | undefined };

/** `<ActionResponse>` with its result and the request id; IAM's empty replies have no result element. */
export function queryReply(call: Call, namespace: string, action: string, result: Xml | undefined): Reply {
  const body =
    `<${action}Response xmlns="${namespace}">` +
    (result === undefined ? "" : element(`${action}Result`, result)) +
    element("ResponseMetadata", { RequestId: call.requestId }) +
    `</${action}Response>`;
  return { status: 200, headers: replyHeaders(call), body };
}

/** `ValidationError` in AWS's words; `value` undefined prints as null. */
export function validation(value: string | undefined, name: string, constraint: string): AwsError {
  const shown = value === undefined ? "null" : `'${value}'`;
  const member = name.charAt(0).toLowerCase() + name.slice(1);
  const text = `Value ${shown} at '${member}' failed to satisfy constraint: ${constraint}`;
  return new AwsError("ValidationError", 400, `1 validation error detected: ${text}`);
}

/** Throws `ValidationError` where the text is outside of its length or alphabet. */
export function checkText(
  value: string,
  name: string,
  rule: { readonly min?: number; readonly max: number; readonly pattern?: RegExp },
): string {
  const min = rule.min ?? 1;
  if (value.length < min) {
    throw validation(value, name, `Member must have length greater than or equal to ${min}`);
  }
  if (value.length > rule.max) {
    throw validation(value, name, `Member must have length less than or equal to ${rule.max}`);
  }
  if (rule.pattern !== undefined && !rule.pattern.test(value)) {
    const shown = rule.pattern.source.replace(/^\^/, "").replace(/\$$/, "");
    throw validation(value, name, `Member must satisfy regular expression pattern: ${shown}`);
  }
  return value;
}

/** Throws `ValidationError` where the number is out of range. */
export function checkRange(value: number, name: string, min: number, max: number): number {
  if (value < min) {
    throw validation(String(value), name, `Member must have value greater than or equal to ${min}`);
  }
  if (value > max) {
    throw validation(String(value), name, `Member must have value less than or equal to ${max}`);
  }
  return value;
}

/** AWS's ISO 8601: whole seconds, UTC. */
export function isoSeconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

function element(name: string, value: Xml): string {
  return `<${name}>${content(value)}</${name}>`;
}

function content(value: Xml): string {
  if (typeof value === "string") return escapeXml(value);
  if (value instanceof Date) return isoSeconds(value);
  if (Array.isArray(value)) return value.map((item: Xml) => element("member", item)).join("");
  if (typeof value === "object") {
    return Object.entries(value)
      .map(([name, child]) => (child === undefined ? "" : element(name, child as Xml)))
      .join("");
  }
  return String(value);
}

function replyHeaders(call: Call): Record<string, string> {
  return { "content-type": "text/xml", "x-amzn-requestid": call.requestId };
}
