import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { AccessKey, KeyLookup } from "./service.ts";
import { refusal } from "./sigv4-errors.ts";

/**
 * AWS Signature Version 4, the verifying side.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html and, for S3,
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
 */

const ALGORITHM = "AWS4-HMAC-SHA256";
const SKEW_MS = 15 * 60_000;
const MAX_EXPIRES_S = 604_800;

/** What of an HTTP request is signed. */
export interface SignedRequest {
  readonly method: string;
  /** Path as sent, percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Lower-case names; repeated headers joined by a comma. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

/** What the request says about its signature, checked for form only. */
export interface Credential {
  readonly accessKeyId: string;
  /** `yyyymmdd` */
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly presigned: boolean;
  /** `yyyymmddThhmmssZ` */
  readonly timestamp: string;
}

/** A verified signature, with what is needed to verify the chunks of a streamed body. */
export interface Verified {
  readonly key: AccessKey;
  readonly credential: Credential;
  readonly signingKey: Uint8Array;
}

/** SHA-256 as lower-case hexadecimal. */
export function sha256Hex(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

export function hmac(key: string | Uint8Array, content: string): Buffer {
  return createHmac("sha256", key).update(content).digest();
}

/** The key that signs for one day, region and service. */
export function signingKey(secret: string, date: string, region: string, service: string): Buffer {
  return hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), service), "aws4_request");
}

/** RFC 3986 encoding: everything but unreserved characters. */
export function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Decodes a percent-encoded path; what is no valid encoding stays as it is. */
export function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function canonicalPath(path: string, service: string): string {
  // S3 signs each segment encoded once and unnormalized; the others sign the sent path encoded again.
  const once = path.split("/").map((segment) => encodeRfc3986(decodePath(segment)));
  if (service === "s3") return once.join("/");
  const normal: string[] = [];
  for (const segment of once) {
    if (segment === "..") normal.pop();
    else if (segment !== "." && segment !== "") normal.push(encodeRfc3986(segment));
  }
  const slash = path.length > 1 && path.endsWith("/") && normal.length > 0 ? "/" : "";
  return `/${normal.join("/")}${slash}`;
}

function canonicalQuery(query: URLSearchParams): string {
  const pairs = [...query]
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => [encodeRfc3986(name), encodeRfc3986(value)] as const);
  pairs.sort(([a, v], [b, w]) => (a < b ? -1 : a > b ? 1 : v < w ? -1 : v > w ? 1 : 0));
  return pairs.map(([name, value]) => `${name}=${value}`).join("&");
}

/** The canonical request that both sides hash. */
export function canonicalRequest(
  request: SignedRequest,
  service: string,
  signedHeaders: readonly string[],
  payloadHash: string,
): string {
  const headers = signedHeaders
    .map((name) => `${name}:${(request.headers.get(name) ?? "").trim().replace(/ +/g, " ")}\n`)
    .join("");
  return [
    request.method,
    canonicalPath(request.path, service),
    canonicalQuery(request.query),
    headers,
    signedHeaders.join(";"),
    payloadHash,
  ].join("\n");
}

/** The text that is signed. */
export function stringToSign(timestamp: string, scope: string, canonical: string): string {
  return [ALGORITHM, timestamp, scope, sha256Hex(canonical)].join("\n");
}

export function scopeOf(credential: Credential): string {
  return `${credential.date}/${credential.region}/${credential.service}/aws4_request`;
}

/** Compares two signatures in constant time. */
export function sameSignature(expected: string, given: string): boolean {
  const left = Buffer.from(expected);
  const right = Buffer.from(given);
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Milliseconds since the epoch of `yyyymmddThhmmssZ`; NaN where it has another form. */
export function parseTimestamp(text: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) return Number.NaN;
  const [, y, mo, d, h, mi, s] = match;
  return Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`);
}

/**
 * What the Authorization header or the X-Amz-… query says; `undefined` for an unsigned request.
 * @throws AwsError where it is incomplete
 */
export function readCredential(request: SignedRequest): Credential | undefined {
  const header = request.headers.get("authorization");
  if (request.query.has("X-Amz-Algorithm") || request.query.has("X-Amz-Credential")) {
    if (header !== undefined) throw refusal("twoMechanisms");
    return readQueryCredential(request.query);
  }
  if (header === undefined) return undefined;
  if (!header.startsWith(`${ALGORITHM} `)) throw refusal("mechanism");
  const parts = new Map<string, string>();
  for (const part of header.slice(ALGORITHM.length + 1).split(",")) {
    const at = part.indexOf("=");
    parts.set(part.slice(0, at).trim(), part.slice(at + 1).trim());
  }
  const scope = parts.get("Credential")?.split("/");
  const signedHeaders = parts.get("SignedHeaders")?.split(";");
  const signature = parts.get("Signature");
  if (scope === undefined || signedHeaders === undefined || signature === undefined) {
    throw refusal("headerMalformed");
  }
  const timestamp = request.headers.get("x-amz-date") ?? httpTimestamp(request.headers.get("date"));
  return fromScope(scope, { signedHeaders, signature, presigned: false, timestamp }, "headerMalformed");
}

function readQueryCredential(query: URLSearchParams): Credential {
  const scope = query.get("X-Amz-Credential")?.split("/");
  const signedHeaders = query.get("X-Amz-SignedHeaders")?.split(";");
  const signature = query.get("X-Amz-Signature");
  const timestamp = query.get("X-Amz-Date");
  const expires = Number(query.get("X-Amz-Expires") ?? Number.NaN);
  const complete =
    scope !== undefined && signedHeaders !== undefined && signature !== null && timestamp !== null;
  if (!complete || query.get("X-Amz-Algorithm") !== ALGORITHM) throw refusal("queryMalformed");
  const inRange = Number.isInteger(expires) && expires >= 0 && expires <= MAX_EXPIRES_S;
  // STS takes a presigned request without an expiry (15 minutes then); S3 insists on one.
  if (!inRange && (query.has("X-Amz-Expires") || scope.at(-2) === "s3")) throw refusal("queryMalformed");
  return fromScope(scope, { signedHeaders, signature, presigned: true, timestamp }, "queryMalformed");
}

function fromScope(
  scope: readonly string[],
  rest: Pick<Credential, "signedHeaders" | "signature" | "presigned" | "timestamp">,
  reason: "headerMalformed" | "queryMalformed",
): Credential {
  const [terminator, service, region, date, ...id] = [...scope].reverse();
  const accessKeyId = id.reverse().join("/");
  if (terminator !== "aws4_request" || !service || !region || !date || accessKeyId === "") {
    throw refusal(reason);
  }
  return { accessKeyId, date, region, service, ...rest };
}

/** `yyyymmddThhmmssZ` of an HTTP Date header; empty where there is none. */
function httpTimestamp(header: string | undefined): string {
  const time = Date.parse(header ?? "");
  return Number.isNaN(time) ? "" : new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, "");
}

/**
 * Verifies the signature of a request and that its credentials are valid now.
 *
 * The bytes of the body are covered as far as `x-amz-content-sha256` says: the caller must still compare them
 * with that hash, or with the chunk signatures (`decodeChunks`).
 * @throws AwsError with the code that the credential scope's service uses
 */
export function verifySignature(
  request: SignedRequest,
  credential: Credential,
  keys: KeyLookup,
  now: Date,
): Verified {
  const { service } = credential;
  checkTime(request, credential, now);
  const key = keys.lookupKey(credential.accessKeyId);
  if (key === undefined) throw refusal("unknownKey", service, { AWSAccessKeyId: credential.accessKeyId });
  if (service === "s3") checkS3Headers(request, credential);
  const hash = payloadHash(request, credential);
  const canonical = canonicalRequest(request, service, credential.signedHeaders, hash);
  const toSign = stringToSign(credential.timestamp, scopeOf(credential), canonical);
  const derived = signingKey(key.secretAccessKey, credential.date, credential.region, service);
  const covered =
    credential.signedHeaders.includes("host") && credential.timestamp.startsWith(credential.date);
  if (!covered || !sameSignature(hmac(derived, toSign).toString("hex"), credential.signature)) {
    throw refusal("signature", service, {
      AWSAccessKeyId: credential.accessKeyId,
      StringToSign: toSign,
      SignatureProvided: credential.signature,
      CanonicalRequest: canonical,
    });
  }
  checkToken(request, credential, key, now);
  return { key, credential, signingKey: derived };
}

function checkTime(request: SignedRequest, credential: Credential, now: Date): void {
  const signed = parseTimestamp(credential.timestamp);
  if (Number.isNaN(signed)) {
    throw refusal(credential.presigned ? "queryMalformed" : "noDate", credential.service);
  }
  const age = now.getTime() - signed;
  const times = { RequestTime: credential.timestamp, ServerTime: seconds(now) };
  if (!credential.presigned) {
    if (Math.abs(age) <= SKEW_MS) return;
    throw refusal("skew", credential.service, { ...times, MaxAllowedSkewMilliseconds: String(SKEW_MS) });
  }
  const expires = Number(request.query.get("X-Amz-Expires") ?? SKEW_MS / 1000);
  if (age < -SKEW_MS) throw refusal("notYet", credential.service, times);
  if (age > expires * 1000) {
    const detail = {
      "X-Amz-Expires": String(expires),
      Expires: seconds(new Date(signed + expires * 1000)),
      ServerTime: seconds(now),
    };
    throw refusal("requestExpired", credential.service, detail);
  }
}

function seconds(time: Date): string {
  return time.toISOString().replace(/\.\d{3}/, "");
}

function checkS3Headers(request: SignedRequest, credential: Credential): void {
  const hash = "x-amz-content-sha256";
  if (!credential.presigned && !request.headers.has(hash)) throw refusal("noContentHash");
  const signed = new Set(credential.signedHeaders);
  if (credential.presigned) signed.add(hash);
  const missing = [...request.headers.keys()].filter(
    (name) => name.startsWith("x-amz-") && !signed.has(name),
  );
  if (missing.length > 0) throw refusal("unsignedHeaders", "s3", { HeadersNotSigned: missing.join(", ") });
}

function payloadHash(request: SignedRequest, credential: Credential): string {
  if (credential.service !== "s3") return sha256Hex(request.body);
  const header = request.headers.get("x-amz-content-sha256");
  if (!credential.presigned) return header ?? "";
  return request.query.get("X-Amz-Content-Sha256") ?? header ?? "UNSIGNED-PAYLOAD";
}

function checkToken(request: SignedRequest, credential: Credential, key: AccessKey, now: Date): void {
  const sent = credential.presigned
    ? (request.query.get("X-Amz-Security-Token") ?? undefined)
    : request.headers.get("x-amz-security-token");
  if (key.sessionToken === undefined) {
    if (sent !== undefined) throw refusal("badToken", credential.service);
    return;
  }
  if (sent === undefined) {
    throw refusal("unknownKey", credential.service, { AWSAccessKeyId: credential.accessKeyId });
  }
  if (!sameSignature(key.sessionToken, sent)) throw refusal("badToken", credential.service);
  if (key.expiration !== undefined && key.expiration.getTime() <= now.getTime()) {
    throw refusal("expired", credential.service);
  }
}
