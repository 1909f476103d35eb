import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { inspect } from "node:util";
import { decodeJwt } from "jose";
import { expect, onTestFinished, test, vi } from "vitest";
import type { AwsOptions } from "../../src/aws/clients.ts";
import { tokenService } from "../../src/aws/token-service.ts";
import { CUSTOMER_BUCKET, STORE_ACCOUNT, STORE_ROLES } from "../../src/sandbox/account.ts";
import type { AssumeRoleInput, TokenService } from "../../src/session/ports.ts";
import { thrownBy } from "../local/temporary.ts";
import { noWait, useSandbox } from "./sandbox.ts";

const { sandbox, clientsOf } = useSandbox();

const serviceOf = (person: string | undefined, change: Partial<AwsOptions> = {}): TokenService =>
  tokenService({ ...clientsOf(person, change), wait: noWait });

const policy = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: `arn:aws:s3:::${CUSTOMER_BUCKET}/*` }],
});
const role = Object.values(STORE_ROLES)[0] ?? "";

function asking(change: Partial<AssumeRoleInput> = {}): AssumeRoleInput {
  return {
    role,
    sessionName: "jit-01KCQ9V3W4X5Y6Z7A8B9C0D1E2",
    durationSeconds: 900,
    policy,
    tags: { "jit:request": "01KCQ9V3W4X5Y6Z7A8B9C0D1E2" },
    sourceIdentity: "alice",
    ...change,
  };
}

const sent = (action: string) =>
  sandbox()
    .calls()
    .filter((call) => call.action === action);
/** Sessions that STS has given. */
const given = () => sent("AssumeRole").filter(({ code }) => code === undefined).length;

test("who calls", async () => {
  const identity = await serviceOf("alice").identity();
  expect(identity).toMatchObject({ arn: `arn:aws:iam::${STORE_ACCOUNT}:user/alice`, account: STORE_ACCOUNT });
  expect(identity.userid).toMatch(/^AIDA[A-Z0-9]{16,17}$/);
});

test("a session, with what STS says of it, and no secret that prints", async () => {
  const assumed = await serviceOf("alice").assumeRole(asking());
  expect(assumed.assumedRoleArn).toBe(
    `arn:aws:sts::${STORE_ACCOUNT}:assumed-role/${role.split("/").at(-1)}/jit-01KCQ9V3W4X5Y6Z7A8B9C0D1E2`,
  );
  expect(assumed.assumedRoleId).toMatch(/^AROA[A-Z0-9]+:jit-01KCQ9V3W4X5Y6Z7A8B9C0D1E2$/);
  expect(assumed.packedPolicySize).toBeGreaterThan(0);
  const seconds = (assumed.credentials.expiration.getTime() - Date.now()) / 1000;
  expect(Math.abs(seconds - 900)).toBeLessThan(30);
  expect(inspect(assumed)).not.toContain(assumed.credentials.secretAccessKey.reveal());
});

test("a lease is a child of the session, asked for with the session's keys", async () => {
  const service = serviceOf("alice");
  const { credentials } = await service.assumeRole(asking());
  const lease = await service.scope(credentials, { durationSeconds: 60, policy, description: "r" });
  expect(lease.accessKeyId).not.toBe(credentials.accessKeyId);
  expect(lease.expiration < credentials.expiration).toBe(true);
  expect(sent("GetScopedCredentials").at(-1)?.accessKeyId).toBe(credentials.accessKeyId);
});

test("a statement of a session that ends soon is asked for once more, for a minute", async () => {
  sandbox().clearCalls();
  const code = "SessionDurationEscalationException";
  sandbox().faults.add({ kind: "status", status: 403, code, action: "GetWebIdentityToken", count: 1 });
  const statement = decodeJwt((await serviceOf("alice").statement("a", "b")) ?? "");
  expect(statement.aud).toEqual(["a", "b"]);
  expect((statement.exp ?? 0) - (statement.iat ?? 0)).toBe(60);
  expect(sent("GetWebIdentityToken")).toHaveLength(2);
});

test("AWS's statement names the audience; an account that has not opted in has none", async () => {
  const statement = await serviceOf("alice").statement("thumbprint");
  expect(decodeJwt(statement ?? "").aud).toEqual("thumbprint");
  sandbox().faults.add({
    action: "GetWebIdentityToken",
    kind: "status",
    status: 403,
    code: "OutboundWebIdentityFederationDisabledException",
  });
  expect(await serviceOf("alice").statement("thumbprint")).toBeUndefined();
});

test.each([
  [{ status: 403, code: "AccessDenied" }, undefined],
  [{ status: 400, code: "InvalidAction" }, undefined],
  [{ status: 400, code: "ValidationError" }, undefined],
  [{ status: 503, code: "ServiceUnavailable" }, "AWS_THROTTLED"],
  [{ status: 400, code: "Throttling" }, "AWS_THROTTLED"],
  [{ status: 500 }, "STS_UNREACHABLE"],
] as const)("no statement for %j: %s", async (fault, code) => {
  sandbox().faults.add({ action: "GetWebIdentityToken", kind: "status", ...fault });
  const asked = serviceOf("alice").statement("thumbprint");
  if (code === undefined) expect(await asked).toBeUndefined();
  else await expect(asked).rejects.toMatchObject({ code });
});

test("a lost reply to AssumeRole is told as such, and nothing is sent twice", async () => {
  sandbox().clearCalls();
  sandbox().faults.add({ action: "AssumeRole", kind: "lostReply" });
  expect(await thrownBy(() => serviceOf("alice").assumeRole(asking()))).toBe("STS_REPLY_LOST");
  expect(sent("AssumeRole")).toHaveLength(1);
});

test.each([
  { status: 503, code: "ServiceUnavailable" },
  { status: 400, code: "Throttling" },
  { status: 429, code: "TooManyRequestsException" },
])("AssumeRole goes again where STS did nothing: %j", async (fault) => {
  sandbox().clearCalls();
  sandbox().faults.add({ action: "AssumeRole", kind: "status", ...fault, count: 2 });
  await serviceOf("alice").assumeRole(asking());
  expect(sent("AssumeRole")).toHaveLength(3);
  expect(given()).toBe(1);
});

test("AssumeRole does not go again after an internal error", async () => {
  sandbox().clearCalls();
  sandbox().faults.add({ action: "AssumeRole", kind: "status", status: 500, count: 1 });
  expect(await thrownBy(() => serviceOf("alice").assumeRole(asking()))).toBe("STS_UNREACHABLE");
  expect(sent("AssumeRole")).toHaveLength(1);
});

test("a question that changes nothing goes again after a lost reply", async () => {
  sandbox().faults.add({ action: "GetCallerIdentity", kind: "lostReply", count: 2 });
  expect((await serviceOf("alice").identity()).account).toBe(STORE_ACCOUNT);
});

test.each([
  [{ status: 403 }, "STS_DENIED"],
  [{ status: 400, code: "PackedPolicyTooLarge" }, "POLICY_PACKED_TOO_LARGE"],
  [{ status: 400, code: "PackedPolicyTooLargeException" }, "POLICY_PACKED_TOO_LARGE"],
  [{ status: 400, code: "RegionDisabledException" }, "STS_REGION"],
  [{ status: 403, code: "ExpiredTokenException" }, "AWS_EXPIRED"],
  [{ status: 400, code: "ExpiredToken" }, "AWS_EXPIRED"],
  [{ status: 400, code: "RequestExpired" }, "AWS_EXPIRED"],
  [{ status: 403, code: "InvalidClientTokenId" }, "AWS_BAD_CREDENTIALS"],
  [{ status: 400, code: "MalformedPolicyDocument" }, "STS_REFUSED"],
  [{ status: 503 }, "AWS_THROTTLED"],
] as const)("AssumeRole: %j is %s, and the error holds no secret", async (fault, code) => {
  const service = serviceOf("alice");
  sandbox().faults.add({ action: "AssumeRole", kind: "status", ...fault });
  let error: unknown;
  await service.assumeRole(asking()).catch((thrown) => {
    error = thrown;
  });
  expect(error).toMatchObject({ code });
  const text = inspect(error, { depth: null, showHidden: true }) + JSON.stringify(error);
  expect(text).not.toContain(sandbox().credentials("alice")?.secretAccessKey);
  expect(text).not.toMatch(/authorization|AWS4-HMAC/i);
});

test("an error of somebody with a session's keys holds none of them", async () => {
  const keys = sandbox().credentials("frank");
  const service = serviceOf("frank");
  sandbox().faults.add({ kind: "status", status: 403 });
  const errors = await Promise.all([
    service.assumeRole(asking()).catch((error) => error),
    service.identity().catch((error) => error),
  ]);
  expect(errors.map(({ code }) => code)).toEqual(["STS_DENIED", "STS_DENIED"]);
  const text = inspect(errors, { depth: null, showHidden: true }) + JSON.stringify(errors);
  expect(keys?.sessionToken).toBeTruthy();
  expect(text).not.toContain(keys?.sessionToken);
  expect(text).not.toContain(keys?.secretAccessKey);
});

test("longer than the role allows, and a chained hour, are a duration's errors", async () => {
  expect(await thrownBy(() => serviceOf("alice").assumeRole(asking({ durationSeconds: 43_200 })))).toBe(
    "STS_DURATION",
  );
  const chained = asking({ durationSeconds: 3601, sourceIdentity: "frank" });
  expect(await thrownBy(() => serviceOf("frank").assumeRole(chained))).toBe("STS_DURATION");
});

test("who may nothing is denied; who has no keys is told so, and no lost reply is claimed", async () => {
  expect(await thrownBy(() => serviceOf("eve").assumeRole(asking({ sourceIdentity: "eve" })))).toBe(
    "STS_DENIED",
  );
  expect(await thrownBy(() => serviceOf(undefined).assumeRole(asking()))).toBe("AWS_NO_CREDENTIALS");
  expect(await thrownBy(() => serviceOf(undefined).identity())).toBe("AWS_NO_CREDENTIALS");
  expect(await thrownBy(() => serviceOf(undefined).statement("a"))).toBe("AWS_NO_CREDENTIALS");
});

test("credentials that cannot be fetched are no lost reply either", async () => {
  const service = serviceOf(undefined);
  vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", `http://127.0.0.1:${await closedPort()}/`);
  expect(await thrownBy(() => service.assumeRole(asking()))).toBe("AWS_NO_CREDENTIALS");
});

test("where nobody listens, or nobody speaks TLS, AssumeRole was never sent", async () => {
  const closed = await closedPort();
  const plain = await plainPort();
  for (const [url, port] of [
    [`http://127.0.0.1:${closed}`, closed],
    [`https://127.0.0.1:${plain}`, plain],
  ] as const) {
    const hosts = [`127.0.0.1:${port}`];
    const clients = clientsOf("alice", { hosts });
    vi.stubEnv("AWS_ENDPOINT_URL", url);
    expect(await thrownBy(() => tokenService({ ...clients, wait: noWait }).assumeRole(asking()))).toBe(
      "STS_UNREACHABLE",
    );
  }
});

/** A port at which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

/** A port at which somebody speaks no TLS. */
async function plainPort(): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
