import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { copyTrail } from "../support/copy-trail.ts";
import { useSandbox, why } from "../support/fixture.ts";
import { Machine } from "../support/jit.ts";
import { expectError } from "../support/ledger.ts";

/** An auditor with two folders and a fingerprint, on a machine that has no credentials and knows no endpoint. */

const { sandbox, machine } = useSandbox();
let auditor: Machine;
let stranger: Machine;
let mirror: string;
let trail: string;
let request: string;

beforeAll(async () => {
  const alice = await machine("alice");
  auditor = await machine("auditor");
  mirror = join(auditor.home, "mirror");
  trail = join(auditor.home, "trail");
  const asked = await alice.jit(["request", "customers:read", ...why, "--ticket", "SUP-12", "--json"]);
  request = JSON.parse(asked.stdout).request;
  expect((await alice.jit(["request", "payroll:read", ...why])).code).toBe(4);
  expect((await auditor.jit(["audit", "mirror", mirror])).code).toBe(0);
  await sandbox().deliverTrail();
  await copyTrail(sandbox(), auditor, trail);
  stranger = new Machine({ JIT_ORGANIZATION: alice.env["JIT_ORGANIZATION"] });
}, 60_000);

afterAll(() => stranger.remove());

const copied = (...args: readonly string[]) => stranger.jit(["audit", ...args, "--mirror", mirror]);

test("log and show tell of a copy what they tell of the bucket", async () => {
  for (const args of [["log", "--json"], ["log", "--csv"], ["log"], ["show", request, "--json"]]) {
    const online = await auditor.jit(["audit", ...args]);
    const offline = await copied(...args);
    expect([offline.code, offline.stdout]).toEqual([0, online.stdout]);
    expect(offline.stdout).toContain(request);
  }
});

test("report has the same figures", async () => {
  const args = ["report", "--for", "gdpr", "--from", "1d", "--json"];
  const figures = ({ stdout }: { readonly stdout: string }) => {
    const { period: _, ...all } = JSON.parse(stdout).figures;
    return all;
  };
  const online = figures(await auditor.jit(["audit", ...args]));
  const offline = await copied(...args);
  expect([offline.code, figures(offline).requests]).toEqual([0, 2]);
  expect(figures(offline)).toEqual(online);
});

test("reconcile compares two copies", async () => {
  const { code, stdout } = await copied("reconcile", "--trail-dir", trail, "--since", "1h", "--json");
  expect([code, JSON.parse(stdout)]).toMatchObject([0, { explained: 1, findings: expect.any(Array) }]);
});

test("a file that was changed in the copy shows in each of them", async () => {
  const [pack = ""] = readdirSync(join(mirror, "packs")).map((name) => join(mirror, "packs", name));
  const before = readFileSync(pack);
  const changed = Buffer.from(before);
  const lines = readdirSync(join(mirror, "parts")).flatMap((name) =>
    readFileSync(join(mirror, "parts", name), "utf8").split("\n"),
  );
  const issue = lines.find((line) => line.includes(".issue.")) ?? "";
  changed.write("~", JSON.parse(issue).offset + 40);
  writeFileSync(pack, changed);
  const codes = [
    await copied("log"),
    await copied("show", request),
    await copied("report", "--for", "soc2", "--from", "1d"),
    await copied("reconcile", "--trail-dir", trail, "--since", "1h"),
  ].map(({ code }) => code);
  writeFileSync(pack, before);
  expect(codes).toEqual([20, 20, 20, 20]);
});

test.each([
  [["log", "--follow"], "USAGE"],
  [["log", "--bucket", "jit-audit"], "USAGE"],
  [["reconcile"], "USAGE"],
  [["reconcile", "--trail", "s3://acme-trail"], "USAGE"],
])("audit %j of a copy is refused", async (args, code) => {
  expectError(await copied(...args, "--json"), code, 2);
});
