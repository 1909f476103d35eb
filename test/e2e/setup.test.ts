import { cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { useSandbox } from "../support/fixture.ts";
import type { Machine } from "../support/jit.ts";
import { errorOf, expectError } from "../support/ledger.ts";

/** README's "Set it up", step by step, as a security team types it; and what goes wrong on the way. */

const { sandbox, machine } = useSandbox();
const readme = readFileSync(resolve(import.meta.dirname, "../../README.md"), "utf8");
const catalog = /```yaml\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
let ann: Machine;
let folder = "";

const run = (...args: readonly string[]) => ann.jit([...args, "--json"], { cwd: folder });
const write = (text: string) => writeFileSync(join(folder, "jit.yaml"), text);

beforeAll(async () => {
  ann = await machine("admin");
  folder = ann.home;
  expect(await run("trust", "init", "--organization", "acme", "--name", "you")).toMatchObject({ code: 0 });
  write(catalog);
  const checked = await run("catalog", "check");
  expect(checked.code).toBe(0);
  expect(`${checked.stdout}${checked.stderr}`.split("\n").filter((line) => [...line].length > 80)).toEqual(
    [],
  );
  expect(await run("catalog", "sign")).toMatchObject({ code: 0 });
});

test("the steps leave the files that the README names", () => {
  for (const name of ["admin.jwk", "admin.jwk.pub", "trust/1.json", "jit.yaml.jws"])
    expect([name, existsSync(join(folder, name))]).toEqual([name, true]);
  expect(statSync(join(folder, "admin.jwk")).mode & 0o777).toBe(0o600);
});

test("a bucket that was not made yet is said to be that, and what to do", async () => {
  const ended = await run("catalog", "publish");
  expectError(ended, "AUDIT_BUCKET_MISSING", 10);
  expect(errorOf(ended).hint).toContain("docs/aws.md");
});

test("a bucket that holds another organization is said to be that", async () => {
  write(catalog.replace("acme-jit-audit", "jit-audit"));
  expectError(await run("catalog", "publish"), "CATALOG_UNSIGNED", 7);
  expect((await run("catalog", "sign")).code).toBe(0);
  const ended = await run("catalog", "publish");
  expectError(ended, "TRUST_CONFLICT", 7);
  const { fingerprint } = JSON.parse((await run("trust", "show", "--dir", "trust")).stdout);
  expect(errorOf(ended).message).toContain(fingerprint);
});

test("the sandbox's own organization is changed by its files: raise the version, sign, publish", async () => {
  const own = join(ann.home, "sandbox");
  cpSync(dirname(sandbox().catalog), own, { recursive: true });
  const file = join(own, "jit.yaml");
  const change = async (from: string, to: string) => {
    writeFileSync(file, readFileSync(file, "utf8").replace(from, to));
    const signed = await ann.jit(["catalog", "sign", file, "--key", join(own, "admin.jwk"), "--json"]);
    expect(signed.code).toBe(0);
    return await ann.jit(["catalog", "publish", file, "--json"]);
  };
  const same = await change("title: Read orders", "title: Read all orders");
  expectError(same, "CATALOG_FORKED", 7);
  expect(errorOf(same).hint).toContain("to 2");
  const published = await change("version: 1", "version: 2");
  expect(published.code).toBe(0);
  // The line that people are given.
  const { location } = JSON.parse(published.stdout);
  const env = { JIT_ORGANIZATION: undefined };
  const alice = await machine("alice");
  expect((await alice.jit(["use", location], { env })).code).toBe(0);
  expect(JSON.parse((await alice.jit(["stores", "show", "orders", "--json"], { env })).stdout).name).toBe(
    "orders",
  );
  expectError(await change("version: 2", "version: 1"), "CATALOG_ROLLED_BACK", 7);
});

test("an organization of one's own is tried from its folder", async () => {
  const unpinned = { JIT_ORGANIZATION: undefined };
  const asked = await ann.jit(["trust", "show", "--json"], { cwd: folder, env: unpinned });
  expectError(asked, "NOT_PINNED", 7);
  expect(errorOf(asked).hint).toContain("jit trust show --dir trust");
  const { fingerprint } = JSON.parse((await run("trust", "show", "--dir", "trust")).stdout);
  const pin = `./jit.yaml#${fingerprint}`;
  expect((await ann.jit(["use", pin], { cwd: folder })).stderr).toContain("JIT_ORGANIZATION");
  const env = { JIT_ORGANIZATION: undefined };
  expect(await ann.jit(["use", pin], { cwd: folder, env })).toMatchObject({ code: 0 });
  expect((await ann.jit(["stores"], { env })).stdout).toContain("customers");
});

test("the trust file takes token issuers with their keys, and roles whose session names count", async () => {
  const own = join(ann.home, "issuers");
  mkdirSync(own);
  const keys = await (await fetch(`${sandbox().url}/.well-known/jwks.json`)).text();
  writeFileSync(join(own, "keys.json"), keys);
  const role =
    "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_engineer_4f1d2c3b5a697887";
  const init = (...more: readonly string[]) =>
    ann.jit(["trust", "init", "--organization", "acme", "--name", "you", "--json", ...more], { cwd: own });
  expectError(await init("--token-issuer", "keys.json"), "USAGE", 2);
  writeFileSync(join(own, "page.json"), "{}");
  expectError(await init("--token-issuer", "https://t.example=page.json"), "KEY_FILE", 2);
  const issuer = "https://abc123.tokens.sts.global.api.aws";
  const made = await init("--token-issuer", `${issuer}=keys.json`, "--session-name-role", role);
  expect(made).toMatchObject({ code: 0 });
  const shown = await ann.jit(["trust", "show", "--dir", "trust"], { cwd: own });
  expect(shown.stdout).toContain(issuer);
  const { payload } = JSON.parse(readFileSync(join(own, "trust/1.json"), "utf8"));
  const trust = JSON.parse(Buffer.from(payload, "base64url").toString());
  expect(trust.sessionNameRoles).toEqual([role]);
  expect(trust.tokenIssuers[0].keys.map(({ kid }: { kid: string }) => kid)).toEqual(
    JSON.parse(keys).keys.map(({ kid }: { kid: string }) => kid),
  );
});
