import type { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { GetSigner } from "./sign-get.ts";

/** A request as the SDK has sent it, after it was signed. */
interface Sent {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface Reply {
  readonly statusCode?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

type Handler = (args: { request: unknown }) => Promise<{ response: Reply }>;
interface Stack {
  add(
    middleware: (next: Handler) => Handler,
    options: { step: "deserialize"; name: string; priority: "high" | "low" },
  ): void;
}

/** Where a bucket's objects lie, and as whom they are asked for: what one good GET of the SDK told. */
interface Place {
  readonly protocol: string;
  readonly hostname: string;
  readonly port: number | undefined;
  /** What stands before a key: `/`, or the bucket's name, too. */
  readonly before: string;
  readonly region: string;
  /** Headers that stay as they are, in the order of their names. */
  readonly headers: Readonly<Record<string, string>>;
}

/** By AWS's time, which the Date headers of its replies tell. */
export interface SigningClock {
  now(): Date;
  observe(date: string | undefined): void;
}

/** Where so many in turn were not answered, what is signed here does not suit the place. */
const mostFailures = 8;
/** Names of records, and of nothing that has a second spelling in a path. */
const plainKey =
  /^v1\/rec\/[0-9T]{11}\/[0-9A-Z-]+\/[A-Za-z0-9][A-Za-z0-9_+=,.@:-]*\/[A-Za-z0-9_-][A-Za-z0-9_.-]*$/;
const plainVersion = /^[A-Za-z0-9._~-]{1,1024}$/;
/** An object of a log is smaller: what is larger is left to the SDK. */
const largest = 1024 * 1024;

/**
 * Reads versions of records by GETs that are signed here (AWS Signature Version 4), where the SDK has read one before and so told
 * where the bucket is: it takes twice the time for each. Whatever is not answered as expected is left to the SDK, with its retries
 * and its words. Records are signed themselves, so that no checksum is asked for.
 */
export class PlainGets {
  readonly #s3: S3Client;
  readonly #clock: SigningClock;
  readonly #signer = new GetSigner();
  /** Of the last GETs in turn those that the SDK had to make good. */
  #failures = 0;
  #place: Place | undefined;

  constructor(s3: S3Client, clock: SigningClock) {
    this.#s3 = s3;
    this.#clock = clock;
  }

  /** Has a GET of the SDK tell where the bucket is. @param key what it reads */
  learn(command: GetObjectCommand, key: string): void {
    if (this.#place !== undefined || !plainKey.test(key)) return;
    (command.middlewareStack as unknown as Stack).add(
      (next) => async (args) => {
        const result = await next(args);
        if (result.response.statusCode === 200) this.#place ??= placeOf(args.request as Sent, key);
        return result;
      },
      { step: "deserialize", name: "jitPlace", priority: "low" },
    );
  }

  /** `undefined` where the SDK is to be asked. */
  async get(key: string, versionId: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const place = this.#failures < mostFailures ? this.#place : undefined;
    if (place === undefined || !plainKey.test(key) || !plainVersion.test(versionId)) return undefined;
    const bytes = await this.#ask(place, key, versionId, signal);
    this.#failures = bytes === undefined ? this.#failures + 1 : 0;
    return bytes;
  }

  async #ask(
    place: Place,
    key: string,
    versionId: string,
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined> {
    try {
      const credentials = await this.#s3.config.credentials();
      const path = place.before + encodePath(key);
      const { protocol, hostname, port } = place;
      const wanted = { region: place.region, path, query: `versionId=${versionId}`, headers: place.headers };
      const headers = this.#signer.sign(wanted, credentials, this.#clock.now());
      const request = {
        method: "GET",
        protocol,
        hostname,
        port,
        path,
        query: { versionId },
        headers,
        body: undefined,
      };
      const { response } = (await this.#s3.config.requestHandler.handle(request as never, {
        abortSignal: signal,
      })) as { response: Reply };
      this.#clock.observe(response.headers?.["date"]);
      const bytes = await bytesOf(response);
      return response.statusCode === 200 ? bytes : undefined;
    } catch {
      // The SDK meets it again, and says what it is.
      return undefined;
    }
  }
}

function placeOf({ method, protocol, hostname, port, path, headers }: Sent, key: string): Place | undefined {
  const encoded = encodePath(key);
  const scope = /^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/([a-z0-9-]+)\/s3\/aws4_request,/.exec(
    headers["authorization"] ?? "",
  );
  const region = scope?.[1];
  if (method !== "GET" || region === undefined || !path.endsWith(`/${encoded}`)) return undefined;
  const kept: Record<string, string> = {};
  for (const name of ["host", "user-agent", "x-amz-expected-bucket-owner"]) {
    const value = headers[name];
    if (value !== undefined) kept[name] = value;
  }
  const before = path.slice(0, -encoded.length);
  return { protocol, hostname, port, before, region, headers: kept };
}

function encodePath(key: string): string {
  return key.split("/").map(encodeURIComponent).join("/");
}

async function bytesOf({ body, headers }: Reply): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > largest) return undefined;
    chunks.push(chunk);
  }
  const told = headers?.["content-length"];
  return told === undefined || Number(told) === size ? Buffer.concat(chunks) : undefined;
}
