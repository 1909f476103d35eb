import { dirname, join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { useSandbox, why } from "../support/fixture.ts";
import { Machine } from "../support/jit.ts";
import { errorOf, expectError } from "../support/ledger.ts";

/** A record that was altered where it lies, and an administrator who says so for all to read. */

const { sandbox, machine } = useSandbox();
let auditor: Machine;
let admin: Machine;
let request: string;
let hash: string;

const json = (text: string) => JSON.parse(text);
const key = () => join(dirname(sandbox().catalog), "admin.jwk");
const acknowledge = (finding: string, ...flags: readonly string[]) =>
  admin.jit(["audit", "acknowledge", finding, "--key", key(), ...flags, "--json"]);
const reason = "the sandbox's disk was bent by hand";
const said = [expect.objectContaining({ name: "admin", reason })];

beforeAll(async () => {
  const alice = await machine("alice");
  [auditor, admin] = await Promise.all([machine("auditor"), machine("admin")]);
  request = json((await alice.jit(["request", "customers:read", ...why, "--json"])).stdout).request;
  const { entries } = json((await auditor.jit(["audit", "show", request, "--json"])).stdout);
  await sandbox().tamper("jit-audit", entries.at(-1).object);
});

test("a finding has a hash, and what is no finding cannot be acknowledged", async () => {
  const { code, stdout } = await auditor.jit(["audit", "verify", "--json"]);
  expect(code).toBe(20);
  const [finding] = json(stdout).findings;
  hash = finding.hash;
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  expect((await auditor.jit(["audit", "verify"])).stdout).toContain(`finding ${hash.slice(0, 12)}`);
  expectError(await acknowledge("00000000", "--reason", reason), "FINDING_UNKNOWN", 2);
  expectError(await acknowledge("everything", "--reason", reason), "USAGE", 2);
  expectError(await acknowledge(hash), "FLAG_MISSING", 2);
  expectError(await acknowledge(hash, "--reason", "x\u202ey"), "REASON_INVALID", 3);
});

test("only an administrator's key, and only who may write there", async () => {
  const other = join(admin.home, "other.jwk");
  const init = ["--organization", "other", "--name", "admin", "--dir", join(admin.home, "trust")];
  expect((await admin.jit(["trust", "init", ...init, "--key", other])).code).toBe(0);
  const stranger = ["audit", "acknowledge", hash, "--reason", reason, "--key", other, "--json"];
  expectError(await admin.jit(stranger), "KEY_NOT_ADMINISTRATOR", 2);
  const dave = await machine("dave");
  const asDave = ["audit", "acknowledge", hash, "--reason", reason, "--key", key(), "--json"];
  const refused = await dave.jit(asDave);
  expectError(refused, "AUDIT_DENIED", 8);
  // What is issued is no matter here.
  expect(errorOf(refused).hint).not.toContain("issued");
});

test("once acknowledged it is listed and fails nothing: in the bucket, in a mirror, in a story, in a report", async () => {
  const done = await acknowledge(hash.slice(0, 8), "--reason", reason);
  expect([done.code, json(done.stdout)]).toMatchObject([0, { hash, counts: true, acknowledged: said }]);
  expectError(await acknowledge(hash, "--reason", "another"), "ACKNOWLEDGED_ALREADY", 3);
  const mirror = join(auditor.home, "mirror");
  expect((await auditor.jit(["audit", "mirror", mirror])).code).toBe(0);
  const alone = new Machine({ JIT_ORGANIZATION: auditor.env["JIT_ORGANIZATION"] });
  for (const verified of [
    await auditor.jit(["audit", "verify", "--strict", "--json"]),
    await alone.jit(["audit", "verify", "--mirror", mirror, "--json"]),
  ]) {
    expect([verified.code, json(verified.stdout)]).toMatchObject([
      0,
      {
        ok: true,
        bySeverity: { invalid: 1 },
        acknowledged: { invalid: 1 },
        findings: [{ hash, acknowledged: said }],
      },
    ]);
  }
  alone.remove();
  expect((await auditor.jit(["audit", "verify"])).stdout).toContain("acknowledged by admin");
  expect((await auditor.jit(["audit", "verify", "--ignore-acknowledged"])).code).toBe(20);

  const story = await auditor.jit(["audit", "show", request, "--json"]);
  expect([story.code, json(story.stdout).entries.at(-1)]).toMatchObject([
    0,
    { verified: false, acknowledged: said },
  ]);
  const report = await auditor.jit(["audit", "report", "--for", "soc2", "--from", "1d"]);
  expect(report.stdout).toContain(reason);

  await sandbox().tamper("jit-audit", json(story.stdout).entries[0].object);
  expect((await auditor.jit(["audit", "verify"])).code).toBe(20);
});
