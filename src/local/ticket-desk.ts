import { lookup as lookupAddresses } from "node:dns/promises";
import { type IncomingMessage, request as overHttp, type RequestOptions } from "node:http";
import { request as overHttps } from "node:https";
import type { LookupFunction } from "node:net";
import { isLoopback } from "../access/endpoints.ts";
import { mayConnect } from "../access/ticket/addresses.ts";
import {
  invalidAnswer,
  maximumAnswer,
  parseTicketAnswer,
  type TicketAnswer,
  type TicketDesk,
} from "../access/ticket/check.ts";
import { hasSlot, ticketUrl } from "../access/ticket/url.ts";
import type { TicketCheck } from "../access/types.ts";
import { codeOf, JitError } from "../error.ts";

interface Address {
  readonly address: string;
  readonly family: number;
}

export interface TicketDeskOptions {
  /** Whether this machine itself may be asked, and by plain HTTP: in the sandbox. */
  readonly toLoopback: boolean;
  /** All addresses of a name. */
  readonly resolve?: (host: string) => Promise<readonly Address[]>;
}

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
 * Asks webhooks about tickets. A name is resolved once, each of its addresses is looked at, and the connection goes to those
 * very addresses, so that a second answer of DNS changes nothing. No proxy, no redirect, no kept connection.
 */
export function ticketDesk({ toLoopback, resolve = addressesOf }: TicketDeskOptions): TicketDesk {
  return {
    async ask(check, ticket) {
      const url = ticketUrl(check.url, ticket);
      if (url === undefined) {
        throw new JitError("TICKET_INVALID", "the ticket cannot stand in the URL of the ticket check");
      }
      if (url.protocol !== "https:" && !(toLoopback && isLoopback(url.hostname))) {
        throw refused("plain HTTP, which is for the sandbox alone");
      }
      const end = AbortSignal.timeout(check.timeout * 1000);
      try {
        const addresses = await within(end, resolve(url.hostname.replace(/^\[|\]$/g, "")));
        const { networks } = check;
        if (!addresses.every(({ address }) => mayConnect(address, { networks, toLoopback }))) {
          throw refused("at an address that is not of the internet, nor one that the catalog names");
        }
        const body = hasSlot(check.url) ? undefined : JSON.stringify({ v: 1, ticket });
        return await answerOf(await send(url, body, addresses, end));
      } catch (error) {
        return downOf(error, end, check);
      }
    },
  };
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
  url: URL,
  body: string | undefined,
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
    },
    agent: false,
    lookup: lookupIn(addresses),
    rejectUnauthorized: true,
    signal,
    maxHeaderSize: maximumAnswer,
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

async function answerOf(reply: IncomingMessage): Promise<TicketAnswer> {
  const status = reply.statusCode ?? 0;
  if (status === 200) return parseTicketAnswer(await bodyOf(reply));
  reply.destroy();
  if (status === 404 || status === 410) return { kind: "unknown" };
  if (status === 429 || status >= 500) return { kind: "down", why: `it answers ${status}` };
  if (status >= 300 && status < 400) throw invalidAnswer("answers with a redirect, which is not followed");
  throw invalidAnswer(`answers ${status}`);
}

async function bodyOf(reply: IncomingMessage): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop by a throw ends the connection.
  for await (const part of reply as AsyncIterable<Uint8Array>) {
    size += part.byteLength;
    if (size > maximumAnswer) throw invalidAnswer(`answers with more than ${maximumAnswer} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function downOf(error: unknown, end: AbortSignal, { timeout }: TicketCheck): TicketAnswer {
  if (error instanceof JitError) throw error;
  if (end.aborted) return { kind: "down", why: `it does not answer within ${timeout} s` };
  const code = codeOf(error) ?? "unknown";
  if (down.has(code)) return { kind: "down", why: `it cannot be reached (${code})` };
  throw invalidAnswer(`cannot be believed (${code})`, error);
}

function refused(what: string): JitError {
  return new JitError("TICKET_CHECK_REFUSED", `the ticket check of the catalog is ${what}`, {
    hint: "ask whoever keeps the catalog: justification.ticket.check.networks names private networks",
  });
}
