import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sandboxCatalog } from "../../src/cli/sandbox-catalog.ts";
import { clientOptions } from "../support/aws-client.ts";
import { reader, useSandbox } from "../support/fixture.ts";
import type { Machine } from "../support/jit.ts";
import { errorOf, expectError, recordsOf } from "../support/ledger.ts";
import { publishCatalog } from "../support/publish.ts";

/** An emergency from the request to the verdict, with its people, through the real binary. */

const { sandbox, machine } = useSandbox();
let alice: Machine;
let bob: Machine;
let carol: Machine;
let admin: Machine;
let webhook: Server;
const heard: Record<string, unknown>[] = [];

beforeAll(async () => {
  webhook = createServer(async (request, reply) => {
    let body = "";
    for await (const part of request) body += String(part);
    heard.push(JSON.parse(body));
    reply.end();
  });
  await new Promise<void>((done) => webhook.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(webhook.address() as AddressInfo).port}/`;
  admin = await machine("admin");
  const list = `[{ webhook: { url: "${url}", format: json }, on: [breakGlass, issued] }]`;
  await publishCatalog(sandbox(), admin, 2, (yaml) => `${yaml}notifications: ${list}\n`);
  [alice, bob, carol] = [await machine("alice"), await machine("bob"), await machine("carol")];
});
afterAll(() => new Promise((done) => webhook.close(done)));

const why = ["--purpose", "incident", "--reason", "The payroll run fails and must go out today"];
const broken = (...more: string[]) =>
  alice.jit(["request", "payroll:read", "--break-glass", ...why, "--json", ...more]);
const settle = (who: Machine, request: string, ...more: string[]) =>
  who.jit([
    "review-debt",
    "settle",
    request,
    "--verdict",
    "justified",
    "--comment",
    "It had failed",
    "-y",
    "--json",
    ...more,
  ]);
const openNow = async (who: Machine) =>
  (JSON.parse((await who.jit(["review-debt", "--json"])).stdout).open as { request: string }[]).map(
    ({ request }) => request,
  );

describe("an emergency", () => {
  let request = "";

  test("is confirmed: without a terminal by --yes alone", async () => {
    expectError(await broken(), "FLAG_MISSING", 2);
    expect((await recordsOf(sandbox())).filter(({ type }) => type === "request")).toEqual([]);
  });

  test("is explained before: by which rule, who is told, what review follows", async () => {
    const explained = JSON.parse(
      (await alice.jit(["explain", "payroll:read", "--break-glass", "--json"])).stdout,
    );
    expect(explained).toMatchObject({
      decision: { kind: "granted", by: "catalog" },
      role: "arn:aws:iam::111122223333:role/pii-payroll-emergency",
      maximumDuration: 1800,
      breakGlass: {
        told: [`127.0.0.1:${(webhook.address() as AddressInfo).port}`],
        unreviewed: "note",
        reviewers: ["arn:aws:iam::111122223333:user/bob", "arn:aws:iam::111122223333:user/carol"],
        owed: null,
      },
    });
    const everyday = JSON.parse((await alice.jit(["explain", "payroll:read", "--json"])).stdout);
    expect(everyday).toMatchObject({ decision: { kind: "needsApproval" }, breakGlass: null });
    expect((await recordsOf(sandbox())).filter(({ type }) => type === "request")).toEqual([]);
  });

  test("opens the store at once by its own role, and tells so before there is a session", async () => {
    await sandbox().clearCalls();
    const ended = await broken("-y");
    expect(ended.code).toBe(0);
    const session = JSON.parse(ended.stdout);
    expect(session).toMatchObject({
      status: "granted",
      breakGlass: true,
      role: "arn:aws:iam::111122223333:role/pii-payroll-emergency",
    });
    request = session.request;
    expect(heard.map(({ event, breakGlass }) => [event, breakGlass])).toEqual([
      ["breakGlass", true],
      ["issued", true],
    ]);
    expect(ended.stderr).toContain("BREAK-GLASS");
    // The debt and the record are written at the same time, and both before AssumeRole.
    const calls = await sandbox().calls();
    const debt = calls.find(({ resource }) => resource.includes("v1/debt/") && resource.includes(request));
    const assume = calls.find(({ action }) => action === "AssumeRole");
    expect(debt).toMatchObject({ action: "PutObject", status: 200 });
    expect(debt?.end).toBeLessThanOrEqual(assume?.start ?? 0);
  });

  test("is said at every use, and is no session of every day", async () => {
    const read = reader("s3://acme-payroll/salaries/2026-11.json");
    const used = await alice.jit(["exec", "payroll:read", "--break-glass", "--", "true"]);
    expect(used.code).toBe(0);
    expect(used.stderr).toContain("BREAK_GLASS_USED");
    expect((await alice.jit(["status"])).stdout).toMatch(/^BREAK-GLASS payroll:read /);
    expect(JSON.parse((await alice.jit(["status", "--json"])).stdout).sessions).toMatchObject([
      { request, breakGlass: true },
    ]);
    // Every day the store is issued by approvers: the emergency's session does not stand in.
    const everyday = await alice.jit(["exec", "payroll:read", ...why, "--", ...read]);
    expect(everyday.code).toBe(125);
    expect(everyday.stderr).toContain("PENDING");
    // And is used again as what it is.
    expect(JSON.parse((await broken("-y")).stdout)).toMatchObject({ status: "cached", request });
    expect(await openNow(bob)).toEqual([request]);
  });

  test("is told apart from a session of every day, by status and by forget", async () => {
    const terms = ["payroll:read", ...why, "--json"];
    const asked = JSON.parse((await alice.jit(["request", ...terms])).stdout);
    for (const who of [bob, carol])
      expect((await who.jit(["approve", asked.request, "--yes", "--json"])).code).toBe(0);
    expect((await alice.jit(["watch", asked.request])).code).toBe(0);
    // Near midnight an end has its date, and a row folds.
    const stdout = (await alice.jit(["status"])).stdout.replace(/\s+/g, " ");
    expect(stdout).toMatch(new RegExp(`payroll:read [^:]*\\d:\\d\\d \\S+ ${request} \\(break-glass\\)`));
    expect(stdout).toMatch(new RegExp(`payroll:read [^:]*\\d:\\d\\d \\S+ ${asked.request}(?! \\()`));

    const forgotten = await alice.jit(["forget", "payroll:read", "--json"]);
    expect(JSON.parse(forgotten.stdout)).toMatchObject({
      forgotten: [{ request: asked.request, breakGlass: false }],
      notices: [{ code: "BREAK_GLASS_KEPT" }],
    });
    const { sessions } = JSON.parse((await alice.jit(["status", "--json"])).stdout);
    expect(sessions).toMatchObject([{ request, breakGlass: true }]);
  });

  test("reads what the access opens", async () => {
    const listed = await alice.jit([
      "exec",
      "payroll:read",
      "--break-glass",
      "--",
      ...reader("s3://acme-payroll/none"),
    ]);
    expect(listed.stdout).toBe("AccessDenied");
  });

  test("is a debt that its maker is told of, and that only another person who may approve settles", async () => {
    const next = await alice.jit(["request", "orders:read", ...why, "--json"]);
    expect(next.code).toBe(0);
    expect(next.stderr).toContain("BREAK_GLASS_UNREVIEWED");
    expect(next.stderr).toContain(request);
    expect(await openNow(alice)).toEqual([request]);
    expectError(await settle(alice, request), "OWN_REQUEST", 3);
    expectError(await settle(await machine("dave"), request), "REVIEW_NOT_ALLOWED", 3);
    expectError(await settle(bob, "01M86A1MWTZZA6F1Q12XEVP2V0"), "DEBT_UNKNOWN", 12);
    expect(await openNow(bob)).toEqual([request]);
    const missing = await bob.jit([
      "review-debt",
      "settle",
      request,
      "--verdict",
      "justified",
      "-y",
      "--json",
    ]);
    expectError(missing, "FLAG_MISSING", 2);

    const settled = await settle(bob, request);
    expect(settled.code).toBe(0);
    expect(JSON.parse(settled.stdout)).toMatchObject({ request, verdict: "justified" });
    expect(await openNow(carol)).toEqual([]);
    expectError(await settle(carol, request), "DEBT_UNKNOWN", 12);
    const later = await alice.jit(["request", "orders:read", ...why, "--new", "--json"]);
    expect(later.stderr).not.toContain("BREAK_GLASS_UNREVIEWED");
  });

  test("stands first in its story, with the verdict, and in a log that verifies", async () => {
    const auditor = await machine("auditor");
    const shown = await auditor.jit(["audit", "show", request]);
    expect(shown.code).toBe(0);
    // Folded at 80 columns.
    const told = shown.stdout.replaceAll(/\n {2,}/g, " ").split("\n")[0];
    expect(told).toMatch(/^BREAK-GLASS: .*user\/bob found it justified/);
    const verified = await auditor.jit(["audit", "verify", "--json"]);
    expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, byType: { review: 1 } });
    expect(verified.code).toBe(0);
  });

  test("is ended like any other session", async () => {
    const forgotten = await alice.jit(["forget", "payroll:read", "--break-glass", "--json"]);
    expect(JSON.parse(forgotten.stdout)).toMatchObject({
      forgotten: [{ request, breakGlass: true }],
      notices: [],
    });
    const revoked = await bob.jit(["revoke", request, "--reason", "Done with it", "-y", "--json"]);
    expect(JSON.parse(revoked.stdout).sessions).toMatchObject([{ request, revoked: true }]);
  });
});

test("an emergency that nobody has reviewed is a notice of verification", async () => {
  const { request } = JSON.parse((await broken("-y", "--new")).stdout);
  const auditor = await machine("auditor");
  const { findings, ok } = JSON.parse((await auditor.jit(["audit", "verify", "--json"])).stdout);
  expect(ok).toBe(true);
  expect(findings).toMatchObject([{ code: "REVIEW_MISSING", severity: "notice" }]);
  expect(findings[0].object).toContain(request);
  expect((await settle(carol, request)).code).toBe(0);
});

test("who may write debts and who may settle them, the bucket decides", async () => {
  const put = async (who: string, key: string) => {
    const env = await sandbox().environmentOf(who);
    const s3 = new S3Client(clientOptions(sandbox(), env));
    const command = new PutObjectCommand({ Bucket: "jit-audit", Key: key, Body: "{}", IfNoneMatch: "*" });
    return await s3.send(command).then(
      () => "written",
      (error: Error) => error.name,
    );
  };
  const [debt] = (await sandbox().calls()).filter(({ resource }) => resource.includes("v1/debt/"));
  const userid = /v1\/debt\/([^/]+)\//.exec(debt?.resource ?? "")?.[1] ?? "";
  expect(userid).toMatch(/^AIDA/);
  expect(await put("alice", `v1/settled/${userid}/01M86A1MWTZZA6F1Q12XEVP2V0`)).toBe("AccessDenied");
  expect(await put("dave", `v1/debt/${userid}/01M86A1MWTZZA6F1Q12XEVP2V0`)).toBe("AccessDenied");
  expect(await put("alice", `v1/debt/${userid}/01M86A1MWTZZA6F1Q12XEVP2V0`)).toBe("written");
  // A debt without a request: it is listed as what it is, and settles nothing.
  const { open, unclear } = JSON.parse((await bob.jit(["review-debt", "--json"])).stdout);
  expect(open).toEqual([]);
  expect(unclear).toMatchObject([{ userid, code: "REQUEST_NOT_FOUND" }]);
});

describe("where something fails, no session comes of it unseen", () => {
  test("a debt that cannot be written: an abort, and no AssumeRole", async () => {
    await sandbox().fault({
      service: "s3",
      action: "PutObject",
      key: "v1/debt/",
      kind: "status",
      status: 403,
    });
    await sandbox().clearCalls();
    const ended = await broken("-y", "--new");
    expect(ended.code).toBe(8);
    expect(ended.stdout).toBe("");
    expect((await sandbox().calls()).filter(({ action }) => action === "AssumeRole")).toEqual([]);
    expect((await recordsOf(sandbox())).findLast(({ type }) => type === "abort")).toMatchObject({
      step: "request",
      code: "AUDIT_DENIED",
    });
  });

  test("debts that cannot be listed: a note, where the catalog has a note for them", async () => {
    await sandbox().fault({ service: "s3", action: "ListObjectsV2", kind: "status", status: 403 });
    const ended = await alice.jit(["request", "orders:read", ...why, "--new", "--json"]);
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain("DEBT_UNKNOWN");
  });
});

describe("as the catalog has it", () => {
  const rules = (action: string) => `groups:
  engineers: { principals: ["arn:aws:iam::111122223333:user/alice"] }
  owners: { principals: ["arn:aws:iam::111122223333:user/bob"] }
rules: |
  @id("all-ask")
  permit(principal in Group::"engineers", action == Action::"request", resource);
  @id("nobody-needed")
  permit(principal in Group::"engineers", action == Action::"autoApprove", resource in Store::"orders");
  @id("owners-agree")
  permit(principal in Group::"owners", action == Action::"approve", resource);
  @id("emergencies")
  @advice("Call the officer on duty")
  ${action}(principal in Group::"engineers", action == Action::"breakGlass", resource in Store::"payroll");
`;

  test("a rule that names break-glass refuses in its own words, and nothing is written", async () => {
    await publishCatalog(sandbox(), admin, 3, (yaml) => `${yaml}${rules("forbid")}`);
    alice = await machine("alice");
    const before = (await recordsOf(sandbox())).length;
    const ended = await broken("-y");
    expectError(ended, "REFUSED", 3);
    expect(ended.stderr).toContain("Call the officer on duty");
    expect((await recordsOf(sandbox())).length).toBe(before);
    // What the hint names is what can be typed.
    expect(errorOf(ended).hint).toContain("jit explain payroll:read --break-glass");
    const explained = await alice.jit(["explain", "payroll:read", "--break-glass", "--json"]);
    expect(JSON.parse(explained.stdout).decision).toMatchObject({ kind: "refused", rule: "emergencies" });
  });

  test("the next request is refused until the verdict, where there is no grace", async () => {
    const terms = "breakGlass: { unreviewed: refuse, grace: 1s }\n";
    await publishCatalog(sandbox(), admin, 4, (yaml) => `${yaml}${terms}${rules("permit")}`);
    alice = await machine("alice");
    bob = await machine("bob");
    carol = await machine("carol");
    const orders = () => alice.jit(["request", "orders:read", ...why, "--new", "--json"]);
    // The debt of before, under which nothing was ever recorded, opened nothing.
    expectError(await orders(), "BREAK_GLASS_UNREVIEWED", 3);
    const settled = await settle(bob, "01M86A1MWTZZA6F1Q12XEVP2V0");
    expect(JSON.parse(settled.stdout)).toEqual({ request: "01M86A1MWTZZA6F1Q12XEVP2V0", verdict: null });
    expect((await orders()).code).toBe(0);

    const { request } = JSON.parse((await broken("-y")).stdout);
    await sandbox().advanceClock(5);
    const refused = await orders();
    expectError(refused, "BREAK_GLASS_UNREVIEWED", 3);
    const explained = await alice.jit(["explain", "payroll:read", "--break-glass", "--json"]);
    expect(JSON.parse(explained.stdout)).toMatchObject({
      decision: { kind: "granted", by: "emergencies" },
      breakGlass: { unreviewed: "refuse", grace: 1, owed: { refuses: true } },
    });
    expect(refused.stderr).toContain(request);
    await sandbox().fault({ service: "s3", action: "ListObjectsV2", kind: "status", status: 403 });
    expectError(await orders(), "AUDIT_DENIED", 8);
    await sandbox().clearFaults();
    // carol is not of the owners, whom the rules let approve.
    expectError(await settle(carol, request), "REVIEW_NOT_ALLOWED", 3);
    expect((await settle(bob, request)).code).toBe(0);
    expect((await orders()).code).toBe(0);
  });

  test("a store without it has none", async () => {
    const ended = await alice.jit(["request", "orders:read", "--break-glass", ...why, "-y", "--json"]);
    expectError(ended, "BREAK_GLASS_UNAVAILABLE", 3);
  });
});

test("a catalog whose rules forget emergencies is told so when it is checked", async () => {
  const check = async (actions: string) => {
    const rules = `rules: |\n  @id("all")\n  permit(principal, action in [${actions}], resource);\n`;
    writeFileSync(join(admin.home, "jit.yaml"), `${sandboxCatalog}${rules}`);
    const { code, stdout } = await admin.jit(["catalog", "check", "--json"], { cwd: admin.home });
    return [code, JSON.parse(stdout).notices.map((notice: { code: string }) => notice.code)];
  };
  expect(await check('Action::"request"')).toEqual([0, ["BREAK_GLASS_UNRULED"]]);
  expect(await check('Action::"request", Action::"breakGlass"')).toEqual([0, []]);
});
