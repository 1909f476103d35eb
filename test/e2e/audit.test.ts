import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { beforeAll, expect, test } from "vitest";
import { clientOptions } from "../support/aws-client.ts";
import { useSandbox, why } from "../support/fixture.ts";
import type { Machine } from "../support/jit.ts";
import { errorOf } from "../support/ledger.ts";

/** What an auditor finds in a log in which its writers have left what they may. */

const { sandbox, machine } = useSandbox();
const hour = "20261124T08";
let alice: Machine;
let userid = "";

beforeAll(async () => {
  alice = await machine("alice");
  expect((await alice.jit(["request", "customers:read", ...why])).code).toBe(0);
  const explained = await alice.jit(["explain", "customers:read", "--json"]);
  userid = JSON.parse(explained.stdout).identity.userid;
});

async function verify(who: Machine, ...flags: readonly string[]) {
  const { code, stdout } = await who.jit(["audit", "verify", "--json", ...flags]);
  return { code, ...JSON.parse(stdout) };
}

/** As alice may with her own credentials and any S3 client. */
async function put(name: string): Promise<void> {
  const { env } = alice;
  const s3 = new S3Client(clientOptions(sandbox(), env));
  await s3.send(new PutObjectCommand({ Bucket: "jit-audit", Key: name, Body: "garbage", IfNoneMatch: "*" }));
  s3.destroy();
}

test("garbage under a writer's own prefix is noise by that writer, and fails under --strict alone", async () => {
  const auditor = await machine("auditor");
  expect(await verify(auditor, "--strict")).toMatchObject({ code: 0, ok: true });
  await put(`v1/rec/${hour}/-/${userid}/readme.txt`);
  await put(`v1/rec/${hour}/-/${userid}/${"A".repeat(43)}.0.enrol.jws`);
  expect(await verify(auditor)).toMatchObject({
    code: 0,
    ok: true,
    bySeverity: { invalid: 0, noise: 2 },
    noiseByWriter: { [userid]: 2 },
  });
  expect(await verify(auditor, "--strict")).toMatchObject({ code: 20, ok: false });
  const { stdout } = await auditor.jit(["audit", "verify"]);
  expect(stdout).toContain(`noise by ${userid}: 2`);
});

test("the findings are the same on a machine that knows everything and on one that knows nothing", async () => {
  const warm = await machine("auditor");
  expect((await warm.jit(["stores"])).code).toBe(0);
  const asked = async (who: Machine) => {
    await sandbox().clearCalls();
    const { findings, bySeverity, code } = await verify(who);
    const calls = await sandbox().calls();
    return {
      findings,
      bySeverity,
      code,
      calls: calls.map(({ action, resource }) => `${action} ${resource}`).sort(),
    };
  };
  const ofWarm = await asked(warm);
  expect(ofWarm).toEqual(await asked(await machine("auditor")));
  expect(ofWarm.calls.filter((call) => call.includes("current.jws"))).toHaveLength(1);
});

test("another catalog of the version that was seen is refused, whoever signed it", async () => {
  const bob = await machine("bob");
  const folder = join(bob.home, "organization");
  cpSync(dirname(sandbox().catalog), folder, { recursive: true });
  const catalog = join(folder, "jit.yaml");
  const fingerprint = alice.env["JIT_ORGANIZATION"]?.split("#")[1];
  bob.env = { ...bob.env, JIT_ORGANIZATION: `${catalog}#${fingerprint}` };
  expect((await bob.jit(["stores"])).code).toBe(0);
  writeFileSync(catalog, readFileSync(catalog, "utf8").replace("maximumDuration: 4h", "maximumDuration: 8h"));
  expect((await bob.jit(["catalog", "sign"], { cwd: folder })).code).toBe(0);
  const refused = await bob.jit(["stores", "--json"]);
  expect([errorOf(refused).code, refused.code]).toEqual(["CATALOG_FORKED", 7]);
  const other = await machine("bob");
  other.env = { ...bob.env };
  expect((await other.jit(["stores"])).code).toBe(0);
});

test("doctor asks AWS even where all was checked a moment ago, and stores says when that was", async () => {
  const who = await machine("alice");
  const { stdout } = await who.jit(["stores"]);
  expect(stdout).toMatch(/^catalog v1, checked \d\d:\d\d$/m);
  await sandbox().clearCalls();
  expect((await who.jit(["doctor"])).code).toBe(0);
  const actions = (await sandbox().calls()).map(({ action }) => action);
  expect(actions).toEqual(expect.arrayContaining(["GetCallerIdentity", "GetObject"]));
});

test("what holds for every line of a story is said once", async () => {
  const who = await machine("alice");
  const asked = await who.jit(["request", "orders:read", ...why, "--json"]);
  const { request } = JSON.parse(asked.stdout);
  const { stdout } = await who.jit(["audit", "show", request]);
  expect(stdout.match(/attested|path only/g)).toHaveLength(1);
});

test("explain promises what the catalog's rules say, and leaves IAM's word to IAM", async () => {
  const dave = await machine("dave");
  const { stdout } = await dave.jit(["explain", "customers:read"]);
  expect(stdout).toMatch(/shows\s+only\s+when\s+asked/);
  expect(JSON.parse((await dave.jit(["explain", "customers:read", "--json"])).stdout).decision.kind).toBe(
    "granted",
  );
  expect((await dave.jit(["request", "customers:read", ...why])).code).toBe(8);
});
