import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { useSandbox, why } from "../support/fixture.ts";
import type { Ended, Machine } from "../support/jit.ts";
import { expectError } from "../support/ledger.ts";
import { publishCatalog } from "../support/publish.ts";

/** What AWS and the CI service signed about who asks: in the record with its proof, and as a ground for rules. */

const { sandbox, machine } = useSandbox();
const engineer = "c4d8a4e8-7051-70aa-1c11-5b1d6d1e2f30";

const rules = `groups:
  frank:
    users: [${engineer}]
  engineers:
    tags: { team: [engineering] }
rules: |
  @id("frank-reads")
  permit(principal in Group::"frank", action in [Action::"request", Action::"autoApprove"], resource == Access::"customers:read");
  @id("engineers-orders")
  permit(principal in Group::"engineers", action in [Action::"request", Action::"autoApprove"], resource in Store::"orders");
  @id("engineers-write")
  permit(principal in Group::"engineers", action == Action::"request", resource == Access::"customers:write");
  @id("bob-approves")
  permit(principal, action == Action::"approve", resource) when { principal has user && principal.user == "bob" };
  @id("pipeline")
  permit(principal, action in [Action::"request", Action::"autoApprove"], resource == Access::"orders:read")
  when { context.attested has ci && context.attested.ci has repository && context.attested.ci.repository == "acme/shop"
    && context.attested.ci has ref && context.attested.ci.ref == "refs/heads/main" };
`;

beforeAll(async () => {
  await publishCatalog(sandbox(), await machine("admin"), 2, (yaml) => `${yaml}${rules}`);
});

const ask = (who: Machine, target: string, env = {}): Promise<Ended> =>
  who.jit(["request", target, ...why, "--for", "10m", "--new", "--json"], { env });

async function recordOf(who: Machine, ended: Ended): Promise<{ attested: Record<string, string> }> {
  expect(ended).toMatchObject({ code: 0 });
  const shown = await who.jit(["audit", "show", JSON.parse(ended.stdout).request, "--json"]);
  expect(shown.code).toBe(0);
  return JSON.parse(shown.stdout).entries[0].record;
}

const withoutProofs = (attested: Record<string, string>) =>
  Object.fromEntries(Object.entries(attested).filter(([name]) => !name.startsWith("proof.")));

test("a person of Identity Center, by id and by tag, with a proof that the auditor checks", async () => {
  const frank = await machine("frank");
  const { attested } = await recordOf(frank, await ask(frank, "customers:read"));
  expect(withoutProofs(attested)).toEqual({
    account: "111122223333",
    "identityCenter.userId": engineer,
    "tag.team": "engineering",
  });
  expect(attested["proof.aws.1"]).toMatch(/^ey/);
  expect((await ask(frank, "orders:read")).code).toBe(0);
  const shown = await frank.jit([
    "audit",
    "show",
    JSON.parse((await ask(frank, "orders:read")).stdout).request,
  ]);
  expect(shown.stdout).toContain("tag.team engineering");
  expect(shown.stdout).not.toContain("proof.");
  const verified = await (await machine("auditor")).jit(["audit", "verify", "--json"]);
  expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, findings: [] });
});

test("who approves judges the request by what it proves", async () => {
  const frank = await machine("frank");
  const asked = await ask(frank, "customers:write");
  expect(asked.code).toBe(4);
  const { request } = JSON.parse(asked.stdout);
  const bob = await machine("bob");
  const approved = await bob.jit(["approve", request, "-y", "--json"]);
  expect(approved).toMatchObject({ code: 0 });
  expect((await (await machine("auditor")).jit(["audit", "verify"])).code).toBe(0);
});

test("an IAM user has no such attributes, and what only the environment says counts for nothing", async () => {
  const alice = await machine("alice", {
    GITHUB_ACTIONS: "true",
    CI: "true",
    GITHUB_REPOSITORY: "acme/shop",
    GITHUB_REF: "refs/heads/main",
  });
  expectError(await ask(alice, "orders:read"), "REFUSED", 3);
});

test("a pipeline's job, by the token of its CI service; without it nothing", async () => {
  const ci = await machine("ci");
  const { attested } = await recordOf(ci, await ask(ci, "orders:read"));
  expect(withoutProofs(attested)).toMatchObject({
    "ci.provider": "GitHub Actions",
    "ci.issuer": "https://token.actions.githubusercontent.com",
    "ci.repository": "acme/shop",
    "ci.ref": "refs/heads/main",
    "ci.run": "1",
    federatedProvider: "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com",
  });
  for (const change of [
    { ACTIONS_ID_TOKEN_REQUEST_TOKEN: "wrong" },
    { ACTIONS_ID_TOKEN_REQUEST_URL: undefined },
    { ACTIONS_ID_TOKEN_REQUEST_URL: "http://tokens.example/" },
  ]) {
    expectError(await ask(ci, "orders:read", change), "REFUSED", 3);
  }
});

test("the statement comes with the identity, and is not asked for again within five minutes", async () => {
  const frank = await machine("frank");
  expect((await ask(frank, "orders:read")).code).toBe(0);
  expect((await frank.jit(["forget", "--all"])).code).toBe(0);
  await sandbox().clearCalls();
  expect((await ask(frank, "orders:read")).code).toBe(0);
  expect((await sandbox().calls()).map(({ action }) => action)).toEqual([
    "PutObject",
    "AssumeRole",
    "PutObject",
  ]);
  expect((await frank.jit(["forget", "--all"])).code).toBe(0);
  await frank.run("rm", ["-rf", join(frank.home, ".cache/jit/identities")]);
  await sandbox().clearCalls();
  expect((await ask(frank, "orders:read")).code).toBe(0);
  const calls = (await sandbox().calls()).map(({ action }) => action);
  expect(calls.slice(0, 2).sort()).toEqual(["GetCallerIdentity", "GetWebIdentityToken"]);
  expect(calls.slice(2)).toEqual(["PutObject", "AssumeRole", "PutObject"]);
});

test("where the account offers no statement, nothing is attested, and rules that need it refuse", async () => {
  const frank = await machine("frank");
  await sandbox().fault({
    service: "sts",
    action: "GetWebIdentityToken",
    kind: "status",
    status: 403,
    code: "OutboundWebIdentityFederationDisabledException",
  });
  expectError(await ask(frank, "orders:read"), "REFUSED", 3);
});
