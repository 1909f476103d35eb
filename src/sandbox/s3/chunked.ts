import { AwsError } from "../service.ts";
import { hmac, sameSignature, scopeOf, sha256Hex, type Verified } from "../sigv4.ts";
import { refusal } from "../sigv4-errors.ts";

/**
 * Bodies in `aws-chunked` encoding, with and without chunk signatures and trailers.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */

export interface Decoded {
  readonly body: Uint8Array;
  /** Trailing headers, lower-case names. */
  readonly trailers: ReadonlyMap<string, string>;
}

const KINDS = new Set([
  "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
  "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
  "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
]);

/** Is this value of `x-amz-content-sha256` one of a chunked body? */
export function isChunked(contentHash: string | undefined): contentHash is string {
  return contentHash !== undefined && KINDS.has(contentHash);
}

function incomplete(): AwsError {
  return new AwsError("IncompleteBody", 400, "The request body terminated unexpectedly");
}

/** Reads a body chunk by chunk. Chunk signatures are checked where the kind has them. */
export function decodeChunks(
  body: Uint8Array,
  kind: string,
  headers: ReadonlyMap<string, string>,
  verified: Verified | undefined,
): Decoded {
  const expected = headers.get("x-amz-decoded-content-length");
  if (expected === undefined || !/^\d{1,15}$/.test(expected)) {
    throw new AwsError("MissingContentLength", 411, "You must provide the Content-Length HTTP header.");
  }
  const signed = kind.startsWith("STREAMING-AWS4");
  if (signed && verified === undefined) throw refusal("signature");
  const source = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const signer = signed && verified !== undefined ? new ChunkSigner(verified) : undefined;
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = source.indexOf("\r\n", at);
    const head = /^([0-9a-fA-F]{1,8})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(
      end < 0 ? "" : source.toString("latin1", at, end),
    );
    if (head?.[1] === undefined) throw incomplete();
    const size = Number.parseInt(head[1], 16);
    const chunk = source.subarray(end + 2, end + 2 + size);
    if (chunk.length !== size) throw incomplete();
    signer?.check(chunk, head[2]);
    at = end + 2 + size;
    if (size === 0) break;
    if (source.toString("latin1", at, at + 2) !== "\r\n") throw incomplete();
    at += 2;
    chunks.push(chunk);
  }
  const decoded = Buffer.concat(chunks);
  if (decoded.length !== Number(expected)) throw incomplete();
  const trailers = kind.endsWith("-TRAILER")
    ? readTrailers(source.toString("latin1", at), headers)
    : new Map();
  if (kind.endsWith("-TRAILER")) signer?.checkTrailers(trailers);
  trailers.delete("x-amz-trailer-signature");
  return { body: decoded, trailers };
}

function readTrailers(text: string, headers: ReadonlyMap<string, string>): Map<string, string> {
  const trailers = new Map<string, string>();
  for (const line of text.split("\r\n")) {
    if (line === "") continue;
    const at = line.indexOf(":");
    if (at < 1) throw malformedTrailer();
    trailers.set(line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim());
  }
  const announced = (headers.get("x-amz-trailer") ?? "").split(",").map((name) => name.trim().toLowerCase());
  for (const name of announced) if (name !== "" && !trailers.has(name)) throw malformedTrailer();
  for (const name of trailers.keys()) {
    if (name !== "x-amz-trailer-signature" && !announced.includes(name)) throw malformedTrailer();
  }
  return trailers;
}

function malformedTrailer(): AwsError {
  return new AwsError(
    "MalformedTrailerError",
    400,
    "The request contained trailing data that was not well-formed or did not conform to our published schema.",
  );
}

/** Each chunk's signature covers the one before it; the first covers the request's. */
class ChunkSigner {
  readonly #verified: Verified;
  #previous: string;

  constructor(verified: Verified) {
    this.#verified = verified;
    this.#previous = verified.credential.signature;
  }

  check(chunk: Uint8Array, given: string | undefined): void {
    this.#checkText("AWS4-HMAC-SHA256-PAYLOAD", `${sha256Hex("")}\n${sha256Hex(chunk)}`, given);
  }

  checkTrailers(trailers: ReadonlyMap<string, string>): void {
    const lines = [...trailers]
      .filter(([name]) => name !== "x-amz-trailer-signature")
      .map(([name, value]) => `${name}:${value}\n`)
      .join("");
    this.#checkText("AWS4-HMAC-SHA256-TRAILER", sha256Hex(lines), trailers.get("x-amz-trailer-signature"));
  }

  #checkText(algorithm: string, hashes: string, given: string | undefined): void {
    const { credential, signingKey } = this.#verified;
    const text = [algorithm, credential.timestamp, scopeOf(credential), this.#previous, hashes].join("\n");
    const expected = hmac(signingKey, text).toString("hex");
    if (given === undefined || !sameSignature(expected, given)) throw refusal("signature");
    this.#previous = expected;
  }
}
