import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  GetBucketPolicyCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { beforeAll, describe, expect, test } from "vitest";
import { type AppendPorts, appendRecord } from "../../src/audit/append.ts";
import { readEnvelope } from "../../src/audit/envelope.ts";
import type { AuditRecord, IssueBody } from "../../src/audit/types.ts";
import { cloudTrail } from "../../src/aws/cloudtrail.ts";
import { bucketStore } from "../../src/aws/record-store.ts";
import { ServerClock } from "../../src/aws/server-clock.ts";
import { openWriter } from "../../src/local/key-store.ts";
import { fileLock } from "../../src/local/lock.ts";
import { clientOptions } from "../support/aws-client.ts";
import { copyTrail, trailObjects } from "../support/copy-trail.ts";
import { reader, useSandbox, why } from "../support/fixture.ts";
import type { Machine } from "../support/jit.ts";
import { expectError, expectHarmless } from "../support/ledger.ts";

/** A day of an organization, told by CloudTrail and by the records; then what somebody did to it. In this order. */

const { sandbox, machine } = useSandbox();
const role = "arn:aws:iam::111122223333:role/pii-customers";
const profile = "s3://acme-customers/profiles/0007.json";
let alice: Machine;
let auditor: Machine;
let keeper: Machine;

let since = "";
let request = "";

beforeAll(async () => {
  [alice, auditor, keeper] = [await machine("alice"), await machine("auditor"), await machine("keeper")];
  await trailOf(await machine("admin"))("PutEventSelectors", {
    TrailName: "acme",
    EventSelectors: [
      { DataResources: [{ Type: "AWS::S3::Object", Values: ["arn:aws:s3:::acme-customers/"] }] },
    ],
  });
  // The day begins after that change.
  await sandbox().advanceClock(2);
  since = `${(await serverTime()).toISOString().slice(0, 19)}Z`;
  request = await open();
  // Before the clock moves: programs that read do not know the sandbox's time.
  const leased = await alice.jit(["exec", "--lease", "5m", "customers:read", "--", ...reader(profile)]);
  const used = await alice.jit(["exec", "customers:read", "--", ...reader(profile)]);
  expect([leased.code, used.code]).toEqual([0, 0]);
  await sandbox().deliverTrail();
  await later();
  await later();
  await sandbox().deliverTrail();
}, 60_000);

async function serverTime(): Promise<Date> {
  const { headers } = await fetch(`${sandbox().url}/_sandbox/clock`);
  return new Date(headers.get("date") ?? "");
}

const clientOf = ({ env }: Machine, region?: string) => clientOptions(sandbox(), env, region);

async function reconcile(who: Machine, ...flags: readonly string[]) {
  const sources = flags.some((flag) => flag.startsWith("--trail")) ? [] : ["--regions", "eu-central-1"];
  const ended = await who.jit(["audit", "reconcile", "--json", "--since", since, ...sources, ...flags]);
  expect(ended.stderr).toBe("");
  const report = JSON.parse(ended.stdout);
  const codes = report.findings.map(({ code }: { code: string }) => code);
  return { exit: ended.code, codes, report, text: ended.stdout };
}

async function open(): Promise<string> {
  const { code, stdout } = await alice.jit(["request", "customers:read", "--new", ...why, "--json"]);
  expect(code).toBe(0);
  return JSON.parse(stdout).request;
}

/** Late events count as missing after a quarter of an hour. */
const later = async () => await sandbox().advanceClock(20 * 60);

/** As `jit request` does it, but by hand, and with what is given. */
async function assume(more: object = {}): Promise<string> {
  const sts = new STSClient({ ...clientOf(alice) });
  const reply = await sts.send(
    new AssumeRoleCommand({
      RoleArn: role,
      RoleSessionName: "jit-by-hand",
      SourceIdentity: "alice",
      Tags: [{ Key: "jit:request", Value: "none" }],
      ...more,
    }),
  );
  return reply.Credentials?.AccessKeyId ?? "";
}

/** CloudTrail as that person calls it. */
function trailOf(who: Machine) {
  const { credentials, endpoint, region } = clientOf(who);
  return cloudTrail({
    aws: { common: { credentials: async () => credentials } } as never,
    region,
    endpoint,
    hosts: [new URL(endpoint).host],
    clock: new ServerClock(Date.now),
    wait: async () => undefined,
  });
}

/** The last issue record of the log. */
async function lastIssue(): Promise<AuditRecord<"issue">> {
  const s3 = new S3Client(clientOf(auditor));
  const { Contents = [] } = await s3.send(
    new ListObjectsV2Command({ Bucket: "jit-audit", Prefix: "v1/rec/" }),
  );
  const name = Contents.findLast(({ Key = "" }) => Key.endsWith(".issue.jws"))?.Key;
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: "jit-audit", Key: name }));
  s3.destroy();
  const opened = readEnvelope((await Body?.transformToByteArray()) ?? new Uint8Array());
  if (!opened.ok || opened.record.type !== "issue") throw new Error("no issue record");
  return opened.record;
}

/** Writes an issue record with that machine's own key, true but for what is changed. */
async function forge(who: Machine, like: AuditRecord<"issue">, change: Partial<IssueBody>): Promise<void> {
  const { share, state } = {
    share: join(who.home, ".local/share/jit"),
    state: join(who.home, ".local/state/jit"),
  };
  const writer = await openWriter(
    {
      keys: join(share, "keys"),
      chains: join(state, "chains"),
      fingerprint: like.log,
      userid: like.by.userid,
    },
    fileLock(join(state, "locks")),
  );
  const s3 = new S3Client(clientOf(who));
  const now = await serverTime();
  const ports: AppendPorts = {
    store: bucketStore({ s3, bucket: "jit-audit", account: undefined, wait: async () => undefined }),
    ...writer,
    clock: { now: () => now },
    random: { bytes: randomBytes },
    writer: { log: like.log, by: like.by, client: like.client, catalog: like.catalog, seen: "-" },
    statement: async () => undefined,
  };
  const { requestHash, decisions, renews, role, sessionName, sourceIdentity, tags, assumedRoleId } = like;
  const { accessKeyId, durationSeconds, expiration, notAfter, policy, policySha256, packed, sealed } = like;
  const told = { requestHash, decisions, renews, role, sessionName, sourceIdentity, tags, assumedRoleId };
  const rest = { accessKeyId, durationSeconds, expiration, notAfter, policy, policySha256, packed, sealed };
  await appendRecord(ports, {
    type: "issue",
    request: like.request,
    body: () => ({ ...told, ...rest, ...change }),
  });
  s3.destroy();
}

describe("a clean day", () => {
  test("of which nothing can be read is no clean day", async () => {
    const empty = join(auditor.home, "no-trail");
    mkdirSync(empty);
    for (const flags of [[], ["--strict"]]) {
      const { exit, codes, report } = await reconcile(auditor, "--trail-dir", empty, ...flags);
      expect({ exit, codes: new Set(codes) }).toEqual({ exit: 21, codes: new Set(["ACCOUNT_NOT_COVERED"]) });
      expect(report).toMatchObject({ ok: false, compared: false, events: 0 });
    }
    const printed = await auditor.jit(["audit", "reconcile", "--trail-dir", empty]);
    expect(printed).toMatchObject({ code: 21, stdout: expect.stringContaining("nothing was compared") });
    expect(printed.stdout).not.toContain("✓");
  });

  test("reconciles with the event history", async () => {
    const { exit, codes, report } = await reconcile(auditor);
    // The audit account has a trail of its own.
    expect({ exit, codes }).toEqual({ exit: 0, codes: ["ACCOUNT_NOT_COVERED"] });
    expect(report).toMatchObject({ ok: true, sessions: 1, explained: 1, leases: 1, dataServices: [] });
    expect((await reconcile(auditor, "--strict")).exit).toBe(20);
    const printed = await auditor.jit(["audit", "reconcile", "--regions", "eu-central-1", "--since", since]);
    expect(printed.code).toBe(0);
    expect(printed.stdout.split("\n")[0]).toContain("no data events");
    expectHarmless(printed);
  });

  test("reconciles with the trail's files, their digests checked; they tell what was touched", async () => {
    const { exit, codes, report, text } = await reconcile(auditor, "--trail", "s3://acme-trail", "--strict");
    expect({ exit, codes }).toEqual({ exit: 0, codes: [] });
    expect(report).toMatchObject({ sessions: 1, explained: 1, dataServices: ["s3.amazonaws.com"] });
    expect(report.accounts).toEqual(expect.arrayContaining(["111122223333", "444455556666"]));
    expect(text).not.toMatch(/SecretAccessKey|SessionToken/);
    expect(report.touched).toMatchObject([
      { request, resources: [["arn:aws:s3:::acme-customers/profiles/0007.json", 2]] },
    ]);
  });

  test("reconciles with a copy of them, if CloudTrail's keys are at hand", async () => {
    const copy = join(auditor.home, "trail");
    const keys = join(auditor.home, "keys.json");
    await copyTrail(sandbox(), auditor, copy);
    const unsigned = await reconcile(auditor, "--trail-dir", copy);
    expect(unsigned.exit).toBe(0);
    expect(new Set(unsigned.codes)).toEqual(new Set(["TRAIL_UNSIGNED"]));
    writeFileSync(keys, JSON.stringify(await trailOf(auditor)("ListPublicKeys", {})));
    expect(await reconcile(auditor, "--trail-dir", copy, "--trail-keys", keys)).toMatchObject({
      exit: 0,
      codes: [],
      report: { sessions: 1, explained: 1, pending: 0 },
    });
  });
});

describe("what somebody did", () => {
  test("alice assumes the role without jit", async () => {
    const accessKeyId = await assume();
    const { exit, report, codes } = await reconcile(auditor);
    expect({ exit, codes }).toEqual({
      exit: 20,
      codes: expect.arrayContaining(["SESSION_UNRECORDED"]),
    });
    const [found] = report.findings;
    expect(found.message).toContain("user/alice");
    expect(found.message).toContain(accessKeyId);
  });

  test("alice's machine forges a record, and records another policy than her session has", async () => {
    const before = (await reconcile(auditor)).codes.length;
    const like = await lastIssue();
    await forge(alice, like, { accessKeyId: "ASIAFORGEDFORGED0001" });
    const sessionName = like.sessionName;
    const accessKeyId = await assume({
      RoleSessionName: sessionName,
      DurationSeconds: like.durationSeconds,
      Tags: Object.entries(like.tags).map(([Key, Value]) => ({ Key, Value })),
    });
    await forge(alice, like, { accessKeyId });
    await later();
    const { exit, codes } = await reconcile(auditor);
    expect(exit).toBe(20);
    expect(codes.length).toBeGreaterThan(before);
    expect(codes).toEqual(expect.arrayContaining(["RECORD_UNMATCHED", "SESSION_POLICY_DIFFERS"]));
    expect(codes.filter((code: string) => code === "SESSION_UNRECORDED").length).toBe(1);
    // Names of records are longer than a line: each stands alone, to be copied.
    const printed = (await auditor.jit(["audit", "reconcile"])).stdout.split("\n");
    expect(printed.filter((line) => line.length > 80 && line.trim().includes(" "))).toEqual([]);
    expect(printed.some((line) => line.startsWith("  v1/rec/"))).toBe(true);
  });

  test("a log file of the trail is altered", async () => {
    const objects = await trailObjects(sandbox(), auditor);
    const log = objects.find((name) => name.includes("_CloudTrail_eu-central-1_")) ?? "";
    await sandbox().tamper("acme-trail", log);
    const { exit, codes } = await reconcile(auditor, "--trail", "s3://acme-trail");
    expect(exit).toBe(20);
    expect(codes.some((code: string) => /^TRAIL_FILE_(ALTERED|UNREADABLE)$/.test(code))).toBe(true);
  });

  test("the keeper changes the audit bucket's policy", async () => {
    const before = (await reconcile(keeper)).codes;
    expect(before).toEqual(["ACCOUNT_NOT_COVERED"]);
    const s3 = new S3Client(clientOf(keeper));
    const { Policy } = await s3.send(new GetBucketPolicyCommand({ Bucket: "jit-audit" }));
    await s3.send(new PutBucketPolicyCommand({ Bucket: "jit-audit", Policy }));
    s3.destroy();
    const { exit, codes } = await reconcile(keeper);
    expect({ exit, codes }).toEqual({ exit: 20, codes: ["BUCKET_POLICY_CHANGED", "ACCOUNT_NOT_COVERED"] });
  });

  test.each([
    [["--regions", "nowhere"], "USAGE", 2],
    [["--since", "120d"], "TRAIL_TOO_OLD", 2],
    [["--since", "soon"], "TIME_INVALID", 2],
    [["--trail", "acme-trail"], "USAGE", 2],
    [["--trail", "s3://no-such-trail"], "TRAIL_MISSING", 8],
    [["--trail-keys", "keys.json"], "USAGE", 2],
    [["--trail-dir", "nowhere"], "FILE_UNREADABLE", 2],
  ] as const)("%j is refused with %s", async (flags, code, exit) => {
    expectError(await auditor.jit(["audit", "reconcile", "--json", ...flags]), code, exit);
  });

  test("who may not read CloudTrail is told so", async () => {
    expectError(await alice.jit(["audit", "reconcile", "--json"]), "TRAIL_DENIED", 8);
  });
});
