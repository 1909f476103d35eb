import { createHash } from "node:crypto";
import {
  DescribeKeyCommand,
  GetPublicKeyCommand,
  KMSClient,
  SignCommand,
  type SignCommandInput,
} from "@aws-sdk/client-kms";
import { expect, test } from "vitest";
import { STORE_ACCOUNT } from "../../src/sandbox/account.ts";
import { policyText } from "../../src/sandbox/account-policies.ts";
import { addKmsKey } from "../../src/sandbox/kms/keys.ts";
import { useSandbox } from "../aws/sandbox.ts";

// AWS's own client against the sandbox's KMS.
const { sandbox, clientsOf } = useSandbox();
const clientOf = (person: string): KMSClient =>
  new KMSClient({ ...clientsOf(person).common, region: sandbox().region, maxAttempts: 1 });
const digest = createHash("sha256").update("x").digest();
const good = {
  KeyId: "alias/jit-alice",
  Message: digest,
  MessageType: "DIGEST",
  SigningAlgorithm: "ECDSA_SHA_256",
};
const nameOf = async (person: string, change: Partial<Record<keyof SignCommandInput, unknown>>) => {
  try {
    await clientOf(person).send(new SignCommand({ ...good, ...change } as SignCommandInput));
    return "signed";
  } catch (error) {
    return error instanceof Error ? error.name : "?";
  }
};

test.each([
  ["as its policy says", "alice", {}, "signed"],
  ["another principal", "bob", {}, "AccessDeniedException"],
  ["another message type than the policy allows", "alice", { MessageType: "RAW" }, "AccessDeniedException"],
  ["another algorithm", "alice", { SigningAlgorithm: "ECDSA_SHA_384" }, "AccessDeniedException"],
  ["a digest of another length", "alice", { Message: digest.subarray(1) }, "ValidationException"],
  ["nothing", "alice", { Message: new Uint8Array() }, "ValidationException"],
  ["a key that is not there", "alice", { KeyId: "alias/none" }, "NotFoundException"],
  [
    "Ed25519 of a message",
    "auditor",
    { KeyId: "alias/jit-log", MessageType: "RAW", SigningAlgorithm: "ED25519_SHA_512" },
    "signed",
  ],
  [
    "Ed25519 of too much",
    "auditor",
    {
      KeyId: "alias/jit-log",
      Message: new Uint8Array(4097),
      MessageType: "RAW",
      SigningAlgorithm: "ED25519_SHA_512",
    },
    "ValidationException",
  ],
])("Sign: %s", async (_, person, change, expected) => {
  expect(await nameOf(person, change)).toBe(expected);
});

test("where the key policy names the account, identity policies decide, and only then", async () => {
  const { world, region } = sandbox();
  const account = world.accounts.get(STORE_ACCOUNT);
  if (account === undefined) throw new Error("no account");
  const root = { AWS: `arn:aws:iam::${STORE_ACCOUNT}:root` };
  const policy = policyText({ Effect: "Allow", Principal: root, Action: "kms:*", Resource: "*" });
  const options = { spec: "ECC_NIST_P256", region, created: new Date().toISOString() } as const;
  addKmsKey(world, account, { ...options, alias: "shared", policy });
  const nobody = policyText({ Effect: "Allow", Principal: root, Action: "kms:DescribeKey", Resource: "*" });
  addKmsKey(world, account, { ...options, alias: "closed", policy: nobody });
  expect(await nameOf("dave", { KeyId: "alias/shared" })).toBe("AccessDeniedException");
  account.users
    .get("dave")
    ?.inline.set("kms", policyText({ Effect: "Allow", Action: "kms:*", Resource: "*" }));
  expect(await nameOf("dave", { KeyId: "alias/shared" })).toBe("signed");
  expect(await nameOf("dave", { KeyId: "alias/closed" })).toBe("AccessDeniedException");
  expect(
    await nameOf("dave", { KeyId: "alias/shared", MessageType: "RAW", SigningAlgorithm: "ED25519_SHA_512" }),
  ).toBe("InvalidKeyUsageException");
});

test("GetPublicKey and DescribeKey tell the key as AWS does", async () => {
  const client = clientOf("alice");
  const asked = { KeyId: "alias/jit-alice" };
  expect(await client.send(new GetPublicKeyCommand(asked))).toMatchObject({
    KeySpec: "ECC_NIST_P256",
    KeyUsage: "SIGN_VERIFY",
    SigningAlgorithms: ["ECDSA_SHA_256"],
    PublicKey: expect.any(Uint8Array),
  });
  expect((await client.send(new DescribeKeyCommand(asked))).KeyMetadata).toMatchObject({
    AWSAccountId: STORE_ACCOUNT,
    Enabled: true,
    KeyState: "Enabled",
  });
});
