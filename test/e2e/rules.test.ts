import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sandboxCatalog } from "../../src/cli/sandbox-catalog.ts";
import { useSandbox, why } from "../support/fixture.ts";
import type { Ended, Machine } from "../support/jit.ts";
import { assumedRoles, errorOf, expectError } from "../support/ledger.ts";

/** An organization whose catalog has rules, signed by an administrator, and what the real binary makes of them. */

const { sandbox, machine } = useSandbox();
const folder = mkdtempSync(join(tmpdir(), "jit-rules-"));
const catalog = join(folder, "jit.yaml");
let ann: Machine;
let fingerprint = "";
let version = 1;

const groups = `groups:
  support:
    principals: ["arn:aws:iam::111122223333:user/alice"]
  analysts:
    principals: ["arn:aws:iam::111122223333:user/d*"]
timeZone: Europe/Berlin
`;

const base = `@id("support-asks")
permit(principal in Group::"support", action == Action::"request", resource in Store::"customers");
@id("read-needs-nobody")
permit(principal in Group::"support", action == Action::"autoApprove", resource == Access::"customers:read");
@id("analysts-agree")
permit(principal in Group::"analysts", action == Action::"approve", resource);
`;

function yamlOf(rules: string): string {
  const text = sandboxCatalog.replace("version: 1", `version: ${version}`);
  const block = rules.trimEnd().split("\n");
  return `${text}${groups}rules: |\n${block.map((line) => `  ${line}\n`).join("")}`;
}

/** Writes and signs the next version with these rules. */
async function publish(rules: string): Promise<Ended> {
  version += 1;
  writeFileSync(catalog, yamlOf(rules));
  rmSync(`${catalog}.jws`, { force: true });
  return await ann.jit(["catalog", "sign", "--json"], { cwd: folder });
}

async function person(name: string): Promise<Machine> {
  return await machine(name, { JIT_ORGANIZATION: `${catalog}#${fingerprint}` });
}

const ask = (who: Machine, target = "customers:read", ...more: string[]) =>
  who.jit(["request", target, ...why, "--for", "10m", "--json", ...more]);

beforeAll(async () => {
  ann = await machine("admin");
  writeFileSync(catalog, sandboxCatalog);
  const made = await ann.jit(["trust", "init", "--organization", "acme", "--name", "ann", "--json"], {
    cwd: folder,
  });
  fingerprint = JSON.parse(made.stdout).fingerprint;
});

afterAll(() => rmSync(folder, { recursive: true }));

describe("rules", () => {
  test("let a group have what needs nobody, leave the rest to an approver, and let no other ask", async () => {
    expect((await publish(base)).code).toBe(0);
    const alice = await person("alice");
    const before = (await assumedRoles(sandbox())).length;
    expect((await ask(alice)).code).toBe(0);
    expect((await alice.jit(["credentials", "customers:read"])).code).toBe(0);
    expect(await assumedRoles(sandbox())).toHaveLength(before + 1);

    const pending = await ask(alice, "customers:write");
    expect(pending.code).toBe(4);
    expect(JSON.parse(pending.stdout)).toMatchObject({ status: "pending" });

    const dave = await person("dave");
    const refused = await ask(dave, "orders:read");
    expectError(refused, "REFUSED", 3);
    expect(errorOf(refused).message).toContain("rules");
    expect(await assumedRoles(sandbox())).toHaveLength(before + 1);
    expect((await alice.jit(["audit", "verify"])).code).toBe(0);
  });

  test("that forbid are named, with their author's advice, and write nothing", async () => {
    const rule = `@id("no-incidents")
@advice("Incidents go through the war room")
forbid(principal, action == Action::"request", resource) when { context.claimed.purpose == "support" };`;
    expect((await publish(base + rule)).code).toBe(0);
    const alice = await person("alice");
    await sandbox().clearCalls();
    const refused = await ask(alice);
    expectError(refused, "REFUSED", 3);
    expect(errorOf(refused).message).toContain("no-incidents");
    expect(errorOf(refused).message).toContain("Incidents go through the war room");
    const calls = await sandbox().calls();
    expect(calls.filter(({ action }) => /^(?:Put|Assume)/.test(action))).toEqual([]);
    const explained = await alice.jit(["explain", "customers:read", "--purpose", "support", "--json"]);
    expect(JSON.parse(explained.stdout).decision).toMatchObject({
      kind: "refused",
      rule: "no-incidents",
      message: "Incidents go through the war room",
    });
    expect(JSON.parse(explained.stdout).alternatives).toContainEqual({
      change: "--purpose incident",
      kind: "purpose",
      decision: { kind: "granted", by: "read-needs-nobody" },
    });
    const words = await alice.jit(["explain", "customers:read", "--purpose", "support"]);
    expect(words.stdout).toContain("--purpose incident");
    const other = await alice.jit(["explain", "customers:read", "--purpose", "incident", "--json"]);
    expect(JSON.parse(other.stdout).decision).toEqual({ kind: "granted", by: "read-needs-nobody" });
  });

  test("refuse at night, in the catalog's zone", async () => {
    const now = new Date();
    const hour = Number(
      new Intl.DateTimeFormat("en-US", {
        timeZone: "Europe/Berlin",
        hour: "numeric",
        hourCycle: "h23",
      }).format(now),
    );
    // What is night is moved to this hour and the next, so that the test holds at any time.
    const night = (from: number) =>
      `@id("not-at-night")\n@advice("Come back in the morning")\nforbid(principal, action == Action::"request", resource) when { context.hour == ${from} || context.hour == ${(from + 1) % 24} };`;
    expect((await publish(base + night(hour))).code).toBe(0);
    const refused = await ask(await person("alice"));
    expectError(refused, "REFUSED", 3);
    expect(errorOf(refused).message).toContain("Come back in the morning");
    expect((await publish(base + night((hour + 12) % 24))).code).toBe(0);
    expect((await ask(await person("alice"))).code).toBe(0);
  });

  test("that cannot be evaluated refuse", async () => {
    const broken = `@id("overflows")
forbid(principal, action, resource) when { context.duration * 9223372036854775807 < 5 };`;
    expect((await publish(base + broken)).code).toBe(0);
    const before = (await assumedRoles(sandbox())).length;
    const refused = await ask(await person("alice"));
    expectError(refused, "REFUSED", 3);
    expect(errorOf(refused).message).toContain("overflows");
    expect(await assumedRoles(sandbox())).toHaveLength(before);
  });

  test("a misspelt action is told in one line, with what was meant", async () => {
    const { message } = errorOf(await publish(base.replace('Action::"request"', 'Action::"reqest"')));
    expect(message.split("\n")).toEqual([
      expect.stringMatching(/jit\.yaml:\d+:\d+: .*did you mean request\?/),
    ]);
    writeFileSync(join(folder, "list.yaml"), yamlOf("x").replace(/\nrules: \|[\s\S]*/, "\nrules: [a]\n"));
    const checked = await ann.jit(["catalog", "check", "list.yaml", "--json"], { cwd: folder });
    expectError(checked, "CATALOG_INVALID", 7);
    expect(errorOf(checked).message).toContain("rules: |");
  });

  test("that are wrong are not signed, and refused where they were", async () => {
    const wrong = `${base}// Größe
@id("wrong") forbid(principal in Group::"nobody", action, resource);`;
    const refused = await publish(wrong);
    expectError(refused, "CATALOG_INVALID", 7);
    const line = yamlOf(wrong)
      .split("\n")
      .findIndex((text) => text.includes('Group::"nobody"'));
    expect(errorOf(refused).message).toContain(`jit.yaml:${line + 1}:`);
    expectError(await ann.jit(["rules", "check", "--json"], { cwd: folder }), "CATALOG_INVALID", 7);
    expectError(await ann.jit(["catalog", "check", "--json"], { cwd: folder }), "CATALOG_INVALID", 7);
    const alice = await machine("alice", { JIT_ORGANIZATION: `${catalog}#unsigned` });
    const asked = await ask(alice);
    expectError(asked, "CATALOG_INVALID", 7);
    expect(errorOf(asked).message).toContain(`jit.yaml:${line + 1}:`);
  });
});

describe("`jit rules`", () => {
  const cases = (expected: string) => `cases:
  - name: support reads
    principal: arn:aws:iam::111122223333:user/alice
    targets: [customers:read]
    context: { duration: 30m, time: "2026-11-24T10:00:00Z", claimed: { ci.provider: GitHub Actions } }
    expect: granted
  - principal: { arn: "arn:aws:iam::111122223333:user/alice", userid: AIDAALICE }
    targets: [customers:write]
    context: { duration: 5m }
    expect: approval
  - principal: arn:aws:iam::111122223333:user/eve
    targets: [customers:read]
    expect: ${expected}
`;

  test("check lists them, and prints the schema", async () => {
    expect((await publish(base)).code).toBe(0);
    const listed = await ann.jit(["rules", "check", "--json"], { cwd: folder });
    expect(JSON.parse(listed.stdout).rules.map(({ id }: { id: string }) => id)).toEqual([
      "support-asks",
      "read-needs-nobody",
      "analysts-agree",
    ]);
    const schema = await ann.jit(["rules", "check", "--schema"], { cwd: folder });
    expect(schema.stdout).toContain("entity Person in [Group]");
  });

  test("test runs a table of cases", async () => {
    const file = join(folder, "cases.yaml");
    const run = (expected: string) => {
      writeFileSync(file, cases(expected));
      return ann.jit(["rules", "test", "cases.yaml", "--json"], { cwd: folder });
    };
    expect((await run("refused rules")).code).toBe(0);
    expect((await run("refused")).code).toBe(0);
    const failed = await run("granted");
    expect(failed.code).toBe(20);
    expect(JSON.parse(failed.stdout)).toMatchObject({ failed: 1 });
    const odd = await run("maybe");
    expectError(odd, "FILE_INVALID", 2);
  });
});
