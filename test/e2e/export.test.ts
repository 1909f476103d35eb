import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { beforeAll, expect, test } from "vitest";
import { columns } from "../../src/audit/export/columns.ts";
import { clientOptions } from "../support/aws-client.ts";
import { type ReadRow, rowsOfExport } from "../support/export.ts";
import { useSandbox, why } from "../support/fixture.ts";
import type { Machine } from "../support/jit.ts";
import { expectError } from "../support/ledger.ts";

/** The log as Parquet through the real binary: what is in it is what `audit log` says, and what the tree proves. */

const { sandbox, machine } = useSandbox();
let alice: Machine;
let auditor: Machine;
const keyFile = (name: string) => join(dirname(sandbox().catalog), name);
const at = (name: string) => join(auditor.home, name);

beforeAll(async () => {
  [alice, auditor] = await Promise.all([machine("alice"), machine("auditor")]);
  expect((await alice.jit(["request", "customers:read", ...why, "--ticket", "SUP-12"])).code).toBe(0);
  expect((await alice.jit(["forget", "customers:read"])).code).toBe(0);
  expect((await alice.jit(["request", "payroll:read", ...why])).code).toBe(4);
  expect((await (await machine("dave")).jit(["request", "customers:read", ...why])).code).toBe(8);
});

async function exported(folder: string, ...flags: readonly string[]) {
  const { code, stdout, stderr } = await auditor.jit(["audit", "export", folder, ...flags, "--json"]);
  if (stdout === "") throw new Error(stderr);
  return { code, ...JSON.parse(stdout) };
}

async function log(): Promise<readonly ReadRow[]> {
  const { stdout } = await auditor.jit(["audit", "log", "--json", "--since", "2d"]);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

test("a row for each record, with what audit log says of it", async () => {
  const { code, rows, verified, sealed, checkpoint } = await exported(at("out"));
  // Two enrolments; alice's request, issue and end; her second request; dave's request and abort.
  expect({ code, rows, verified, sealed, checkpoint }).toEqual({
    code: 0,
    rows: 8,
    verified: 8,
    sealed: 0,
    checkpoint: null,
  });
  const all = await rowsOfExport(at("out"));
  expect(Object.keys(all[0] ?? {})).toEqual(["day", ...columns.map(({ name }) => name)]);
  const requests = all.filter(({ type }) => type === "request");
  const said = await log();
  expect(requests).toMatchObject(
    said.map((one: ReadRow & { who?: { name: string; arn: string; userid: string } }) => ({
      request: one["request"],
      asked_at: new Date(String(one["at"])),
      verified: one["verified"],
      outcome: one["outcome"],
      who: one.who?.name,
      requester_arn: one.who?.arn,
      requester_userid: one.who?.userid,
      targets: one["targets"],
      role: one["role"],
      issuer: one["issuer"],
      break_glass: one["breakGlass"],
      requested_seconds: BigInt(Number(one["duration"])),
      purpose: one["purpose"],
      reason: one["reason"],
      ticket: one["ticket"],
      attested: JSON.stringify(one["attested"]),
      claimed: JSON.stringify(one["claimed"]),
      counts: true,
      findings: [],
    })),
  );
  expect(requests.map(({ outcome }) => outcome)).toEqual(["forgotten", "pending", "refused"]);
  const objects = said.flatMap((one) => one["records"] as readonly ReadRow[]);
  const named = all.filter(({ request }) => request !== null);
  expect(named).toMatchObject(
    objects.map(({ type, object, sha256, arrived }) => ({
      type,
      object,
      sha256,
      arrived_at: new Date(String(arrived)),
      stores: type === "end" || type === "issue" ? ["customers"] : expect.any(Array),
    })),
  );
});

test("sealed, each row has its place; what has not changed is not written again", async () => {
  expect((await auditor.jit(["audit", "seal", "--key", keyFile("log.jwk")])).code).toBe(0);
  const first = await exported(at("out"));
  expect(first).toMatchObject({ code: 0, rows: 8, sealed: 8, checkpoint: { size: 8, cosigners: [] } });
  expect(first.written).toEqual(first.days);
  const rows = await rowsOfExport(at("out"));
  expect(rows.map((row) => Number(row["tree_index"])).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(new Set(rows.map((row) => row["leaf_hash"])).size).toBe(8);
  expect(await exported(at("out"))).toMatchObject({ code: 0, written: [], removed: [] });
  expect(statSync(at("out")).mode & 0o777).toBe(0o700);
  expect(readdirSync(at("out")).length).toBe(1 + first.days.length);
  for (const day of first.days) expect(readdirSync(at(`out/day=${day}`))).toEqual(["part-0.parquet"]);
});

test("what an interrupted run left, or what is of no day any more, goes", async () => {
  mkdirSync(at("out/day=2020-01-01"));
  writeFileSync(at("out/day=2020-01-01/part-0.parquet"), "stale");
  const [day] = readdirSync(at("out")).filter((name) => name.startsWith("day=202") && !name.includes("2020"));
  writeFileSync(at(`out/${day}/.tmp-1`), "half");
  writeFileSync(at(`out/${day}/part-1.parquet`), "old");
  expect(await exported(at("out"))).toMatchObject({ removed: [] });
  expect(readdirSync(at(`out/${day}`))).toEqual(["part-0.parquet"]);
  // Before the log's first day nothing is looked at, unless one asks.
  expect((await exported(at("out"), "--since", "2020-01-01")).removed).toEqual(["2020-01-01"]);
  expect(existsSync(at("out/day=2020-01-01"))).toBe(false);
});

test("from a mirror it is the same, without the bucket", async () => {
  expect((await auditor.jit(["audit", "mirror", at("copy")])).code).toBe(0);
  await sandbox().clearCalls();
  expect(await exported(at("offline"), "--mirror", at("copy"))).toMatchObject({
    code: 0,
    rows: 8,
    sealed: 8,
  });
  expect(await sandbox().calls()).toEqual([]);
  expect(await rowsOfExport(at("offline"))).toEqual(await rowsOfExport(at("out")));
});

test("a folder of something else is left alone", async () => {
  mkdirSync(at("other"));
  writeFileSync(at("other/notes.txt"), "mine");
  expectError(await auditor.jit(["audit", "export", at("other"), "--json"]), "EXPORT_INVALID", 2);
  expect(readdirSync(at("other"))).toEqual(["notes.txt"]);
  const manifest = JSON.parse(readFileSync(at("out/_manifest.json"), "utf8"));
  mkdirSync(at("foreign"));
  writeFileSync(at("foreign/_manifest.json"), JSON.stringify({ ...manifest, log: "ab".repeat(32) }));
  expectError(await auditor.jit(["audit", "export", at("foreign"), "--json"]), "EXPORT_OTHER_LOG", 2);
  const checkpoint = { ...manifest.checkpoint, root: Buffer.alloc(32).toString("base64") };
  mkdirSync(at("forked"));
  writeFileSync(at("forked/_manifest.json"), JSON.stringify({ ...manifest, checkpoint }));
  expectError(await auditor.jit(["audit", "export", at("forked"), "--json"]), "EXPORT_FORKED", 20);
});

test("what is not verified is a row that says so, and nothing of what it says is believed", async () => {
  const mallory = await machine("dave");
  const s3 = new S3Client(clientOptions(sandbox(), mallory.env));
  const good = (await rowsOfExport(at("out"))).find(({ type }) => type === "request");
  const dave = (await rowsOfExport(at("out"))).find(({ writer }) => writer === "dave");
  const [, , hour = "", request = ""] = String(good?.["object"]).split("/");
  const key = `v1/rec/${hour}/${request}/${dave?.["userid"]}/${dave?.["key_id"]}.77.approval.jws`;
  for (const Key of [key, `v1/rec/${hour}/-/${dave?.["userid"]}/=cmd|calc`]) {
    await s3.send(new PutObjectCommand({ Bucket: "jit-audit", Key, Body: "garbage", IfNoneMatch: "*" }));
  }
  s3.destroy();
  const { code, rows, verified } = await exported(at("out"));
  expect({ code, rows, verified }).toEqual({ code: 20, rows: 10, verified: 5 });
  const all = await rowsOfExport(at("out"));
  expect(all.find(({ object }) => object === key)).toMatchObject({
    type: "approval",
    verified: false,
    counts: false,
    arn: null,
    writer: null,
    signed_at: null,
    tree_index: null,
  });
  expect(all.find(({ object }) => String(object).endsWith("=cmd|calc"))).toMatchObject({
    type: null,
    verified: false,
    findings: ["NAME_INVALID"],
  });
  const spoilt = all.filter(({ request: id }) => id === request);
  const [told] = (await log()).filter((one) => one["request"] === request);
  expect(new Set(spoilt.map(({ verified: is }) => is))).toEqual(new Set([told?.["verified"]]));
});
