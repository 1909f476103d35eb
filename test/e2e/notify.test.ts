import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { sandboxCatalog } from "../../src/cli/sandbox-catalog.ts";
import { useSandbox, why } from "../support/fixture.ts";
import type { Ended, Machine } from "../support/jit.ts";
import { expectError, expectHarmless, recordsOf } from "../support/ledger.ts";
import { publishCatalog } from "../support/publish.ts";

/** A catalog that tells others, and a webhook of the test's own on loopback, through the real binary. */

const { sandbox, machine } = useSandbox();
const folder = mkdtempSync(join(tmpdir(), "jit-notify-"));
const catalog = join(folder, "jit.yaml");
let alice: Machine;
let webhook: Server;
let url = "";
let answer: RequestListener;
let heard: { readonly path: string; readonly body: Record<string, unknown> }[] = [];
const ok: RequestListener = (_request, reply) => void reply.end("ok");

/** @param list the value of `notifications`, in YAML's flow style */
function write(list: string, more = ""): void {
  writeFileSync(catalog, `${sandboxCatalog}notifications: ${list}\n${more}`);
}

const waits = `groups:
  everybody: { principals: ["arn:aws:iam::111122223333:user/*"] }
rules: |
  @id("all-ask")
  permit(principal in Group::"everybody", action == Action::"request", resource);
  @id("all-agree")
  permit(principal in Group::"everybody", action == Action::"approve", resource);
`;

const ask = (...more: string[]): Promise<Ended> =>
  alice.jit(["request", "customers:read", ...why, "--ticket", "SUP-1", "--new", "--json", ...more]);

beforeAll(async () => {
  webhook = createServer(async (request, reply) => {
    let body = "";
    for await (const part of request) body += String(part);
    heard.push({ path: request.url ?? "", body: JSON.parse(body) });
    answer(request, reply);
  });
  await new Promise<void>((done) => webhook.listen(0, "127.0.0.1", done));
  url = `http://127.0.0.1:${(webhook.address() as AddressInfo).port}`;
  write(`[{ webhook: { url: "${url}/json", format: json }, on: [issued] }]`);
  alice = await machine("alice", { JIT_ORGANIZATION: `${catalog}#unsigned` });
});

afterEach(() => {
  webhook.closeAllConnections();
  heard = [];
  answer = ok;
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await new Promise((done) => webhook.close(done));
});

describe("who is named is told", () => {
  test("of a session that is open: by a signed message and by Slack's, with the texts where the catalog says so", async () => {
    answer = ok;
    write(`
  - { webhook: { url: "${url}/json", format: json, secretVariable: JIT_HOOK }, on: [issued] }
  - { webhook: { url: "${url}/slack", format: slack }, on: [issued, pending], texts: true }
  - { webhook: { url: "${url}/other", format: json }, on: [denied] }`);
    const ended = await alice.jit(
      ["request", "customers:read", ...why, "--ticket", "SUP-1", "--new", "--json"],
      { env: { JIT_HOOK: "s3cret" } },
    );
    expect(ended.code).toBe(0);
    expect(ended.stderr).not.toContain("NOTIFY_");
    const { request, notAfter } = JSON.parse(ended.stdout);
    const [json, slack, ...none] = heard.toSorted((a, b) => (a.path < b.path ? -1 : 1));
    expect(none).toEqual([]);
    expect(json?.body).toMatchObject({
      v: 1,
      event: "issued",
      organization: "acme",
      request,
      requester: { name: "alice" },
      targets: ["customers:read"],
      purpose: "support",
      seconds: 1800,
      notAfter,
      approve: null,
    });
    expect(JSON.stringify(json?.body)).not.toMatch(/SUP-1|cannot log in/);
    expect(slack?.body["text"]).toMatch(
      /^alice has customers:read \[jit, acme\]\n[\s\S]*cannot log in[\s\S]*SUP-1/,
    );
  });

  test("of a request that waits, with the line that agrees to it", async () => {
    answer = ok;
    write(`[{ webhook: { url: "${url}/slack", format: slack }, on: [pending] }]`, waits);
    const ended = await ask();
    expect(ended.code).toBe(4);
    const { request } = JSON.parse(ended.stdout);
    expect(String(heard[0]?.body["text"]).split("\n").at(-1)).toBe(`To agree: jit approve ${request}`);
    expect(heard.length).toBe(1);
  });

  test("of sessions that are revoked, in one message", async () => {
    answer = ok;
    write(`[{ webhook: { url: "${url}/json", format: json }, on: [revoked], texts: true }]`);
    const opened = [];
    for (const name of ["customers:read", "orders:read"])
      opened.push(JSON.parse((await alice.jit(["request", name, ...why, "--new", "--json"])).stdout).request);
    const bob = await machine("bob", { JIT_ORGANIZATION: `${catalog}#unsigned` });
    const ended = await bob.jit(["revoke", "--all", "--reason", "The laptop was lost", "-y", "--json"]);
    expect(ended.code).toBe(0);
    expect(heard.length).toBe(1);
    const body = heard[0]?.body ?? {};
    expect(body).toMatchObject({ event: "revoked", by: { name: "bob" }, comment: "The laptop was lost" });
    const told = [body, ...(body["others"] as { request: string }[])].map(({ request }) => request);
    for (const request of opened) expect(told).toContain(request);
  });

  test("by a command, without a shell and without the sender's credentials", async () => {
    const out = join(folder, "out.json");
    const script = `process.stdin.pipe(require("fs").createWriteStream(${JSON.stringify(out)}));process.stdin.on("end",()=>require("fs").writeFileSync(${JSON.stringify(out)}+".env",JSON.stringify(process.env)))`;
    write(JSON.stringify([{ command: [process.execPath, "-e", script], on: ["issued"] }]));
    const ended = await ask();
    expect(ended.code).toBe(0);
    expect(ended.stderr).not.toContain("NOTIFY_");
    const { request } = JSON.parse(ended.stdout);
    expect(JSON.parse(readFileSync(out, "utf8"))).toMatchObject({ event: "issued", request });
    expect(readFileSync(`${out}.env`, "utf8")).not.toMatch(/AWS_|JIT_|AKIA/);
  });
});

describe("of what others decide", () => {
  let asker: Machine;
  let bob: Machine;
  let carol: Machine;

  beforeAll(async () => {
    answer = ok;
    const list = `[{ webhook: { url: "${url}/", format: json }, on: [pending, approved, denied, issued], texts: true }]`;
    await publishCatalog(sandbox(), await machine("admin"), 2, (yaml) => `${yaml}notifications: ${list}\n`);
    [asker, bob, carol] = [await machine("alice"), await machine("bob"), await machine("carol")];
  });

  const payroll = ["request", "payroll:read", ...why, "--json"];
  const events = () =>
    heard.map(({ body }) => [body["event"], (body["by"] as { name: string } | null)?.name]);

  test("each approval and the session are told, by who made them", async () => {
    answer = ok;
    const asked = await asker.jit(payroll);
    expect(asked.code).toBe(4);
    const { request } = JSON.parse(asked.stdout);
    const yes = (who: Machine) => who.jit(["approve", request, "-y", "--comment", "Known case", "--json"]);
    expect((await yes(bob)).code).toBe(0);
    expect((await yes(carol)).code).toBe(0);
    expect(events().slice(0, 2)).toEqual([
      ["pending", undefined],
      ["approved", "bob"],
    ]);
    // The last approval and the session are told at once.
    expect(events().slice(2).sort()).toEqual([
      ["approved", "carol"],
      ["issued", "carol"],
    ]);
    for (const { body } of heard) expect(body).toMatchObject({ request, requester: { name: "alice" } });
    expect(heard[0]?.body).toMatchObject({ quorum: 2, approve: `jit approve ${request}` });
    expect(heard[1]?.body).toMatchObject({ comment: "Known case", reason: why[3] });
    expect((await asker.jit(["watch", request, "--json"])).code).toBe(0);
    expect(heard.length).toBe(4);
  });

  test("and a denial", async () => {
    answer = ok;
    const { request } = JSON.parse((await asker.jit([...payroll, "--new"])).stdout);
    expect((await bob.jit(["deny", request, "--reason", "Not this year", "-y", "--json"])).code).toBe(0);
    expect(events().at(-1)).toEqual(["denied", "bob"]);
    expect(heard.at(-1)?.body).toMatchObject({ request, comment: "Not this year" });
  });
});

describe("who cannot be told hinders nothing, and it is shown and recorded", () => {
  test.each<[string, RequestListener, string]>([
    ["answers 503", (_request, reply) => void reply.writeHead(503).end(), "NOTIFY_DOWN"],
    ["never answers", () => undefined, "NOTIFY_DOWN"],
    ["redirects", (_request, reply) => void reply.writeHead(302, { location: url }).end(), "NOTIFY_REFUSED"],
    [
      "answers 403 with hostile text",
      (_request, reply) => void reply.writeHead(403).end("\u001b[2J\u202e"),
      "NOTIFY_REFUSED",
    ],
  ])("where it %s", async (_what, listener, code) => {
    write(`[{ webhook: { url: "${url}/", format: json }, on: [issued], timeout: 1s }]`);
    answer = listener;
    const ended = await ask();
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain(`"code":"${code}"`);
    expect(ended.stderr).toContain(new URL(url).host);
    expectHarmless(ended);
    expect(heard.length).toBe(1);
    const { request } = JSON.parse(ended.stdout);
    const own = (await recordsOf(sandbox())).filter((record) => record.request === request);
    expect(own.filter(({ type }) => type === "notice")).toMatchObject([
      { event: "issued", to: new URL(url).host, code },
    ]);
  });

  test.each([
    ["stands at a private address", `{ url: "https://10.255.255.1/", format: json }`, "NOTIFY_FORBIDDEN"],
    [
      "is to be signed with a secret that is not set",
      `{ url: "URL/", format: json, secretVariable: JIT_NONE }`,
      "NOTIFY_SECRET_MISSING",
    ],
  ])("where it %s: nothing is sent", async (_what, hook, code) => {
    write(`[{ webhook: ${hook.replace("URL", url)}, on: [issued] }]`);
    const ended = await ask();
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain(`"code":"${code}"`);
    expect(heard).toEqual([]);
  });

  test("and the story of the request tells it", async () => {
    write(`[{ webhook: { url: "${url}/", format: json }, on: [issued] }]`);
    answer = (_request, reply) => void reply.writeHead(500).end();
    const { request } = JSON.parse((await ask()).stdout);
    const shown = await alice.jit(["audit", "show", request]);
    expect(shown.code).toBe(0);
    expect(shown.stdout).toContain(`${new URL(url).host} was not told (issued): NOTIFY_DOWN`);
  });
});

describe("jit notify test", () => {
  test("tells each, whatever it is told of otherwise, and says who was not", async () => {
    answer = (request, reply) => void reply.writeHead(request.url === "/bad" ? 500 : 200).end();
    write(`
  - { webhook: { url: "${url}/good", format: slack }, on: [denied] }
  - { webhook: { url: "${url}/bad", format: json }, on: [revoked] }
  - { command: [/nowhere/hook], on: [approved] }`);
    const before = (await recordsOf(sandbox())).length;
    const ended = await alice.jit(["notify", "test", "--json"]);
    expect(ended.code).toBe(9);
    const { host } = new URL(url);
    expect(JSON.parse(ended.stdout)).toMatchObject([
      { to: host, code: null },
      { to: host, code: "NOTIFY_DOWN" },
      { to: "hook", code: "NOTIFY_COMMAND" },
    ]);
    expect(heard.map(({ path }) => path).sort()).toEqual(["/bad", "/good"]);
    expect((await recordsOf(sandbox())).length).toBe(before);
  });

  test("tells whom the catalog names that was published a moment ago", async () => {
    answer = ok;
    const admin = await machine("admin");
    expect((await admin.jit(["stores"])).code).toBe(0);
    const list = `[{ webhook: { url: "${url}/new", format: json }, on: [denied] }]`;
    await publishCatalog(sandbox(), admin, 3, (yaml) => `${yaml}notifications: ${list}\n`);
    expect((await admin.jit(["notify", "test"])).code).toBe(0);
    expect(heard.map(({ path }) => path)).toEqual(["/new"]);
  });

  test("has nobody to tell where the catalog names nobody", async () => {
    writeFileSync(catalog, sandboxCatalog);
    expectError(await alice.jit(["notify", "test", "--json"]), "NOTIFY_NOBODY", 3);
  });
});

test("mistakes in the catalog are found when it is checked", async () => {
  write("[{ command: [hook], on: [issued] }]");
  const first = await alice.jit(["catalog", "check", catalog]);
  expect(first.code).toBe(7);
  expect(first.stderr).toContain("notifications[0].command");
  write(`
  - { webhook: { url: "http://hooks.acme.example/", format: slack, secretVariable: JIT_S }, on: [issued], timeout: 5m }
  - { on: [issued] }`);
  const again = await alice.jit(["catalog", "check", catalog]);
  for (const field of ["[0].webhook.url", "[0].webhook.secretVariable", "[0].timeout", "[1]"])
    expect(again.stderr).toContain(`notifications${field}`);
});
