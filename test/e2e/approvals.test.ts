import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { reader, useSandbox, why } from "../support/fixture.ts";
import type { Ended, Machine } from "../support/jit.ts";
import {
  assumedRoles,
  expectError,
  expectHarmless,
  recordsOf,
  unrecordedSessions,
} from "../support/ledger.ts";

/** Approvals through the real binary: alice asks for the payroll, which approvers alone can issue; bob and carol are two. */

const { sandbox, machine } = useSandbox();
const salaries = "s3://acme-payroll/salaries/2026-11.csv";

let alice: Machine;
let bob: Machine;
let carol: Machine;
beforeEach(async () => {
  [alice, bob, carol] = await Promise.all([machine("alice"), machine("bob"), machine("carol")]);
});

const asks = (who: Machine, ...more: string[]) =>
  who.jit(["request", "payroll:read", ...why, "--json", ...more]);
const approves = (who: Machine, request: string, ...more: string[]) =>
  who.jit(["approve", request, "--yes", "--json", ...more]);

/** Asks, and gives the request's id. */
async function asked(who = alice): Promise<string> {
  const ended = await asks(who);
  expect(ended.code).toBe(4);
  expectHarmless(ended);
  const { status, request, quorum } = JSON.parse(ended.stdout);
  expect({ status, quorum }).toEqual({ status: "pending", quorum: 2 });
  return request;
}

async function issued(request: string): Promise<number> {
  return (await recordsOf(sandbox())).filter((one) => one.request === request && one.type === "issue").length;
}

async function read(who: Machine): Promise<Ended> {
  return await who.jit(["exec", "payroll:read", "--", ...reader(salaries)]);
}

async function expectVerified(): Promise<void> {
  const verified = await (await machine("auditor")).jit(["audit", "verify", "--json"]);
  expect(
    JSON.parse(verified.stdout).findings.filter(
      ({ severity }: { severity: string }) => severity === "invalid",
    ),
  ).toEqual([]);
  expect(await unrecordedSessions(sandbox())).toEqual([]);
}

describe("two approvals", () => {
  test("make a session that only the requester's machine opens, and that reads", async () => {
    const waiting = asks(alice, "--wait");
    const request = await pendingOf(bob, 0);
    const first = await approves(bob, request, "--comment", "asked at the stand-up");
    expect(JSON.parse(first.stdout)).toMatchObject({ status: "waiting", missing: 1 });
    expect(await pendingOf(carol, 1)).toBe(request);
    const second = await approves(carol, request);
    expect(second.code).toBe(0);
    expect(JSON.parse(second.stdout)).toMatchObject({ status: "issued" });
    expect(second.stdout + second.stderr).not.toMatch(/secret|token/i);

    const ended = await waiting;
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject({ status: "granted", request });
    expect((await read(alice)).stdout).toContain("salary");
    expect((await alice.jit(["credentials", "payroll:read"])).code).toBe(0);
    expect(JSON.parse((await alice.jit(["status", "--json"])).stdout)).toMatchObject({ waiting: [] });

    // Neither the approver nor the requester elsewhere holds the key.
    expectError(await carol.jit(["watch", request, "--json"]), "REQUEST_NOT_OURS", 12);
    const elsewhere = await machine("alice");
    expectError(await elsewhere.jit(["watch", request, "--json"]), "REQUEST_NOT_OURS", 12);
    await expectVerified();
  });

  test("are picked up later by the same request, by any command", async () => {
    const request = await asked();
    const again = await asks(alice);
    expect([again.code, JSON.parse(again.stdout).request]).toEqual([4, request]);
    const waiting = JSON.parse((await alice.jit(["status", "--json"])).stdout).waiting;
    expect(waiting).toMatchObject([{ request, targets: ["payroll:read"], quorum: 2 }]);
    await approves(bob, request);
    await approves(carol, request);
    const ended = await read(alice);
    expect([ended.code, ended.stdout.split("\n")[0]]).toEqual([0, "id,name,salary"]);
    expect(await issued(request)).toBe(1);
    await expectVerified();
  });

  test("at once issue once", async () => {
    const request = await asked();
    await Promise.all([approves(bob, request), approves(carol, request)]);
    // Whoever came second may have found the other's approval or not; one more run settles it.
    await Promise.all([approves(bob, request), approves(carol, request)]);
    expect(await issued(request)).toBe(1);
    const sessions = (await assumedRoles(sandbox())).filter((one) => one.request === request);
    expect(sessions).toHaveLength(1);
    expect((await alice.jit(["watch", request, "--json"])).code).toBe(0);
    await expectVerified();
  });
});

/** The newest request that waits, with so many approvals. */
async function pendingOf(who: Machine, approvals: number): Promise<string> {
  for (let attempt = 0; ; attempt += 1) {
    const ended = await who.jit(["pending", "--json"]);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    const { pending } = JSON.parse(ended.stdout);
    const last = pending.at(-1);
    if (last?.approvals.length === approvals) return last.request;
    if (attempt === 20) throw new Error(`nothing waits with ${approvals} approvals: ${ended.stdout}`);
  }
}

describe("each answer of its own", () => {
  test("the own request, on another machine too; what is not yours; twice; and nothing was issued", async () => {
    const own = await asked(bob);
    expectError(await approves(bob, own), "OWN_REQUEST", 3);
    expectError(await approves(await machine("bob"), own), "OWN_REQUEST", 3);
    expectError(await approves(await machine("dave"), own), "APPROVE_NOT_ALLOWED", 3);
    expect((await approves(carol, own)).code).toBe(0);
    expectError(await approves(carol, own), "APPROVED_ALREADY", 3);
    // Carol on a second machine is still one person.
    expectError(await approves(await machine("carol"), own), "APPROVED_ALREADY", 3);
    expect(await issued(own)).toBe(0);
    expect((await asks(bob)).code).toBe(4);
  });

  test("what was denied, with the reason; what was issued; what never was", async () => {
    const waiting = asks(alice, "--wait");
    const request = await pendingOf(bob, 0);
    expectError(await bob.jit(["deny", request, "--yes", "--json"]), "FLAG_MISSING", 2);
    expectError(
      await (await machine("dave")).jit(["deny", request, "--yes", "--reason", "no", "--json"]),
      "APPROVE_NOT_ALLOWED",
      3,
    );
    const denied = await bob.jit(["deny", request, "--yes", "--reason", "ask people first", "--json"]);
    expect(JSON.parse(denied.stdout)).toEqual({ request, status: "denied" });
    const ended = await waiting;
    expectError(ended, "REQUEST_DENIED", 5);
    expect(ended.stderr).toContain("ask people first");
    expectError(await approves(carol, request), "REQUEST_DENIED", 5);
    expectError(await approves(carol, "01ARYZ6S41TSV4RRFFQ69G5FAV"), "REQUEST_NOT_FOUND", 12);
    expectError(await approves(carol, "nonsense"), "REQUEST_ID_INVALID", 2);
    expectError(await carol.jit(["approve", request, "--json"]), "FLAG_MISSING", 2);

    const next = await asked();
    await approves(bob, next);
    await approves(carol, next);
    expectError(await approves(bob, next), "REQUEST_ISSUED", 3);
    expectError(await bob.jit(["deny", next, "--yes", "--reason", "no", "--json"]), "REQUEST_ISSUED", 3);
  });

  test("the requester withdraws it", async () => {
    const request = await asked();
    expect((await alice.jit(["deny", request, "--yes", "--reason", "a mistake", "--json"])).code).toBe(0);
    expectError(await approves(bob, request), "REQUEST_DENIED", 5);
    expect(
      JSON.parse((await bob.jit(["pending", "--json"])).stdout).pending.map(
        (one: { request: string }) => one.request,
      ),
    ).not.toContain(request);
  });
});

describe("AWS does not answer", () => {
  const steps: readonly [string, Record<string, unknown>, string, number][] = [
    [
      "reading the request",
      { action: "ListObjectsV2", status: 403, code: "AccessDenied" },
      "AUDIT_DENIED",
      8,
    ],
    [
      "the approval",
      { action: "PutObject", key: ".approval.jws", status: 403, code: "AccessDenied" },
      "AUDIT_DENIED",
      8,
    ],
    [
      "the claim",
      { action: "PutObject", key: "v1/claim/", status: 403, code: "AccessDenied" },
      "AUDIT_DENIED",
      8,
    ],
    ["AssumeRole", { action: "AssumeRole", status: 503 }, "AWS_THROTTLED", 9],
    ["AssumeRole, refused", { action: "AssumeRole", status: 403, code: "AccessDenied" }, "STS_DENIED", 8],
  ];
  test.each(
    steps,
  )("at %s: nothing is handed out, and the same command goes on", async (_, rule, code, exit) => {
    const request = await asked();
    await approves(bob, request);
    await sandbox().fault({ kind: "status", ...rule });
    expectError(await approves(carol, request), code, exit);
    await sandbox().clearFaults();
    expect(await issued(request)).toBe(0);
    expect(JSON.parse((await approves(carol, request)).stdout)).toMatchObject({ status: "issued" });
    expect((await alice.jit(["watch", request, "--json"])).code).toBe(0);
    await expectVerified();
  });

  test("to the request: it is asked anew, and what was half asked is aborted", async () => {
    const fault = {
      kind: "status",
      action: "PutObject",
      key: ".request.jws",
      status: 403,
      code: "AccessDenied",
    };
    await sandbox().fault(fault);
    expectError(await asks(alice), "AUDIT_DENIED", 8);
    const before = JSON.parse((await alice.jit(["status", "--json"])).stdout);
    expect([before.waiting, before.pending.length]).toEqual([[], 1]);
    const [{ request: half }] = before.pending;
    await sandbox().clearFaults();
    expect(await asked()).not.toBe(half);
    const shown = JSON.parse((await bob.jit(["audit", "show", half, "--json"])).stdout);
    expect(shown.state).toBe("aborted");
    expect(JSON.parse((await alice.jit(["status", "--json"])).stdout).waiting).toHaveLength(1);
  });

  test("to the issue record: it is kept, and the next run hands the session over", async () => {
    const request = await asked();
    await approves(bob, request);
    await sandbox().fault({
      kind: "status",
      action: "PutObject",
      key: ".issue.jws",
      status: 403,
      code: "AccessDenied",
    });
    expectError(await approves(carol, request), "AUDIT_DENIED", 8);
    expectError(await approves(bob, request), "CLAIM_TAKEN", 3);
    await sandbox().clearFaults();
    expect(JSON.parse((await approves(carol, request)).stdout)).toMatchObject({ status: "issued" });
    expect(await issued(request)).toBe(1);
    expect((await assumedRoles(sandbox())).filter((one) => one.request === request)).toHaveLength(1);
    expect((await alice.jit(["watch", request, "--json"])).code).toBe(0);
    await expectVerified();
  });

  test("where a reply of STS was lost, it takes a new request, and the requester is told", async () => {
    const request = await asked();
    await approves(bob, request);
    await sandbox().fault({ action: "AssumeRole", kind: "lostReply", count: 1 });
    expectError(await approves(carol, request), "STS_REPLY_LOST", 9);
    expectError(await approves(carol, request), "REQUEST_ABORTED", 6);
    expectError(await alice.jit(["watch", request, "--json"]), "REQUEST_ABORTED", 6);
    expect(await issued(request)).toBe(0);
    await expectVerified();
  });

  test("while the requester waits: it goes on waiting", async () => {
    const request = await asked();
    await approves(bob, request);
    await sandbox().fault({ kind: "status", service: "s3", status: 503, count: 4 });
    const waiting = alice.jit(["watch", request, "--json"]);
    await new Promise((done) => setTimeout(done, 500));
    await sandbox().clearFaults();
    await approves(carol, request);
    expect((await waiting).code).toBe(0);
  });
});

test("a request whose catalog has changed is approved by nobody", async () => {
  const request = await asked();
  await approves(bob, request);
  const admin = await machine("admin");
  const folder = join(admin.home, "organization");
  cpSync(dirname(sandbox().catalog), folder, { recursive: true });
  const catalog = join(folder, "jit.yaml");
  writeFileSync(catalog, readFileSync(catalog, "utf8").replace("version: 1", "version: 2"));
  expect((await admin.jit(["catalog", "sign", catalog, "--key", join(folder, "admin.jwk")])).code).toBe(0);
  expect((await admin.jit(["catalog", "publish", catalog])).code).toBe(0);
  const fresh = await machine("carol");
  expectError(await approves(fresh, request), "REQUEST_CATALOG_CHANGED", 6);
  expect(await issued(request)).toBe(0);
});

test("what nobody decides runs out", async () => {
  const request = await asked(await machine("alice"));
  await sandbox().advanceClock(4 * 3600 + 60);
  const late = await machine("carol");
  expectError(await approves(late, request), "REQUEST_EXPIRED", 6);
  expect(JSON.parse((await late.jit(["pending", "--json"])).stdout).pending).toEqual([]);
});
