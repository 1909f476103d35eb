import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { CallLog, type CallRecord } from "./calls.ts";
import { type Control, controlReply } from "./control.ts";
import { codeOfStatus, type FaultPlan, Faults } from "./faults.ts";
import { awsErrorOf, errorReply, type Protocol, type RequestIds } from "./reply.ts";
import { type Asked, readRequest, whatIsAsked } from "./request.ts";
import { decodeChunks, isChunked } from "./s3/chunked.ts";
import { AwsError, type Call, type KeyLookup, type Reply, type Services, type WellKnown } from "./service.ts";
import { type Credential, readCredential, type SignedRequest, sha256Hex, verifySignature } from "./sigv4.ts";
import { refusal } from "./sigv4-errors.ts";

/** The sandbox's one endpoint: HTTP on loopback, signatures, faults, and the way to the services. */

export interface SandboxOptions {
  /** Default: a free one. */
  readonly port?: number;
  readonly now: () => Date;
  readonly random: (size: number) => Uint8Array;
  readonly keys: KeyLookup;
  readonly services: Services;
  readonly wellKnown?: WellKnown;
  /** Changes an object behind S3's back; `false` where there is none. */
  readonly tamper?: (bucket: string, key: string, remove: boolean) => boolean;
  /** Has CloudTrail write its files; answers with their names. */
  readonly deliver?: (now: Date) => readonly string[];
}

/** A running sandbox. */
export interface RunningSandbox {
  /** `http://127.0.0.1:4566` */
  readonly url: string;
  readonly port: number;
  readonly faults: Faults;
  /** Goes into `x-sandbox-token` of requests to `/_sandbox/…`. */
  readonly controlToken: string;
  /** Every call so far, in the order of arrival. */
  calls(): readonly CallRecord[];
  clearCalls(): void;
  /** Moves the sandbox's clock. */
  advanceClock(seconds: number): void;
  /** The sandbox's time. */
  now(): Date;
  /** Ends every connection. */
  close(): Promise<void>;
}

const HOST = "127.0.0.1";

/** Starts the endpoint on loopback. @throws the listen error, e.g. `EADDRINUSE` */
export async function startSandbox(options: SandboxOptions): Promise<RunningSandbox> {
  const endpoint = new Endpoint(options);
  const server = createServer((incoming, outgoing) => {
    // What fails here is a bug of the sandbox or a client that has gone: neither may end the process.
    endpoint.serve(incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  server.keepAliveTimeout = 60_000;
  await listen(server, options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${HOST}:${port}`,
    port,
    faults: endpoint.faults,
    controlToken: endpoint.token,
    calls: () => endpoint.log.records,
    clearCalls: () => endpoint.log.clear(),
    advanceClock: (seconds) => endpoint.advanceClock(seconds),
    now: () => endpoint.now(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, HOST, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

class Endpoint implements Control {
  readonly faults = new Faults();
  readonly log = new CallLog();
  readonly token: string;
  readonly #options: SandboxOptions;
  #offsetMs = 0;

  constructor(options: SandboxOptions) {
    this.#options = options;
    this.token = this.#randomHex(24);
  }

  now(): Date {
    return new Date(this.#options.now().getTime() + this.#offsetMs);
  }

  tamper(bucket: string, key: string, remove: boolean): boolean {
    return this.#options.tamper?.(bucket, key, remove) ?? false;
  }

  deliver(): readonly string[] {
    return this.#options.deliver?.(this.now()) ?? [];
  }

  advanceClock(seconds: number): void {
    this.#offsetMs += seconds * 1000;
  }

  /** Answers one request. */
  async serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const started = performance.now();
    let request: SignedRequest;
    try {
      request = await readRequest(incoming);
    } catch (failure) {
      if (!(failure instanceof AwsError)) return; // the client went away in the middle of its request
      return this.#send(outgoing, errorReply(failure, "s3", "s3", this.#ids("s3")), incoming.method, "s3", 0);
    }
    if (request.path.startsWith("/_sandbox/")) {
      return this.#send(outgoing, controlReply(this, request), request.method, "json", 0);
    }
    const signature = attempt(() => readCredential(request));
    const credential = signature.value;
    const asked = whatIsAsked(request, credential);
    const accessKeyId = credential?.accessKeyId;
    const record = this.log.start({ ...asked, accessKeyId, start: started });
    const plan = this.faults.plan({ ...asked, accessKeyId });
    if (plan.latencyMs > 0) await sleep(plan.latencyMs);
    const ids = this.#ids(asked.service);
    const answer = await this.#answer(request, incoming, asked, signature, ids, plan);
    if (plan.ending?.kind !== "hang") record.end = performance.now();
    record.status = answer.reply?.status;
    record.code = answer.code;
    if (answer.reply !== undefined) {
      const headers = { ...idHeaders(asked.protocol, ids), ...answer.reply.headers };
      const reply = { ...answer.reply, headers };
      return this.#send(outgoing, reply, request.method, asked.protocol, plan.dateOffsetSeconds);
    }
    if (plan.ending?.kind !== "hang") incoming.socket.destroy();
  }

  /** The reply, or none where a fault takes it away. */
  async #answer(
    request: SignedRequest,
    incoming: IncomingMessage,
    asked: Asked,
    signature: Attempt<Credential | undefined>,
    ids: RequestIds,
    { ending }: FaultPlan,
  ): Promise<{ reply?: Reply; code?: string }> {
    if (ending?.kind === "dropBefore" || ending?.kind === "hang") return {};
    try {
      if (ending?.kind === "expiredToken") throw refusal("expired", asked.service);
      if (ending?.kind === "status") {
        const code = ending.code ?? codeOfStatus(asked.service, ending.status);
        throw new AwsError(code, ending.status, "The sandbox was told to fail");
      }
      // Identity tokens are asked for with a bearer, which is no AWS signature.
      if (
        signature.value === undefined &&
        request.method === "GET" &&
        request.path.includes("/.well-known/")
      ) {
        const page = this.#options.wellKnown?.(this.#unsigned(request, incoming, ids.requestId));
        if (page !== undefined) return { reply: page };
      }
      if (signature.failure !== undefined) throw signature.failure;
      const call = this.#authenticate(request, incoming, signature.value, ids.requestId);
      const reply = await this.#dispatch(call, asked);
      return ending?.kind === "lostReply" ? {} : { reply };
    } catch (failure) {
      if (ending?.kind === "lostReply") return {};
      const error = awsErrorOf(failure, asked.protocol);
      return { reply: errorReply(error, asked.protocol, asked.service, ids), code: error.code };
    }
  }

  #authenticate(
    request: SignedRequest,
    incoming: IncomingMessage,
    credential: Credential | undefined,
    requestId: string,
  ): Call {
    const now = this.now();
    const verified =
      credential === undefined ? undefined : verifySignature(request, credential, this.#options.keys, now);
    const { body, trailers } = contentOf(request, verified);
    return {
      ...this.#unsigned(request, incoming, requestId, now),
      headers: trailers.size === 0 ? request.headers : new Map([...request.headers, ...trailers]),
      body,
      caller: verified?.key.caller,
      region: credential?.region ?? "us-east-1",
    };
  }

  #unsigned(request: SignedRequest, incoming: IncomingMessage, requestId: string, now = this.now()): Call {
    return {
      method: request.method,
      path: request.path,
      query: request.query,
      headers: request.headers,
      body: request.body,
      caller: undefined,
      region: "us-east-1",
      sourceIp: incoming.socket.remoteAddress ?? HOST,
      userAgent: request.headers.get("user-agent") ?? "",
      requestId,
      origin: `http://${request.headers.get("host") ?? `${HOST}:${incoming.socket.localPort}`}`,
      now,
    };
  }

  #dispatch(call: Call, { service, protocol }: Asked): Promise<Reply> | Reply {
    const { services } = this.#options;
    if (service === "s3") return services.s3.handle(call);
    if (service === "sts") return services.sts.handle(call);
    if (service !== "iam" && service !== "cloudtrail" && service !== "kms") throw unknownService(protocol);
    if (call.caller === undefined) throw missingToken(protocol);
    return services[service].handle(call);
  }

  #send(
    outgoing: ServerResponse,
    reply: Reply,
    method: string | undefined,
    protocol: Protocol,
    dateOffsetSeconds: number,
  ): void {
    const body = typeof reply.body === "string" ? Buffer.from(reply.body) : reply.body;
    const bodiless = reply.status === 204 || reply.status === 304;
    const headers: Record<string, string> = {
      date: new Date(this.now().getTime() + dateOffsetSeconds * 1000).toUTCString(),
      ...(protocol === "s3" ? { server: "AmazonS3" } : {}),
      ...(bodiless ? {} : { "content-length": String(body.length) }),
    };
    for (const [name, value] of Object.entries(reply.headers)) {
      // The reverse of reading: bytes of UTF-8 as Latin-1 characters, which is all that Node sends.
      headers[name] = Buffer.from(value).toString("latin1");
    }
    outgoing.writeHead(reply.status, headers);
    outgoing.end(method === "HEAD" || bodiless ? undefined : body);
  }

  #ids(service: string): RequestIds {
    const id = this.#randomHex(16);
    const uuid = `${id.slice(0, 8)}-${id.slice(8, 12)}-4${id.slice(13, 16)}-8${id.slice(17, 20)}-${id.slice(20)}`;
    const hostId = Buffer.from(this.#options.random(48)).toString("base64");
    return { requestId: service === "s3" ? id.slice(0, 16).toUpperCase() : uuid, hostId };
  }

  #randomHex(size: number): string {
    return Buffer.from(this.#options.random(size)).toString("hex");
  }
}

type Attempt<T> = { readonly value?: T; readonly failure?: unknown };

function attempt<T>(action: () => T): Attempt<T> {
  try {
    return { value: action() };
  } catch (failure) {
    return { failure };
  }
}

function idHeaders(protocol: Protocol, { requestId, hostId }: RequestIds): Record<string, string> {
  if (protocol !== "s3") return { "x-amzn-requestid": requestId };
  return { "x-amz-request-id": requestId, "x-amz-id-2": hostId };
}

/** The body with its transfer encoding taken off, compared with what was signed. */
function contentOf(request: SignedRequest, verified: ReturnType<typeof verifySignature> | undefined) {
  const inQuery = verified?.credential.presigned ? request.query.get("X-Amz-Content-Sha256") : null;
  const hash = inQuery ?? request.headers.get("x-amz-content-sha256");
  if (isChunked(hash)) return decodeChunks(request.body, hash, request.headers, verified);
  const none = new Map<string, string>();
  if (hash !== undefined && hash !== "UNSIGNED-PAYLOAD" && hash !== sha256Hex(request.body)) {
    throw refusal("contentHash", verified?.credential.service);
  }
  return { body: request.body, trailers: none };
}

function missingToken(protocol: Protocol): AwsError {
  const code = protocol === "json" ? "MissingAuthenticationTokenException" : "MissingAuthenticationToken";
  return new AwsError(code, protocol === "json" ? 400 : 403, "Request is missing Authentication Token");
}

function unknownService(protocol: Protocol): AwsError {
  if (protocol === "json") {
    return new AwsError("UnknownOperationException", 400, "The sandbox does not have this service");
  }
  return new AwsError("InvalidAction", 400, "The sandbox does not have this service");
}
