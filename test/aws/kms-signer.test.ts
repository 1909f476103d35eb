import { expect, test } from "vitest";
import { isLowS } from "../../src/access/es256.ts";
import { parseKmsArn } from "../../src/access/kms-arn.ts";
import { cloudTrail } from "../../src/aws/cloudtrail.ts";
import { type KmsKey, kmsKey } from "../../src/aws/kms-signer.ts";
import { ServerClock } from "../../src/aws/server-clock.ts";
import { STORE_ACCOUNT } from "../../src/sandbox/account.ts";
import { thrownBy } from "../local/temporary.ts";
import { bytesOf, noWait, useSandbox } from "./sandbox.ts";

const { sandbox, clientsOf } = useSandbox();
const arnOf = (alias: string, region = sandbox().region): string =>
  `arn:aws:kms:${region}:${STORE_ACCOUNT}:alias/${alias}`;
const keyOf = (person: string | undefined, alias: string, region?: string): KmsKey =>
  kmsKey({ aws: clientsOf(person), key: parseKmsArn(arnOf(alias, region)), attempts: 2 });
const worldKey = (alias: string) => {
  const keys = [...(sandbox().world.accounts.get(STORE_ACCOUNT)?.kmsKeys.values() ?? [])];
  const key = keys.find((one) => one.alias === alias);
  if (key === undefined) throw new Error(`the sandbox has no key ${alias}`);
  return key;
};

test("P-256 signs a message of any size, s always low", async () => {
  const key = keyOf("alice", "jit-alice");
  const signer = key.signer(await key.publicKey());
  expect(signer.algorithm).toBe("ES256");
  for (let i = 0; i < 12; i += 1) {
    const signature = await signer.sign(bytesOf(`${i}`.repeat(5000)));
    expect([signature.length, isLowS(signature)]).toEqual([64, true]);
  }
});

test("Ed25519 signs up to 4,096 bytes", async () => {
  const key = keyOf("auditor", "jit-log");
  const signer = key.signer(await key.publicKey());
  expect(signer.algorithm).toBe("Ed25519");
  expect(await signer.sign(new Uint8Array(4096))).toHaveLength(64);
  expect(await thrownBy(() => signer.sign(new Uint8Array(4097)))).toBe("KMS_MESSAGE_TOO_LARGE");
});

test("by the key's own ARN as well; another region's, and none, are told apart", async () => {
  const key = kmsKey({ aws: clientsOf("alice"), key: parseKmsArn(worldKey("jit-alice").arn) });
  expect((await key.publicKey()).kty).toBe("EC");
  expect(await thrownBy(() => keyOf("alice", "jit-nobody").publicKey())).toBe("KMS_KEY_MISSING");
  expect(await thrownBy(() => keyOf("alice", "jit-alice", "us-east-1").publicKey())).toBe("KMS_KEY_MISSING");
});

test("a stranger neither signs nor reads the key", async () => {
  const known = await keyOf("alice", "jit-alice").publicKey();
  for (const person of ["bob", "eve", "admin"]) {
    const key = keyOf(person, "jit-alice");
    expect(await thrownBy(() => key.signer(known).sign(bytesOf("x")))).toBe("KMS_DENIED");
    expect(await thrownBy(() => key.publicKey())).toBe("KMS_DENIED");
  }
  expect(await thrownBy(() => keyOf(undefined, "jit-alice").publicKey())).toBe("AWS_NO_CREDENTIALS");
});

test("an alias that points to another key now: nothing is signed with it", async () => {
  const other = await keyOf("admin", "jit-admin").publicKey();
  const key = keyOf("alice", "jit-alice");
  expect(await thrownBy(() => key.signer(other).sign(bytesOf("x")))).toBe("KMS_KEY_CHANGED");
});

test("a key that is switched off, and KMS in trouble", async () => {
  const key = keyOf("alice", "jit-alice");
  const signer = key.signer(await key.publicKey());
  const sign = (): Promise<unknown> => signer.sign(bytesOf("x"));
  worldKey("jit-alice").enabled = false;
  expect(await thrownBy(sign)).toBe("KMS_KEY_INVALID");
  worldKey("jit-alice").enabled = true;
  sandbox().faults.add({ service: "kms", kind: "status", status: 500 });
  expect(await thrownBy(sign)).toBe("KMS_UNREACHABLE");
  sandbox().faults.clear();
  sandbox().faults.add({ service: "kms", kind: "status", status: 400, code: "ThrottlingException" });
  expect(await thrownBy(sign)).toBe("AWS_THROTTLED");
  sandbox().faults.clear();
  sandbox().faults.add({ service: "kms", action: "Sign", kind: "lostReply", count: 1 });
  expect(await sign()).toHaveLength(64);
});

test("what is signed, and what is refused, is in the trail", async () => {
  const key = keyOf("alice", "jit-alice");
  await key.signer(await key.publicKey()).sign(bytesOf("x"));
  await thrownBy(() => keyOf("eve", "jit-alice").publicKey());
  const ask = cloudTrail({
    aws: clientsOf("auditor"),
    region: sandbox().region,
    endpoint: sandbox().url,
    hosts: [new URL(sandbox().url).host],
    clock: new ServerClock(Date.now),
    wait: noWait,
  });
  const { Events } = await ask("LookupEvents", {
    LookupAttributes: [{ AttributeKey: "EventSource", AttributeValue: "kms.amazonaws.com" }],
    MaxResults: 2,
  });
  const events = (Events as { CloudTrailEvent: string }[]).map((event) => JSON.parse(event.CloudTrailEvent));
  expect(events).toMatchObject([
    { eventName: "GetPublicKey", errorCode: "AccessDeniedException", userIdentity: { userName: "eve" } },
    {
      eventName: "Sign",
      requestParameters: {
        keyId: worldKey("jit-alice").arn,
        messageType: "DIGEST",
        signingAlgorithm: "ECDSA_SHA_256",
      },
      resources: [{ type: "AWS::KMS::Key", ARN: worldKey("jit-alice").arn }],
    },
  ]);
});

test.each([
  "arn:aws:kms:eu-central-1:111122223333:grant/1",
  "arn:aws:kms::111122223333:key/1",
  "arn:aws:s3:eu-central-1:111122223333:key/1",
  "arn:aws:kms:eu-central-1:1111:key/1",
  "alias/jit",
  "arn:aws:kms:evil.example/:111122223333:key/1",
])("%s is no key", async (text) => {
  expect(await thrownBy(() => parseKmsArn(text))).toBe("KMS_ARN_INVALID");
});
