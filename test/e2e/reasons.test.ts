import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sandboxCatalog } from "../../src/cli/sandbox-catalog.ts";
import { useSandbox, why } from "../support/fixture.ts";
import type { Machine } from "../support/jit.ts";
import { expectError } from "../support/ledger.ts";

/** A catalog that keeps reasons apart: who reads them, who erases them, and what the log says then. */

const { machine } = useSandbox();
const folder = mkdtempSync(join(tmpdir(), "jit-reasons-"));
const people: Record<string, Machine> = {};

function who(name: string): Machine {
  const found = people[name];
  if (found === undefined) throw new Error(`nobody is called ${name}`);
  return found;
}

beforeAll(async () => {
  const catalog = join(folder, "jit.yaml");
  writeFileSync(
    catalog,
    sandboxCatalog.replace(
      "region: eu-central-1\n",
      "region: eu-central-1\n  reasons: s3://jit-reasons/texts/\n",
    ),
  );
  for (const name of ["alice", "dave", "bob", "admin", "auditor"]) {
    people[name] = await machine(name, { JIT_ORGANIZATION: `${catalog}#unsigned` });
  }
});

afterAll(() => rmSync(folder, { recursive: true }));

async function ask(name: string, target: string): Promise<string> {
  const ended = await who(name).jit(["request", target, ...why, "--ticket", "SUP-7", "--new", "--json"]);
  expect(ended.code).toBe(0);
  return JSON.parse(ended.stdout).request;
}

const shown = async (name: string, request: string) =>
  JSON.parse((await who(name).jit(["audit", "show", request, "--json"])).stdout);

test("a reason is read by approvers, erased for good by who may, and the record still verifies", async () => {
  const request = await ask("alice", "customers:read");
  const { entries, texts } = await shown("bob", request);
  expect(texts).toEqual({ state: "kept", reason: why[3], ticket: "SUP-7" });
  expect(JSON.stringify(entries)).not.toContain(why[3]);
  expect((await shown("alice", request)).texts).toEqual({ state: "denied" });

  for (const name of ["alice", "bob"]) {
    expectError(await who(name).jit(["reasons", "erase", request, "--json"]), "REASONS_DENIED", 8);
  }
  expect((await shown("bob", request)).texts).toMatchObject({ state: "kept" });

  const erased = await who("admin").jit(["reasons", "erase", request, "--json"]);
  expect(erased.code).toBe(0);
  expect(JSON.parse(erased.stdout)).toEqual({
    erased: [{ request, location: "s3://jit-reasons/texts/", versions: 1 }],
  });
  expect((await shown("bob", request)).texts).toEqual({ state: "erased" });
  expect((await who("auditor").jit(["audit", "show", request])).stdout).toContain("erased");
  expect((await who("auditor").jit(["audit", "verify"])).code).toBe(0);

  const again = await who("admin").jit(["reasons", "erase", request, "--json"]);
  expect(JSON.parse(again.stdout).erased).toMatchObject([{ request, versions: 0 }]);
});

test("all texts of one requester, and nobody else's", async () => {
  const mine = [await ask("alice", "customers:read"), await ask("alice", "orders:read")];
  const theirs = await ask("dave", "orders:read");
  const erased = await who("admin").jit(["reasons", "erase", "--requester", "alice", "--json"]);
  expect(erased.code).toBe(0);
  expect(
    JSON.parse(erased.stdout)
      .erased.map((one: { request: string }) => one.request)
      .sort(),
  ).toEqual(mine.sort());
  expect((await shown("bob", theirs)).texts).toMatchObject({ state: "kept" });
  const none = await who("admin").jit(["reasons", "erase", "--requester", "nobody", "--json"]);
  expect(JSON.parse(none.stdout)).toEqual({ erased: [] });
});

test("what is asked for wrongly erases nothing", async () => {
  const erase = (...args: string[]) => who("admin").jit(["reasons", "erase", ...args, "--json"]);
  expectError(await erase(), "USAGE", 2);
  expectError(await erase("01KCQ9V3W4X5Y6Z7A8B9C0D1E2", "--requester", "alice"), "USAGE", 2);
  expectError(await erase("../../customers"), "REQUEST_ID_INVALID", 2);
  expectError(await erase("01KCQ9V3W4X5Y6Z7A8B9C0D1E2"), "REQUEST_NOT_FOUND", 12);
});

test("a text that stands in its locked record cannot be erased, which is said", async () => {
  const plain = await machine("alice");
  const ended = await plain.jit(["request", "customers:read", ...why, "--json"]);
  const { request } = JSON.parse(ended.stdout);
  const admin = await machine("admin");
  expectError(await admin.jit(["reasons", "erase", request, "--json"]), "REASONS_IN_RECORD", 3);
});
