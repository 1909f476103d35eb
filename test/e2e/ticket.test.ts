import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { sandboxCatalog } from "../../src/cli/sandbox-catalog.ts";
import { useSandbox, why } from "../support/fixture.ts";
import type { Ended, Machine } from "../support/jit.ts";
import { assumedRoles, expectError, recordsOf } from "../support/ledger.ts";

/** A catalog that has tickets checked, and a webhook of the test's own on loopback, through the real binary. */

const { sandbox, machine } = useSandbox();
const folder = mkdtempSync(join(tmpdir(), "jit-ticket-"));
const catalog = join(folder, "jit.yaml");
let alice: Machine;
let webhook: Server;
let port = 0;
let answer: RequestListener = (_request, reply) => void reply.end("{}");
let asked: string[] = [];

function write(check: string): void {
  const ticket = `    example: SUP-1234\n    check:\n${check.replace(/^/gm, "      ")}\n`;
  writeFileSync(catalog, sandboxCatalog.replace("    example: SUP-1234\n", ticket));
}

const checkHere = (more = "") => `url: http://127.0.0.1:${port}/tickets/{ticket}\nassigned: true${more}`;

const ask = (ticket = "SUP-1", ...more: string[]): Promise<Ended> =>
  alice.jit([
    "request",
    "customers:read",
    ...why,
    "--ticket",
    ticket,
    "--for",
    "10m",
    "--new",
    "--json",
    ...more,
  ]);

const says =
  (value: unknown): RequestListener =>
  (_request, reply) =>
    void reply.end(typeof value === "string" ? value : JSON.stringify(value));

const mine = { exists: true, open: true, assignee: "alice", used: false };

/** Nothing was written and nothing issued. */
async function expectNothing(work: () => Promise<void>): Promise<void> {
  const before = [(await recordsOf(sandbox())).length, (await assumedRoles(sandbox())).length];
  await work();
  expect([(await recordsOf(sandbox())).length, (await assumedRoles(sandbox())).length]).toEqual(before);
}

beforeAll(async () => {
  webhook = createServer((request, reply) => {
    asked.push(request.url ?? "");
    answer(request, reply);
  });
  await new Promise<void>((done) => webhook.listen(0, "127.0.0.1", done));
  port = (webhook.address() as AddressInfo).port;
  write(checkHere());
  alice = await machine("alice", { JIT_ORGANIZATION: `${catalog}#unsigned` });
});

afterEach(() => {
  webhook.closeAllConnections();
  asked = [];
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await new Promise((done) => webhook.close(done));
});

describe("a ticket is looked up before anything is written", () => {
  test("and with a good one the session is there, and the record says what was checked", async () => {
    write(checkHere());
    answer = says(mine);
    const ended = await ask("SUP-77");
    expect(ended.code).toBe(0);
    expect(asked).toEqual(["/tickets/SUP-77"]);
    const { request } = JSON.parse(ended.stdout);
    const shown = JSON.parse((await alice.jit(["audit", "show", request, "--json"])).stdout);
    expect(shown.entries[0].record.claimed).toMatchObject({ "ticket.check": "open, assigned" });
  });

  test.each([
    ["is not there", { exists: false }, "TICKET_UNKNOWN"],
    ["is closed", { ...mine, open: false }, "TICKET_CLOSED"],
    ["was used", { ...mine, used: true }, "TICKET_USED"],
    ["is another's", { ...mine, assignee: "bob" }, "TICKET_NOT_ASSIGNED"],
  ])("and one that %s is refused", async (_what, value, code) => {
    answer = says(value);
    await expectNothing(async () => expectError(await ask(), code, 3));
  });

  test("and not at all for a dry run or an explanation", async () => {
    answer = says(mine);
    expect((await ask("SUP-1", "--dry-run")).code).toBe(0);
    expect((await alice.jit(["explain", "customers:read", "--ticket", "SUP-1"])).code).toBe(0);
    expect(asked).toEqual([]);
  });
});

describe("a webhook that does not do as it should issues nothing", () => {
  test.each<[string, RequestListener, string, number]>([
    ["503", (_request, reply) => void reply.writeHead(503).end(), "TICKET_CHECK_DOWN", 9],
    ["never", () => undefined, "TICKET_CHECK_DOWN", 9],
    [
      "a redirect",
      (_request, reply) => void reply.writeHead(307, { location: "/" }).end(),
      "TICKET_CHECK_INVALID",
      3,
    ],
    [
      "a huge body",
      says(`{"exists":true,"open":true,"x":"${"x".repeat(100_000)}"}`),
      "TICKET_CHECK_INVALID",
      3,
    ],
    ["hostile text", says("\u001b[2J\u202e"), "TICKET_CHECK_INVALID", 3],
    ["hostile names", says({ ...mine, assignee: "\u001b]0;alice\u0007alice" }), "TICKET_NOT_ASSIGNED", 3],
  ])("answering %s", async (_what, listener, code, exit) => {
    write(checkHere("\ntimeout: 1s"));
    answer = listener;
    await expectNothing(async () => {
      const ended = await ask();
      expectError(ended, code, exit);
      for (const hostile of ["\u001b", "\u202e", "\u0007"]) expect(ended.stderr).not.toContain(hostile);
    });
  });

  test("standing at a private address, of which nobody is asked", async () => {
    write("url: https://10.255.255.1/{ticket}\nonDown: allow");
    await expectNothing(async () => expectError(await ask(), "TICKET_CHECK_REFUSED", 3));
  });
});

test("where the catalog says so, a request goes on without an answer: with a warning, or silently", async () => {
  answer = (_request, reply) => void reply.writeHead(503).end();
  write(checkHere("\nonDown: warn"));
  const warned = await ask();
  expect(warned.code).toBe(0);
  expect(warned.stderr).toContain("503");
  write(checkHere("\nonDown: allow"));
  const silent = await ask();
  expect(silent.code).toBe(0);
  expect(silent.stderr).not.toContain("503");
});

test("mistakes in the catalog are found when it is checked", async () => {
  write("url: http://tickets.acme.example/{ticket}\ntimeout: 5m\nnetworks: [127.0.0.0/8]");
  const { code, stderr } = await alice.jit(["catalog", "check", catalog]);
  expect(code).toBe(7);
  for (const field of ["url", "timeout", "networks[0]"])
    expect(stderr).toContain(`justification.ticket.check.${field}`);
});
