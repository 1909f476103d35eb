import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Random } from "../audit/ports.ts";
import { codeOf, JitError } from "../error.ts";
import type { Endpoint } from "./child-environment.ts";
import { wholeSeconds } from "./process-output.ts";
import { type Credentials, Secret } from "./types.ts";

export interface ContainerEndpoint extends Endpoint {
  /** Stops at once: open connections are cut. */
  close(): Promise<void>;
}

/**
 * A container credentials endpoint on loopback, as SDKs fetch from it by AWS_CONTAINER_CREDENTIALS_FULL_URI.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 *
 * Other users of the machine, and web pages by DNS rebinding, can reach the port: so the path and the token are
 * random, the token is compared in constant time, and the Host header must be our own address.
 *
 * @param current what to hand out; asked at every fetch, and once before all: SDKs wait a second and no longer, and what
 *   cannot be had at all should fail before a command starts
 * @throws JitError `ENDPOINT_FAILED` where no port can be had; what `current` throws at the first time
 */
export async function startContainerEndpoint(
  random: Random,
  current: () => Promise<Credentials>,
): Promise<ContainerEndpoint> {
  await current();
  const path = `/${Buffer.from(random.bytes(16)).toString("base64url")}`;
  const authorization = `Bearer ${Buffer.from(random.bytes(32)).toString("base64url")}`;
  const server = createServer({ requestTimeout: 10_000 }, (request, response) => {
    const refusal = refuse(request, host, path, authorization);
    if (refusal !== undefined)
      return reply(response, refusal.status, refusal.headers, { code: refusal.code });
    current().then(
      (credentials) => reply(response, 200, {}, bodyOf(credentials)),
      (error: unknown) => reply(response, 503, {}, { code: codeOf(error) ?? "INTERNAL" }),
    );
  });
  let host = "";
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(new JitError("ENDPOINT_FAILED", "no port on loopback for the credentials endpoint", { cause })),
    );
    server.listen(0, "127.0.0.1", () => {
      host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
      resolve();
    });
  });
  return {
    uri: `http://${host}${path}`,
    authorization: new Secret(authorization),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
}

function refuse(
  request: IncomingMessage,
  host: string,
  path: string,
  authorization: string,
): Refusal | undefined {
  if (request.headers.host !== host) return { status: 421, code: "WRONG_HOST", headers: {} };
  if (request.url !== path) return { status: 404, code: "NOT_FOUND", headers: {} };
  if (!isSame(request.headers.authorization ?? "", authorization)) {
    return { status: 401, code: "UNAUTHORIZED", headers: { "WWW-Authenticate": "Bearer" } };
  }
  if (request.method !== "GET") return { status: 405, code: "METHOD", headers: { Allow: "GET" } };
  return undefined;
}

/** Takes the same time wherever the texts differ; their length is no secret. */
function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function bodyOf({ accessKeyId, secretAccessKey, sessionToken, expiration }: Credentials) {
  return {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey.reveal(),
    Token: sessionToken.reveal(),
    Expiration: wholeSeconds(expiration),
  };
}

function reply(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: Readonly<Record<string, string>>,
): void {
  response
    .writeHead(status, {
      ...headers,
      "Content-Type": "application/json",
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
    })
    .end(JSON.stringify(body));
}
