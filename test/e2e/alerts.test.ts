import { createHmac } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clientOptions } from "../support/aws-client.ts";
import { useSandbox, why } from "../support/fixture.ts";
import type { Machine } from "../support/jit.ts";
import { errorOf, expectError } from "../support/ledger.ts";

/** What must be looked at, as it comes and goes over two days of the sandbox's clock. In this order. */

const { sandbox, machine } = useSandbox();
let alice: Machine;
let auditor: Machine;
let webhook: Server;
let url = "";
let status = 200;
let heard: { readonly signature: string | undefined; readonly text: string }[] = [];

beforeAll(async () => {
  webhook = createServer(async (request, reply) => {
    let text = "";
    for await (const part of request) text += String(part);
    heard.push({ signature: request.headers["jit-signature"]?.toString(), text });
    reply.statusCode = status;
    reply.end();
  });
  await new Promise<void>((done) => webhook.listen(0, "127.0.0.1", done));
  url = `http://127.0.0.1:${(webhook.address() as AddressInfo).port}/alerts`;
  [alice, auditor] = await Promise.all([machine("alice"), machine("auditor")]);
});
afterAll(() => new Promise((done) => webhook.close(done)));

async function alerts(...flags: readonly string[]) {
  const since = flags.includes("--since") ? [] : ["--since", "72h"];
  const args = ["audit", "alerts", "--regions", "eu-central-1", ...since, ...flags];
  const { code, stdout, stderr } = await auditor.jit([...args, "--json"]);
  const said = stdout === "" ? { alerts: [], checks: [], sent: null } : JSON.parse(stdout);
  const kinds = said.alerts.map(({ kind }: { kind: string }) => kind);
  return { code, kinds, said, stderr };
}
const pass = async (minutes: number) => await sandbox().advanceClock(minutes * 60);
const keyFile = (name: string) => join(dirname(sandbox().catalog), name);
const sealNow = async () =>
  expect((await auditor.jit(["audit", "seal", "--key", keyFile("log.jwk")])).code).toBe(0);
const cosign = async () => {
  const witness = await machine("witness");
  const state = join(auditor.home, "witness.json");
  const ended = await witness.jit(["audit", "witness", "--key", keyFile("witness.jwk"), "--state", state]);
  expect(ended.code).toBe(0);
};

/** On a machine whose clock is far behind the session is over at once; its records count all the same. */
const askLater = async () => {
  expect((await alice.jit(["request", "orders:read", "--new", ...why])).code).toBe(6);
};

test("where nothing happened all is quiet", async () => {
  const { code, said } = await alerts();
  expect([code, said.alerts, said.sent]).toEqual([0, [], null]);
  expect(said.checks).toEqual(
    ["bypass", "emergencies", "seal", "witness"].map((name) => ({ name, state: "ok", code: null })),
  );
});

let emergency = "";

test("an emergency at once; what still has time says nothing", async () => {
  expect((await alice.jit(["request", "customers:read", ...why])).code).toBe(0);
  const asked = await alice.jit([
    ...["request", "payroll:read", "--break-glass", "--yes", "--json"],
    ...["--purpose", "incident", "--reason", "The payroll run fails and must go out today"],
  ]);
  expect(asked.code).toBe(0);
  emergency = JSON.parse(asked.stdout).request;
  const sts = new STSClient(clientOptions(sandbox(), alice.env));
  await sts.send(
    new AssumeRoleCommand({
      RoleArn: "arn:aws:iam::111122223333:role/pii-customers",
      RoleSessionName: "jit-by-hand",
      SourceIdentity: "alice",
      Tags: [{ Key: "jit:request", Value: "none" }],
    }),
  );
  sts.destroy();
  const { code, kinds, said } = await alerts();
  expect([code, kinds]).toEqual([31, ["break-glass"]]);
  expect(said.alerts[0]).toMatchObject({
    request: emergency,
    message: expect.stringContaining("payroll:read"),
  });
});

test("of kinds that were not asked for nothing is said, good or bad", async () => {
  const { code, said } = await alerts("--only", "review");
  expect([code, said.alerts, said.checks]).toEqual([
    0,
    [],
    [{ name: "emergencies", state: "ok", code: null }],
  ]);
  const printed = await auditor.jit(["audit", "alerts", "--since", "72h", "--only", "review"]);
  expect(printed.stdout).toBe("✓ review\n");
});

test("a session that no record tells of, after a quarter of an hour, is the gravest", async () => {
  await pass(16);
  expect(await alerts()).toMatchObject({ code: 30, kinds: ["bypass", "break-glass"] });
  expect(await alerts("--deadline", "bypass=1h")).toMatchObject({ code: 31, kinds: ["break-glass"] });
  const { stdout } = await auditor.jit(["audit", "alerts", "--regions", "eu-central-1"]);
  expect(stdout).toMatch(/^✗ bypass: /);
  expect(stdout).toMatch(/\n✓ seal\n/);
});

test("a record that is not sealed within the deadline; sealed, it is quiet", async () => {
  await pass(61);
  const seal = ["--only", "seal"];
  const { code, kinds, said } = await alerts(...seal);
  expect([code, kinds]).toEqual([33, ["seal"]]);
  expect(said.alerts[0]).toMatchObject({ id: "seal", deadline: 3600, request: null });
  expect(await alerts(...seal, "--deadline", "seal=2h")).toMatchObject({ code: 0 });
  await sealNow();
  expect(await alerts(...seal)).toMatchObject({ code: 0 });
});

test("a checkpoint that a witness has not cosigned within the deadline", async () => {
  const witness = ["--only", "witness"];
  expect(await alerts(...witness)).toMatchObject({ code: 0 });
  await pass(121);
  const { code, kinds, said } = await alerts(...witness);
  expect([code, kinds]).toEqual([34, ["witness"]]);
  expect(said.alerts[0].object).toContain("witness");
  await cosign();
  expect(await alerts(...witness)).toMatchObject({ code: 0 });
});

test("a review that is overdue; reviewed, it is quiet", async () => {
  const both = ["--only", "break-glass,review"];
  expect(await alerts(...both)).toMatchObject({ code: 31, kinds: ["break-glass"] });
  expect(await alerts(...both, "--deadline", "review=1h")).toMatchObject({ code: 32, kinds: ["review"] });
  expect(await alerts("--only", "break-glass", "--deadline", "review=1h")).toMatchObject({
    code: 0,
    kinds: [],
  });
  await pass(24 * 60);
  expect(await alerts(...both)).toMatchObject({ code: 32, kinds: ["review"] });
  // Known by its mark where its request is older than what is looked through.
  expect(await alerts(...both, "--since", "1h")).toMatchObject({ code: 32, kinds: ["review"] });
  const bob = await machine("bob");
  const verdict = ["--verdict", "justified", "--comment", "It had failed", "-y"];
  expect((await bob.jit(["review-debt", "settle", emergency, ...verdict])).code).toBe(0);
  expect(await alerts(...both)).toMatchObject({ code: 0 });
  await pass(61);
});

test("each is sent once, again while it persists, and again as news after it was over; signed", async () => {
  const hook = [
    "--webhook",
    url,
    "--secret-variable",
    "JIT_HOOK",
    "--state",
    join(auditor.home, "sent.json"),
  ];
  auditor.env = { ...auditor.env, JIT_HOOK: "hook secret" };
  status = 503;
  const down = await alerts(...hook);
  expect([down.code, down.said.sent]).toEqual([30, 0]);
  expect(JSON.parse(down.stderr).note.code).toBe("NOTIFY_DOWN");
  status = 200;
  heard = [];
  expect((await alerts(...hook)).said.sent).toBe(2);
  expect((await alerts(...hook)).said.sent).toBe(0);
  const messages = heard.map(({ text }) => JSON.parse(text));
  expect(messages).toEqual([
    expect.objectContaining({ v: 1, event: "alert", kind: "bypass", repeated: false, organization: "acme" }),
    expect.objectContaining({ kind: "seal", id: "seal", repeated: false, deadline: 3600 }),
  ]);
  for (const { signature, text } of heard) {
    const { sentAt } = JSON.parse(text);
    const v1 = createHmac("sha256", "hook secret").update(`${sentAt}.${text}`).digest("hex");
    expect(signature).toBe(`t=${sentAt},v1=${v1}`);
  }
  expect(statSync(join(auditor.home, "sent.json")).mode & 0o777).toBe(0o600);
  await sealNow();
  await pass(61);
  heard = [];
  expect((await alerts(...hook, "--repeat", "1h")).said.sent).toBe(1);
  expect(heard.map(({ text }) => JSON.parse(text))).toEqual([
    expect.objectContaining({ kind: "bypass", repeated: true }),
  ]);
  await cosign();
  await askLater();
  await pass(61);
  heard = [];
  expect((await alerts(...hook)).said.sent).toBe(1);
  expect(JSON.parse(heard[0]?.text ?? "")).toMatchObject({ kind: "seal", repeated: false });
});

test("Slack gets text; where the webhook may be is looked at as ever", async () => {
  heard = [];
  const state = ["--state", join(auditor.home, "slack.json")];
  await alerts("--only", "bypass", "--webhook", url, "--format", "slack", ...state);
  expect(JSON.parse(heard[0]?.text ?? "").text).toMatch(/^BYPASS: .*\nSince 20/);
  const wrong = [
    ["--webhook", "http://siem.example/"],
    ["--webhook", "https://user:secret@siem.example/"],
    ["--webhook", url, "--network", "0.0.0.0/0"],
    ["--webhook", url, "--secret-variable", "HOME"],
    ["--webhook", url, "--secret-variable", "JIT_X", "--format", "slack"],
    ["--only", "everything"],
    ["--deadline", "everything=1h"],
  ];
  for (const flags of wrong) {
    const ended = await auditor.jit(["audit", "alerts", "--json", ...flags]);
    expectError(ended, "USAGE", 2);
    expect(ended.stderr).not.toContain("secret@");
  }
});

test("what cannot be looked at is said, and hides nothing else", async () => {
  await sandbox().fault({
    service: "cloudtrail",
    action: "LookupEvents",
    kind: "status",
    status: 403,
    code: "AccessDeniedException",
  });
  const { code, kinds, said } = await alerts();
  expect([code, kinds]).toEqual([33, ["seal"]]);
  expect(said.checks[0]).toMatchObject({ name: "bypass", state: "failed" });
  await sealNow();
  await cosign();
  const alone = await alerts();
  expect([alone.code, alone.kinds]).toEqual([8, []]);
  // What was sent of it is not forgotten because it cannot be looked at.
  const state = join(auditor.home, "sent.json");
  await alerts("--webhook", url, "--state", state);
  expect(Object.keys(JSON.parse(readFileSync(state, "utf8")).sent)).toEqual([
    expect.stringMatching(/^bypass /),
  ]);
  await sandbox().clearFaults();
  writeFileSync(state, "[]");
  const damaged = await auditor.jit([
    "audit",
    "alerts",
    "--only",
    "seal",
    "--webhook",
    url,
    "--state",
    state,
    "--json",
  ]);
  expect([errorOf(damaged).code, damaged.code]).toEqual(["ALERT_STATE", 11]);
});
