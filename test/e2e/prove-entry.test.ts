import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { beforeAll, describe, expect, test } from "vitest";
import { canonicalJson } from "../../src/access/canonical.ts";
import { checkEntry } from "../../src/audit/tree/check-entry.ts";
import { readEntryProof } from "../../src/audit/tree/entry-proof.ts";
import { treeKeysOf } from "../../src/audit/tree/keys.ts";
import { codeOf } from "../../src/error.ts";
import { clientOptions } from "../support/aws-client.ts";
import { type ReadRow, rowsOfExport } from "../support/export.ts";
import { useSandbox, why } from "../support/fixture.ts";
import { Machine } from "../support/jit.ts";
import { expectError } from "../support/ledger.ts";

/** Any row of an export, proven to somebody who has a fingerprint and no network. */

const { sandbox, machine } = useSandbox();
let auditor: Machine;
let stranger: Machine;
let rows: readonly ReadRow[];
const at = (name: string) => join(auditor.home, name);

beforeAll(async () => {
  const [alice, reader, witness] = await Promise.all([
    machine("alice"),
    machine("auditor"),
    machine("witness"),
  ]);
  auditor = reader;
  expect((await alice.jit(["request", "customers:read", ...why])).code).toBe(0);
  const s3 = new S3Client(clientOptions(sandbox(), alice.env));
  const hour = new Date().toISOString().slice(0, 13).replaceAll("-", "");
  const { stdout } = await auditor.jit(["audit", "log", "--json"]);
  const Key = `v1/rec/${hour}/-/${JSON.parse(stdout).who.userid}/garbage`;
  await s3.send(new PutObjectCommand({ Bucket: "jit-audit", Key, Body: "none", IfNoneMatch: "*" }));
  s3.destroy();
  const key = (name: string) => join(dirname(sandbox().catalog), name);
  expect((await auditor.jit(["audit", "seal", "--key", key("log.jwk")])).code).toBe(0);
  expect((await witness.jit(["audit", "witness", "--key", key("witness.jwk")])).code).toBe(0);
  expect((await auditor.jit(["audit", "export", at("out")])).code).toBe(20);
  rows = await rowsOfExport(at("out"));
  stranger = new Machine({ JIT_ORGANIZATION: auditor.env["JIT_ORGANIZATION"] });
  return () => stranger.remove();
});

test("every row leads to the checkpoint by its index and leaf hash", async () => {
  expect(rows.map(({ type }) => type)).toEqual(["request", "issue", "enrol", null]);
  const { checkpoint } = JSON.parse(readFileSync(at("out/_manifest.json"), "utf8"));
  for (const row of rows) {
    const file = at(`proof-${row["tree_index"]}.json`);
    const proven = await auditor.jit(["audit", "prove", "--index", String(row["tree_index"]), "--out", file]);
    expect(proven.code).toBe(0);
    const { code, stdout } = await stranger.jit(["audit", "verify", "--proof", file, "--json"]);
    const isRecord = row["type"] !== null;
    expect([code, JSON.parse(stdout)]).toMatchObject([
      isRecord ? 0 : 20,
      {
        ok: isRecord,
        organization: "acme",
        treeIndex: Number(row["tree_index"]),
        leafHash: row["leaf_hash"],
        leaf: {
          key: row["object"],
          versionId: row["version_id"],
          sha256: isRecord ? row["sha256"] : expect.any(String),
        },
        checkpoint: { origin: checkpoint.origin, size: checkpoint.size, root: checkpoint.root },
        cosigners: [{ name: "witness.example/acme" }],
        record: isRecord ? { type: row["type"], verified: true, grade: "attested" } : null,
      },
    ]);
  }
  const [request] = rows;
  const file = at("request.json");
  await auditor.jit(["audit", "prove", String(request?.["request"]), "--out", file]);
  const { stdout } = await stranger.jit(["audit", "verify", "--proof", file, "--json"]);
  expect(JSON.parse(stdout).entries).toMatchObject(
    rows.slice(0, 2).map((row) => ({ treeIndex: Number(row["tree_index"]), leafHash: row["leaf_hash"] })),
  );
});

test("from a mirror the proof is the same, and nobody is asked", async () => {
  expect((await auditor.jit(["audit", "mirror", at("copy")])).code).toBe(0);
  await sandbox().clearCalls();
  const index = String(rows[0]?.["tree_index"]);
  const args = ["audit", "prove", "--index", index, "--mirror", at("copy")];
  expect((await auditor.jit(args)).stdout).toBe(readFileSync(at(`proof-${index}.json`), "utf8"));
  expect(await sandbox().calls()).toEqual([]);
});

test("people are told what it shows, and what not", async () => {
  const [row] = rows;
  const file = at(`proof-${row?.["tree_index"]}.json`);
  const { code, stdout } = await stranger.jit(["audit", "verify", "--proof", file]);
  expect(code).toBe(0);
  expect(stdout).toContain(String(row?.["leaf_hash"]));
  expect(stdout).toContain("request by arn:aws:iam::111122223333:user/alice");
});

describe("spoilt", () => {
  const proof = () => JSON.parse(readFileSync(at(`proof-${rows[0]?.["tree_index"]}.json`), "utf8"));
  const check = async (value: object) => {
    const read = readEntryProof(canonicalJson(value));
    if (read === undefined) return undefined;
    const options = { fingerprint: proof().log, trustSeen: 1, keysOf: treeKeysOf };
    return await checkEntry(read, options);
  };

  test("another index, another object, another order, another log", async () => {
    const good = proof();
    expect((await check(good))?.index).toBe(good.index);
    const [first, second] = good.records;
    const spoilt: object[] = [
      { ...good, index: good.index + 1 },
      { ...good, log: "ab".repeat(32) },
      { ...good, records: [] },
      { ...good, records: [second, first] },
      { ...good, records: [{ ...first, bytes: second.bytes }, second] },
      { ...good, records: [{ ...first, leaf: first.leaf.replace(/"fault":"-"/, '"fault":"X"') }, second] },
      { ...good, more: 1 },
    ];
    for (const one of spoilt) expect(await check(one).catch(codeOf)).toBe("PROOF_INVALID");
  });

  test("without its key's enrolment it shows the entry, and no good record", async () => {
    const good = proof();
    const alone = await check({ ...good, records: good.records.slice(0, 1) });
    expect([alone?.leafHash, alone?.record?.reason]).toEqual([rows[0]?.["leaf_hash"], "KEY_NOT_ENROLLED"]);
    const file = at("alone.json");
    writeFileSync(file, canonicalJson({ ...good, records: good.records.slice(0, 1) }));
    expect((await stranger.jit(["audit", "verify", "--proof", file])).code).toBe(20);
  });
});

test("what is no place in the tree is said", async () => {
  const prove = (...args: readonly string[]) => auditor.jit(["audit", "prove", ...args, "--json"]);
  expectError(await prove("--index", "99"), "PROOF_UNSEALED", 4);
  expectError(await prove("--index", "1x"), "USAGE", 2);
  expectError(await prove(String(rows[0]?.["request"]), "--index", "1"), "USAGE", 2);
  expectError(await prove(), "USAGE", 2);
});
