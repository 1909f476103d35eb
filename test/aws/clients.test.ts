import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { IAMClient } from "@aws-sdk/client-iam";
import { KMSClient } from "@aws-sdk/client-kms";
import { S3Client } from "@aws-sdk/client-s3";
import { STSClient } from "@aws-sdk/client-sts";
import { expect, onTestFinished, test, vi } from "vitest";
import { isAwsHost } from "../../src/aws/clients.ts";
import { bucketStore } from "../../src/aws/record-store.ts";
import { ServerClock } from "../../src/aws/server-clock.ts";
import { tokenService } from "../../src/aws/token-service.ts";
import { STORE_ACCOUNT } from "../../src/sandbox/account.ts";
import { temporaryFolder, thrownBy } from "../local/temporary.ts";
import { bytesOf, noWait, useSandbox } from "./sandbox.ts";

const { sandbox, clientsOf, openBucket } = useSandbox();

test("credentials are found by the SDK's own chain, once", async () => {
  const clients = clientsOf("alice");
  expect(await clients.accessKeyId()).toBe(sandbox().credentials("alice")?.accessKeyId);
  expect(await clients.temporary()).toBe(false);
  expect(await clientsOf("frank").temporary()).toBe(true);
});

test("every reply tells the server's time, errors too", async () => {
  const clock = new ServerClock(Date.now);
  sandbox().faults.add({ kind: "dateOffset", seconds: 1200 });
  const tokens = tokenService({ ...clientsOf("alice", { clock }), wait: noWait });
  await tokens.identity();
  expect(Math.round(clock.skew / 10_000)).toBe(120);
  sandbox().faults.clear();
  sandbox().faults.add({ kind: "dateOffset", seconds: -600 });
  sandbox().faults.add({ action: "GetCallerIdentity", kind: "status", status: 403 });
  expect(await thrownBy(() => tokens.identity())).toBe("STS_DENIED");
  expect(Math.round(clock.skew / 10_000)).toBe(-60);
});

test("a machine whose clock is off signs by AWS's, at the latest with the second try", async () => {
  sandbox().advanceClock(1200);
  try {
    const clock = new ServerClock(Date.now);
    const tokens = tokenService({ ...clientsOf("alice", { clock }), wait: noWait });
    expect((await tokens.identity()).account).toBe(STORE_ACCOUNT);
    sandbox().clearCalls();
    const later = clientsOf("alice", { clock });
    expect((await tokenService({ ...later, wait: noWait }).identity()).account).toBe(STORE_ACCOUNT);
    expect(sandbox().calls()).toHaveLength(1);
    await openBucket("skewed").create("k", bytesOf("x"));
  } finally {
    sandbox().advanceClock(-1200);
  }
});

const regions = [
  "us-east-1",
  "eu-central-1",
  "ap-southeast-7",
  "il-central-1",
  "us-gov-west-1",
  "cn-north-1",
  "cn-northwest-1",
  "eusc-de-east-1",
];

test.each(regions)("AWS's own endpoints of %s are known as such", (region) => {
  const s3 = new S3Client({ region });
  const sts = new STSClient({ region });
  const iam = new IAMClient({ region });
  const kms = new KMSClient({ region });
  const hosts = new Set<string>();
  for (const UseFIPS of [false, true]) {
    for (const UseDualStack of [false, true]) {
      const common = { Region: region, UseFIPS, UseDualStack };
      for (const ask of [
        () => s3.config.endpointProvider({ ...common, Bucket: "my.bucket" }),
        () => s3.config.endpointProvider({ ...common, Bucket: "bucket" }),
        () => sts.config.endpointProvider(common),
        () => iam.config.endpointProvider(common),
        () => kms.config.endpointProvider(common),
      ]) {
        try {
          hosts.add(ask().url.hostname);
        } catch {
          // This partition has no such endpoint.
        }
      }
    }
  }
  expect(hosts.size).toBeGreaterThan(2);
  expect([...hosts].filter((host) => !isAwsHost(host))).toEqual([]);
});

test.each([
  "amazonaws.com",
  "evil.amazonaws.com",
  "s3.evil.example",
  "evils3.amazonaws.com.example",
  "sts.amazonaws.com.example",
  "ec2-1-2-3-4.eu-central-1.compute.amazonaws.com",
  "s3-1234.eu-central-1.elb.amazonaws.com",
  "abc.execute-api.eu-central-1.amazonaws.com",
  "xs3.amazonaws.com",
  "xiam.amazonaws.com",
  "kms.amazonaws.com",
  "evil.kms.eu-central-1.amazonaws.com",
  "evil.iam.amazonaws.com",
  "vpce-1.vpce-svc-1.eu-central-1.vpce.amazonaws.com",
])("%s may be anybody's", (host) => {
  expect(isAwsHost(host)).toBe(false);
});

test.each([
  "https://evil.amazonaws.com",
  "http://s3.eu-central-1.amazonaws.com",
  "https://sts.amazonaws.com:444",
])("nothing is sent to %s", async (endpoint) => {
  const clients = clientsOf("alice");
  vi.stubEnv("AWS_ENDPOINT_URL", endpoint);
  const tokens = tokenService({ ...clients, wait: noWait });
  expect(await thrownBy(() => tokens.identity())).toBe("ENDPOINT_REFUSED");
  expect(await thrownBy(() => tokens.statement("a"))).toBe("ENDPOINT_REFUSED");
});

test("an endpoint_url of AWS's configuration file leads nowhere that nobody has checked", async () => {
  let heard = 0;
  const server = createServer((_, reply) => {
    heard += 1;
    reply.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
  });
  const config = join(temporaryFolder(), "config");
  const { port } = server.address() as AddressInfo;
  const keys = "aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = none\n";
  writeFileSync(config, `[profile foreign]\nendpoint_url = http://127.0.0.1:${port}\n${keys}`);
  // The clients read the file when they are first used.
  const clients = clientsOf(undefined);
  vi.stubEnv("AWS_ENDPOINT_URL", undefined);
  vi.stubEnv("AWS_CONFIG_FILE", config);
  vi.stubEnv("AWS_PROFILE", "foreign");
  const tokens = tokenService({ ...clients, wait: noWait });
  expect(await thrownBy(() => tokens.identity())).toBe("ENDPOINT_REFUSED");
  const store = bucketStore({ s3: clients.s3, bucket: "b", account: STORE_ACCOUNT, wait: noWait });
  expect(await thrownBy(() => store.create("k", bytesOf("x")))).toBe("ENDPOINT_REFUSED");
  expect(heard).toBe(0);
});
