import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { useSandbox, why } from "../support/fixture.ts";
import { eventually, type Machine } from "../support/jit.ts";
import { recordsOf } from "../support/ledger.ts";
import { publishCatalog } from "../support/publish.ts";

// A person at a terminal: `script` gives the program one, and stdout goes to a file, so that what is asked on stderr and
// what is answered on stdout are told apart.
const { sandbox, machine } = useSandbox();
const hasScript = spawnSync("script", ["--version"]).status === 0;
const binary = resolve(import.meta.dirname, "../../bin/jit.js");
const node = process.env["JIT_TEST_NODE"] ?? process.execPath;

interface Step {
  /** Text on the screen that is waited for. */
  readonly see: string;
  readonly type: string;
}

/** @param shell what the shell does with the command, for what a person does there */
async function atTerminal(
  on: Machine,
  args: readonly string[],
  steps: readonly Step[],
  columns?: number,
  shell = (command: string) => command,
) {
  const out = join(on.home, "stdout.txt");
  const size = columns === undefined ? "" : `stty cols ${columns}; `;
  const words = [node, binary, ...args].map((word) => `'${word}'`).join(" ");
  const command = `${size}${shell(`${words} > '${out}'`)}`;
  const child = spawn("script", ["-qefc", command, "/dev/null"], {
    env: on.environment({ NO_COLOR: "1" }),
    cwd: on.home,
  });
  let screen = "";
  let next = 0;
  let seen = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    screen += text;
    const step = steps[next];
    if (step === undefined || !screen.slice(seen).includes(step.see)) return;
    next += 1;
    seen = screen.length;
    // After the prompt is drawn: keys that come before are lost.
    setTimeout(() => child.stdin.write(step.type), 60);
  });
  const code = await new Promise<number | null>((done) => child.on("close", done));
  return { code, screen, stdout: readFileSync(out, "utf8"), answered: next };
}

const enter = "\r";

/** Tickets of the requests whose sessions are open. */
async function ticketsOf(on: Machine): Promise<readonly string[]> {
  const { sessions } = JSON.parse((await on.jit(["status", "--json"])).stdout);
  const stories = sessions.map(async ({ request }: { request: string }) => {
    const story = JSON.parse((await on.jit(["audit", "show", request, "--json"])).stdout);
    const { ticket } = story.entries.find(({ type }: { type: string }) => type === "request").record;
    return ticket === "-" ? ticket : ticket.text;
  });
  return await Promise.all(stories);
}

describe.skipIf(!hasScript)("at a terminal (needs script, of util-linux)", () => {
  test("notes are folded there, and nowhere else", async () => {
    const alice = await machine("alice");
    expect((await alice.jit(["request", "customers:read", ...why])).code).toBe(0);
    const again = ["credentials", "customers:read", "--ticket", "SUP-1"];
    const folded = (await atTerminal(alice, again, [], 80)).screen.trimEnd().split(/\r?\n/);
    expect(folded[0]).toMatch(/^note: /);
    expect(folded.at(-1)).toMatch(/^ {2}.*\[SESSION_REUSED\]$/);
    expect(folded.filter((line) => [...line].length > 80)).toEqual([]);
    expect((await alice.jit(again)).stderr).toMatch(/^note: .*\[SESSION_REUSED\]\n$/);
  });

  test("who judges an emergency sees what was said in it, and is asked for verdict and comment", async () => {
    const [alice, bob] = [await machine("alice"), await machine("bob")];
    const reason = "The payroll run fails and must go out today";
    const words = ["payroll:read", "--break-glass", "--purpose", "incident", "--reason", reason];
    const { request } = JSON.parse((await alice.jit(["request", ...words, "-y", "--json"])).stdout);
    expect((await bob.jit(["review-debt"])).stdout).toContain(`yours to review: ${reason}`);
    const settled = await atTerminal(
      bob,
      ["review-debt", "settle", request],
      [
        { see: "Was it justified?", type: `\u001b[B${enter}` },
        { see: "What does that rest on?", type: enter },
        { see: "the record says why", type: `There was time to ask${enter}` },
        { see: "as unjustified?", type: `y${enter}` },
      ],
    );
    expect(settled).toMatchObject({ code: 0, answered: 4 });
    expect(settled.screen.replaceAll(/\s+/g, " ")).toContain(`reason ${reason}`);
    expect(settled.screen).toContain("s3://acme-payroll/salaries/*");
    const story = JSON.parse((await bob.jit(["audit", "show", request, "--json"])).stdout);
    // Records of one second stand in no order of their own.
    expect(story.entries.find(({ type }: { type: string }) => type === "review").record).toMatchObject({
      verdict: "unjustified",
      comment: { text: "There was time to ask" },
    });
  });

  test("what is missing is asked for, what will be opened is shown, and the answer is on stdout", async () => {
    const alice = await machine("alice");
    const asked = await atTerminal(
      alice,
      ["request"],
      [
        { see: "Which store?", type: enter },
        { see: "Which access to customers?", type: enter },
        { see: "For how long? (at most 1h) (30m)", type: enter },
        { see: "For which purpose?", type: enter },
        { see: "Why do you need it?", type: `too short${enter}` },
        { see: "characters", type: `, but now it is long enough${enter}` },
        { see: "Enter for none", type: `none of your business${enter}` },
        { see: "no ticket", type: `\u0015SUP-77${enter}` },
        { see: "Ask for this?", type: enter },
      ],
    );
    expect(asked).toMatchObject({ code: 0, answered: 9 });
    expect(asked.screen).toContain("s3://acme-customers/profiles/*");
    // What a choice is stands in one column, whatever its name.
    expect(asked.screen).toContain("customers  Customer master data");
    expect(asked.screen).toContain("orders     Orders with who ordered");
    expect(asked.screen).toContain("incident   Something is broken now");
    expect(asked.stdout).toContain("customers:read");
    expect(asked.stdout).not.toContain("?");
    expect(await ticketsOf(alice)).toEqual(["SUP-77"]);
    const { sessions } = JSON.parse((await alice.jit(["status", "--json"])).stdout);
    expect(sessions).toMatchObject([{ targets: ["customers:read"] }]);
  });

  test.each([
    ["Ctrl-C", "\u0003"],
    ["Ctrl-D", "\u0004"],
  ])("%s at a question: nothing is asked for, nothing is written", async (_, key) => {
    const alice = await machine("alice");
    await sandbox().clearCalls();
    const cancelled = await atTerminal(
      alice,
      ["request", "customers:read"],
      [{ see: "For how long?", type: key }],
    );
    expect(cancelled).toMatchObject({ code: 130, stdout: "" });
    expect(cancelled.screen).toContain("stopped; nothing was done, and nothing was written");
    expect(cancelled.screen).not.toContain("Warning");
    expect(
      (await sandbox().calls()).filter(({ action }) => action === "PutObject" || action === "AssumeRole"),
    ).toEqual([]);
  });

  test("Ctrl-Z at a question, and back: it is answered as before", async () => {
    const alice = await machine("alice");
    const again = await atTerminal(
      alice,
      ["request", "customers:read"],
      [
        { see: "For how long?", type: "\u001a" },
        { see: "it goes on", type: enter },
        { see: "For which purpose?", type: "\u0003" },
      ],
      undefined,
      (command) => `set -m; ${command}; sleep 0.2; echo it goes on; fg`,
    );
    expect(again).toMatchObject({ code: 130, answered: 3 });
  });

  test("Ctrl-C where it is about this machine's key: it stays, and the question stood on one line", async () => {
    const alice = await machine("alice");
    expect((await alice.jit(["request", "customers:read", ...why])).code).toBe(0);
    const key = async () => (await alice.jit(["keys", "show", "--json"])).stdout;
    const before = await key();
    const stopped = await atTerminal(alice, ["keys", "rotate"], [{ see: "(Y/n)", type: "\u0003" }], 80);
    expect(stopped).toMatchObject({ code: 130, stdout: "" });
    expect(stopped.screen).toContain("signing key away? (Y/n)");
    expect(before).not.toBe("");
    expect(await key()).toBe(before);
  });

  test("Ctrl-C while AWS is waited for: 130, and one line", async () => {
    const alice = await machine("alice");
    expect((await alice.jit(["stores"])).code).toBe(0);
    await sandbox().fault({ service: "s3", action: "PutObject", kind: "hang" });
    const stopped = await atTerminal(
      alice,
      ["request", "customers:read", "--yes", ...why],
      [{ see: "Asking for access", type: "\u0003" }],
      80,
    );
    expect(stopped).toMatchObject({ code: 130, stdout: "" });
    const seen = stopped.screen.replaceAll("\u001b[?25h", "");
    expect(seen).toMatch(/stopped; `jit status` shows.*\s*$/);
    // On a line of its own: what was under way is taken off it.
    const clearLine = "\u001b[1G\u001b[0K";
    expect(stopped.screen.split("Asking for access").at(-1)?.split("stopped;")[0]).toContain(clearLine);
    expect(stopped.screen).not.toMatch(/at .*\.js|\[INTERRUPTED\]/);
  });

  test("an optional ticket is asked for once, and Enter is none", async () => {
    const alice = await machine("alice");
    const asked = await atTerminal(
      alice,
      ["request", "customers:read", "--for", "10m", ...why],
      [
        { see: "Ticket? (like SUP-1234; Enter for none)", type: enter },
        { see: "Ask for this?", type: enter },
      ],
    );
    expect(asked).toMatchObject({ code: 0, answered: 2 });
    expect(await ticketsOf(alice)).toEqual(["-"]);
  });

  test("no to the last question: nothing is written", async () => {
    const alice = await machine("alice");
    const declined = await atTerminal(
      alice,
      ["request", "customers:read", "--for", "10m", ...why],
      [
        { see: "Enter for none", type: enter },
        { see: "Ask for this?", type: `n${enter}` },
      ],
    );
    expect(declined).toMatchObject({ code: 2, stdout: "" });
    expect(JSON.parse((await alice.jit(["status", "--json"])).stdout).sessions).toEqual([]);
  });

  test("the glass is broken by a yes, and not by Enter alone", async () => {
    const alice = await machine("alice");
    const emergency = [
      "request",
      "payroll:read",
      "--break-glass",
      "--for",
      "10m",
      "--ticket",
      "SUP-1",
      ...why,
    ];
    const before = (await recordsOf(sandbox())).length;
    const cancelled = await atTerminal(alice, emergency, [{ see: "Break the glass?", type: enter }]);
    expect(cancelled).toMatchObject({ code: 2, stdout: "", answered: 1 });
    expect(cancelled.screen).toContain("BREAK-GLASS");
    expect((await recordsOf(sandbox())).length).toBe(before);
    const broken = await atTerminal(alice, emergency, [{ see: "Break the glass?", type: `y${enter}` }]);
    expect(broken).toMatchObject({ code: 0, answered: 1 });
    expect(broken.stdout).toContain("payroll:read is open");
  });

  test("a store alone: its accesses are offered", async () => {
    const alice = await machine("alice");
    const asked = await atTerminal(
      alice,
      ["request", "customers", "--for", "10m", ...why, "--yes"],
      [{ see: "Which access to customers?", type: `\u001b[B${enter}` }],
    );
    expect(asked).toMatchObject({ code: 0, answered: 1 });
    expect(asked.stdout).toContain("customers:lists");
    expect((await alice.jit(["request", "customers", ...why, "--json"])).stderr).toContain("TARGET_UNKNOWN");
  });

  test("two stores alone of two roles: nobody is asked for their accesses first", async () => {
    const alice = await machine("alice");
    const { code, screen, answered } = await atTerminal(
      alice,
      ["request", "customers", "orders"],
      [{ see: "Which access", type: enter }],
    );
    expect([code, answered]).toEqual([2, 0]);
    expect(screen).toContain("customers and orders do not have the same role");
  });

  test("all sessions are not ended by Enter alone", async () => {
    const alice = await machine("alice");
    expect((await alice.jit(["request", "customers:read", ...why])).code).toBe(0);
    const bob = await machine("bob");
    const steps = [{ see: "End ", type: enter }];
    const { screen, answered } = await atTerminal(bob, ["revoke", "--all"], steps);
    expect(answered).toBe(1);
    expect(screen).toContain("cancelled; nothing was revoked");
  });

  test("exec without a command: a shell that says what it has and until when, with an end record", async () => {
    const alice = await machine("alice", { SHELL: "/bin/sh", PS1: "ready> " });
    expect((await alice.jit(["request", "customers:read", ...why])).code).toBe(0);
    const { request } = JSON.parse((await alice.jit(["status", "--json"])).stdout).sessions[0];
    const shell = await atTerminal(
      alice,
      ["exec", "customers:read"],
      [{ see: "leaves it", type: `echo "in $JIT_SESSION"; exit 7${enter}` }],
    );
    expect(shell).toMatchObject({ code: 7, answered: 1 });
    expect(shell.screen).toMatch(
      /customers:read is open in this shell until (\d{4}-\d{2}-\d{2} )?\d{2}:\d{2}/,
    );
    expect(shell.stdout).toContain(`in ${request}`);
    await eventually(async () => {
      const story = JSON.parse((await alice.jit(["audit", "show", request, "--json"])).stdout);
      expect(story.entries.at(-1).record).toMatchObject({ type: "end", outcome: "completed", exitCode: 7 });
    });
  });

  test("`jit credentials` never asks, not even at a terminal", async () => {
    const alice = await machine("alice");
    const cold = await atTerminal(alice, ["credentials", "customers:read"], []);
    expect(cold).toMatchObject({ code: 12, stdout: "" });
    expect(cold.screen).toContain("jit request customers:read");
  });

  test("with --yes and all flags nothing is asked", async () => {
    const alice = await machine("alice");
    const asked = await atTerminal(alice, ["request", "customers:read", "--yes", ...why], []);
    expect(asked.code).toBe(0);
  });

  test("`jit deny` asks why not, and takes nothing blank for it", async () => {
    const bob = await machine("bob");
    const alice = await machine("alice");
    const { request } = JSON.parse(
      (await alice.jit(["request", "payroll:read", ...why, "--yes", "--json"])).stdout,
    );
    const denied = await atTerminal(
      bob,
      ["deny", request],
      [
        { see: "Why not?", type: ` ${enter}` },
        { see: "the requester is told why", type: `no such case${enter}` },
        { see: "Deny it?", type: `y${enter}` },
      ],
    );
    expect(denied).toMatchObject({ code: 0, answered: 3 });
    const story = JSON.parse((await alice.jit(["audit", "show", request, "--json"])).stdout);
    const denial = story.entries.find(({ type }: { type: string }) => type === "denial");
    expect(denial.record).toMatchObject({ comment: { text: "no such case" } });
  });

  // It publishes another catalog: the last one.
  test("of more than eight stores each has a line, and is found by what that line has no room for", async () => {
    const [alice, admin] = [await machine("alice"), await machine("admin")];
    const store = (name: string) => `
  ${name}:
    title: What the subsidiaries collected since they moved, for ${name}
    classification: confidential
    dataCategories: [name]
    role: arn:aws:iam::111122223333:role/pii-orders
    issuer: requester
    maximumDuration: 1h
    accesses:
      read: { s3: [{ bucket: acme-orders, prefix: ${name}/, allow: [read] }] }`;
    const names = Array.from({ length: 9 }, (_, at) => `parcels-${at}`);
    await publishCatalog(sandbox(), admin, 2, (yaml) =>
      yaml.replace("stores:", `stores:${names.map(store).join("")}`),
    );
    const asked = await atTerminal(
      alice,
      ["request"],
      [
        { see: "Which store?", type: "for parcels-7" },
        { see: "store? for parcels-7", type: enter },
        { see: "how long", type: "\u0003" },
      ],
      50,
    );
    expect(asked).toMatchObject({ code: 130, answered: 3 });
    expect(asked.screen).toContain("parcels-0  What the subsidiaries collected sinc…");
    expect(asked.screen).toContain("Which store? parcels-7");
  });
});
