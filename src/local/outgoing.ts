import { lookup as lookupAddresses } from "node:dns/promises";
import { type IncomingMessage, request as overHttp, type RequestOptions } from "node:http";
import { request as overHttps } from "node:https";
import type { LookupFunction } from "node:net";
import { isLoopback } from "../access/endpoints.ts";
import { mayConnect } from "../access/webhook/addresses.ts";
import { codeOf } from "../error.ts";

interface Address {
  readonly address: string;
  readonly family: number;
}

export interface OutgoingOptions {
  /** Whether this machine itself may be asked, and by plain HTTP: in the sandbox. */
  readonly toLoopback: boolean;
  /** All addresses of a name. */
  readonly resolve?: (host: string) => Promise<readonly Address[]>;
}

/** One call of a webhook that the signed catalog names. */
export interface Call {
  readonly url: URL;
  /** Sent by POST as JSON; left out: GET. */
  readonly body?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** CIDR blocks of private addresses where it may be. */
  readonly networks: readonly string[];
  /** Seconds in all. */
  readonly timeout: number;
  /** Bytes that an answer of status 200 may have; 0: none is read, as of any other answer. */
  readonly maximumAnswer: number;
}

/** What became of it; `why` and `what` are our own words. */
export type Reply =
  | { readonly kind: "answered"; readonly status: number; readonly body: Uint8Array }
  /** Nothing was sent: it stands where nothing may be sent to. `what`: the webhook `is …`. */
  | { readonly kind: "forbidden"; readonly what: string }
  /** What the network may do to anybody. */
  | { readonly kind: "down"; readonly why: string }
  /** TLS that cannot be verified, a body too large: something is wrong there. `what`: the webhook `…`. */
  | { readonly kind: "wrong"; readonly what: string; readonly cause?: unknown };

/** What the network may do to anybody; any other failure (TLS above all) means that something is wrong there. */
const down: ReadonlySet<string> = new Set(
  ["ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH"].concat([
    "EHOSTDOWN",
    "ENETDOWN",
    "ENOTFOUND",
    "EAI_AGAIN",
    "ENODATA",
    "EAI_NODATA",
    "ABORT_ERR",
  ]),
);

/**
 * Calls a webhook once. A name is resolved once, each of its addresses is looked at, and the connection goes to those
 * very addresses, so that a second answer of DNS changes nothing. No proxy, no redirect, no kept connection.
 */
export async function callOut(
  { url, body, headers = {}, networks, timeout, maximumAnswer }: Call,
  { toLoopback, resolve = addressesOf }: OutgoingOptions,
): Promise<Reply> {
  if (url.protocol !== "https:" && !(toLoopback && isLoopback(url.hostname))) {
    return { kind: "forbidden", what: "is plain HTTP, which is for the sandbox alone" };
  }
  const end = AbortSignal.timeout(timeout * 1000);
  try {
    const addresses = await within(end, resolve(url.hostname.replace(/^\[|\]$/g, "")));
    if (!addresses.every(({ address }) => mayConnect(address, { networks, toLoopback }))) {
      const what = "is at an address that is not of the internet, nor one that the catalog names";
      return { kind: "forbidden", what };
    }
    const reply = await send({ url, body, headers, maximumAnswer }, addresses, end);
    const status = reply.statusCode ?? 0;
    const read = status === 200 && maximumAnswer > 0 ? await bodyOf(reply, maximumAnswer) : new Uint8Array();
    reply.destroy();
    return read === undefined
      ? { kind: "wrong", what: `answers with more than ${maximumAnswer} bytes` }
      : { kind: "answered", status, body: read };
  } catch (error) {
    if (end.aborted) return { kind: "down", why: `it does not answer within ${timeout} s` };
    const code = codeOf(error) ?? "unknown";
    if (down.has(code)) return { kind: "down", why: `it cannot be reached (${code})` };
    return { kind: "wrong", what: `cannot be believed (${code})`, cause: error };
  }
}

async function addressesOf(host: string): Promise<readonly Address[]> {
  return await lookupAddresses(host, { all: true });
}

/** The system's resolver cannot be interrupted, so it is left behind. */
async function within<T>(end: AbortSignal, work: Promise<T>): Promise<T> {
  return await new Promise((done, failed) => {
    end.addEventListener("abort", () => failed(end.reason), { once: true });
    work.then(done, failed);
  });
}

async function send(
  { url, body, headers, maximumAnswer }: Pick<Required<Call>, "url" | "body" | "headers" | "maximumAnswer">,
  addresses: readonly Address[],
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const options: RequestOptions & { readonly rejectUnauthorized: true } = {
    method: body === undefined ? "GET" : "POST",
    headers: {
      accept: "application/json",
      "accept-encoding": "identity",
      "user-agent": "jit",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    agent: false,
    lookup: lookupIn(addresses),
    rejectUnauthorized: true,
    signal,
    maxHeaderSize: Math.max(maximumAnswer, 16_384),
  };
  return await new Promise((done, failed) => {
    const request = (url.protocol === "https:" ? overHttps : overHttp)(url, options, done);
    request.on("error", failed);
    request.end(body);
  });
}

function lookupIn(addresses: readonly Address[]): LookupFunction {
  return (_host, { all }, callback) => {
    const [first] = addresses;
    if (first === undefined) callback(Object.assign(new Error("no address"), { code: "ENOTFOUND" }), "");
    else if (all === true) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
  };
}

/** `undefined` where there is more than `most`. */
async function bodyOf(reply: IncomingMessage, most: number): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop ends the connection.
  for await (const part of reply as AsyncIterable<Uint8Array>) {
    size += part.byteLength;
    if (size > most) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}
