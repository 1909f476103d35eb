import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, expect, test } from "vitest";
import { hourOf } from "../../src/audit/time.ts";
import { clientOptions } from "../support/aws-client.ts";
import { useSandbox, why } from "../support/fixture.ts";
import type { Machine } from "../support/jit.ts";
import { expectError } from "../support/ledger.ts";

/** People with clients of their own, who write what they like where the bucket lets them. */

const { sandbox, machine } = useSandbox();
const clients: { destroy(): void }[] = [];
afterAll(() => {
  for (const client of clients) client.destroy();
});

async function handsOf(name: string) {
  const { env } = await machine(name);
  const options = { ...clientOptions(sandbox(), env), maxAttempts: 1 };
  const s3 = new S3Client(options);
  const sts = new STSClient(options);
  clients.push(s3, sts);
  const { UserId: userid = "" } = await sts.send(new GetCallerIdentityCommand({}));
  const put = (Key: string, more = {}) =>
    s3.send(new PutObjectCommand({ Bucket: "jit-audit", Key, Body: "x", IfNoneMatch: "*", ...more })).then(
      () => "stored",
      (error: Error) => error.name,
    );
  return { userid, put };
}

async function asked(who: Machine): Promise<string> {
  const ended = await who.jit(["request", "payroll:read", ...why, "--json"]);
  expect(ended.code).toBe(4);
  return JSON.parse(ended.stdout).request;
}

test("what a stranger puts under a request hides it from nobody, and no claim or other's record can be put", async () => {
  const [alice, bob, carol] = await Promise.all([machine("alice"), machine("bob"), machine("carol")]);
  const request = await asked(alice);
  const [dave, own] = await Promise.all([handsOf("dave"), handsOf("alice")]);
  const under = `v1/rec/${hourOf(new Date().toISOString())}/${request}`;
  const thumbprint = "A".repeat(43);
  for (const type of ["request", "abort", "issue", "denial"])
    expect(await dave.put(`${under}/${dave.userid}/${thumbprint}.1.${type}.jws`)).toBe("stored");
  expect(await dave.put(`${under}/${own.userid}/${thumbprint}.1.denial.jws`)).toBe("AccessDenied");
  expect(await dave.put(`v1/claim/${request}`)).toBe("AccessDenied");
  expect(await own.put(`v1/claim/${request}`)).toBe("AccessDenied");
  expect(await dave.put(`${under}/${dave.userid}/x`, { IfNoneMatch: undefined })).toBe("AccessDenied");

  const { pending } = JSON.parse((await bob.jit(["pending", "--json"])).stdout);
  expect(pending.map((one: { request: string }) => one.request)).toContain(request);
  expect((await bob.jit(["approve", request, "--yes", "--json"])).code).toBe(0);
  expect(JSON.parse((await carol.jit(["approve", request, "--yes", "--json"])).stdout)).toMatchObject({
    status: "issued",
  });
  expect((await alice.jit(["watch", request, "--json"])).code).toBe(0);
});

test("a session that nobody picked up before it ended is not handed over, and is asked for anew", async () => {
  const [alice, bob, carol] = await Promise.all([machine("alice"), machine("bob"), machine("carol")]);
  const request = await asked(alice);
  await bob.jit(["approve", request, "--yes", "--json"]);
  await carol.jit(["approve", request, "--yes", "--json"]);
  await sandbox().advanceClock(3 * 3600);
  expectError(await alice.jit(["watch", request, "--json"]), "GRANT_ENDED", 6);
  expect(await asked(alice)).not.toBe(request);
});
