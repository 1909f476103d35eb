import type { IncomingMessage } from "node:http";
import type { Protocol } from "./reply.ts";
import { operationOf, targetOf } from "./s3/route.ts";
import { AwsError } from "./service.ts";
import type { Credential, SignedRequest } from "./sigv4.ts";

/** From HTTP to what is asked: the request's parts, its service, protocol, action and resource. */

const MAX_BODY = 256 * 1024 * 1024;

/** Reads a whole request. @throws AwsError EntityTooLarge */
export async function readRequest(incoming: IncomingMessage): Promise<SignedRequest> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    size += chunk.length;
    if (size <= MAX_BODY) chunks.push(chunk);
  }
  if (size > MAX_BODY) {
    throw new AwsError("EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size");
  }
  const headers = new Map<string, string>();
  for (let at = 0; at + 1 < incoming.rawHeaders.length; at += 2) {
    const name = (incoming.rawHeaders[at] ?? "").toLowerCase();
    // Node gives header bytes as Latin-1; clients send UTF-8 in x-amz-meta-… and sign those bytes.
    const value = Buffer.from(incoming.rawHeaders[at + 1] ?? "", "latin1").toString();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  const url = (incoming.url ?? "/").replace(/^https?:\/\/[^/?]*/, "");
  const mark = url.indexOf("?");
  return {
    method: incoming.method ?? "GET",
    path: mark < 0 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1)),
    headers,
    body: Buffer.concat(chunks),
  };
}

/** What the request asks for, before any signature is checked. */
export interface Asked {
  readonly service: string;
  readonly protocol: Protocol;
  /** API name; empty where it cannot be told. */
  readonly action: string;
  /** `bucket/key`, a role's ARN or a name; empty where there is none. */
  readonly resource: string;
}

const VERSIONS: Readonly<Record<string, string>> = { "2011-06-15": "sts", "2010-05-08": "iam" };
const RESOURCES = ["RoleArn", "RoleName", "UserName", "PolicyArn"];

export function whatIsAsked(request: SignedRequest, credential: Credential | undefined): Asked {
  const target = request.headers.get("x-amz-target");
  if (target !== undefined && credential?.service !== "s3") {
    const service = credential?.service ?? unsignedService(target);
    return { service, protocol: "json", action: target.slice(target.lastIndexOf(".") + 1), resource: "" };
  }
  const form = formOf(request);
  const action = form.get("Action");
  const service = credential?.service ?? VERSIONS[form.get("Version") ?? ""];
  if (service !== undefined && service !== "s3") {
    const name = RESOURCES.find((each) => form.has(each)) ?? "";
    return { service, protocol: "query", action: action ?? "", resource: form.get(name) ?? "" };
  }
  return { service: "s3", protocol: "s3", ...askedOfS3(request) };
}

function unsignedService(target: string): string {
  if (target.startsWith("TrentService.")) return "kms";
  return /cloudtrail/i.test(target) ? "cloudtrail" : "unknown";
}

function askedOfS3(request: SignedRequest): Pick<Asked, "action" | "resource"> {
  try {
    const target = targetOf(request);
    const resource = target.key === undefined ? (target.bucket ?? "") : `${target.bucket}/${target.key}`;
    return { action: operationOf(request, target), resource };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { action: "", resource: request.path };
  }
}

function formOf(request: SignedRequest): URLSearchParams {
  const type = request.headers.get("content-type") ?? "";
  if (request.method !== "POST" || !type.startsWith("application/x-www-form-urlencoded"))
    return request.query;
  return new URLSearchParams(Buffer.from(request.body).toString());
}
