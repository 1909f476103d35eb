import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { fromHttp } from "@aws-sdk/credential-providers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { JitError } from "../../src/error.ts";
import { type ContainerEndpoint, startContainerEndpoint } from "../../src/session/container-endpoint.ts";
import type { Credentials } from "../../src/session/types.ts";
import { secretText, session, tokenText } from "./sessions.ts";

let endpoint: ContainerEndpoint;
let current: () => Promise<Credentials>;
let fetches: number;

beforeEach(async () => {
  fetches = 0;
  current = async () => session().credentials;
  endpoint = await startContainerEndpoint({ bytes: (count) => randomBytes(count) }, () => {
    fetches += 1;
    return current();
  });
  expect(fetches).toBe(1);
  fetches = 0;
});

afterEach(async () => {
  await endpoint.close();
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

function ask(
  change: { method?: string; path?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const url = new URL(endpoint.uri);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: url.hostname,
        port: url.port,
        path: change.path ?? url.pathname,
        method: change.method ?? "GET",
        headers: { authorization: endpoint.authorization.reveal(), ...change.headers },
        agent: false,
      },
      (response) => {
        let body = "";
        response.on("data", (chunk) => {
          body += chunk;
        });
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        );
      },
    );
    sent.on("error", reject);
    sent.end();
  });
}

test("the AWS SDK's container provider takes the credentials", async () => {
  const provider = fromHttp({
    awsContainerCredentialsFullUri: endpoint.uri,
    awsContainerAuthorizationToken: endpoint.authorization.reveal(),
  });
  expect(await provider()).toMatchObject({
    accessKeyId: "ASIAEXAMPLEEXAMPLE00",
    secretAccessKey: secretText,
    sessionToken: tokenText,
    expiration: new Date("2026-11-24T08:30:00Z"),
  });
});

test("it is on loopback, says JSON, and lets nobody keep the answer", async () => {
  expect(new URL(endpoint.uri).hostname).toBe("127.0.0.1");
  const { status, headers, body } = await ask();
  expect(status).toBe(200);
  expect(headers).toMatchObject({ "content-type": "application/json", "cache-control": "no-store" });
  expect(Object.keys(JSON.parse(body))).toEqual(["AccessKeyId", "SecretAccessKey", "Token", "Expiration"]);
});

test.each<[string, number, Parameters<typeof ask>[0]]>([
  ["no token", 401, { headers: { authorization: "" } }],
  ["another token", 401, { headers: { authorization: `Bearer ${"a".repeat(43)}` } }],
  ["the token with more behind it", 401, { headers: { authorization: "Bearer x" } }],
  ["another path", 404, { path: "/" }],
  ["the path with a query", 404, { path: "/?a=b" }],
  ["another method", 405, { method: "POST" }],
  ["HEAD", 405, { method: "HEAD" }],
  ["another host", 421, { headers: { host: "evil.example" } }],
  ["localhost by name", 421, { headers: { host: "localhost" } }],
])("%s gets %i and no credentials", async (_what, expected, change) => {
  const { status, body } = await ask(change);
  expect(status).toBe(expected);
  expect(body).not.toContain(secretText);
  expect(fetches).toBe(0);
});

test("two endpoints share neither path nor token", async () => {
  const other = await startContainerEndpoint({ bytes: (count) => randomBytes(count) }, current);
  try {
    expect(new URL(other.uri).pathname).not.toBe(new URL(endpoint.uri).pathname);
    expect(other.authorization.reveal()).not.toBe(endpoint.authorization.reveal());
  } finally {
    await other.close();
  }
});

test("what cannot be had is told by its code alone", async () => {
  current = () => Promise.reject(new JitError("SESSION_ENDED", `over ${secretText}`));
  expect(await ask()).toMatchObject({ status: 503, body: '{"code":"SESSION_ENDED"}' });
});

test("what cannot be had from the first fails before anything starts", async () => {
  const never = () => Promise.reject(new JitError("LEASE_UNSUPPORTED", "no"));
  await expect(startContainerEndpoint({ bytes: (count) => randomBytes(count) }, never)).rejects.toMatchObject(
    {
      code: "LEASE_UNSUPPORTED",
    },
  );
});

test("once closed, it answers nobody", async () => {
  await endpoint.close();
  await expect(ask()).rejects.toMatchObject({ code: "ECONNREFUSED" });
});
