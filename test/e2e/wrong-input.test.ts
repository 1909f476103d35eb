import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useSandbox, why } from "../support/fixture.ts";
import type { Ended, Environment, Machine } from "../support/jit.ts";
import {
  assumedRoles,
  errorOf,
  expectError,
  expectHarmless,
  expectNoCredentials,
} from "../support/ledger.ts";

const { sandbox, machine } = useSandbox();
let alice: Machine;

beforeAll(async () => {
  alice = await machine("alice");
});

afterAll(async () => {
  // Whatever was asked for wrongly, STS was never asked for a session.
  expect(await assumedRoles(sandbox())).toEqual([]);
});

const reason = why[3];
const purpose = ["--purpose", "support"];

describe("what is asked for", () => {
  test.each([
    [["custommers:read"], "TARGET_UNKNOWN", 2],
    [["customers:raed"], "TARGET_UNKNOWN", 2],
    [["customers"], "TARGET_UNKNOWN", 2],
    [["Customers:Read"], "TARGET_INVALID", 2],
    [["customers:read:all"], "TARGET_INVALID", 2],
    [["../../etc/passwd"], "TARGET_INVALID", 2],
    [["customers:read", "orders:read"], "TARGETS_DIFFERENT_ROLES", 2],
    [["constructor"], "TARGET_UNKNOWN", 2],
    [["customers:constructor"], "TARGET_UNKNOWN", 2],
  ] as const)("%j is %s", async (targets, code, exit) => {
    expectError(await alice.jit(["request", ...targets, ...why, "--json"]), code, exit);
    const wrapped = await alice.jit(["exec", ...targets, ...why, "--json", "--", "echo", "ran"]);
    expectError(wrapped, code, 125);
  });

  test.each([
    ["custommers:read", "customers"],
    ["customers:raed", "read"],
    ["order", "orders"],
  ])("%s is answered with a suggestion: %s", async (typed, meant) => {
    const { hint } = errorOf(await alice.jit(["request", typed, ...why, "--json"]));
    expect(hint).toContain(meant);
  });

  test("unknown store to look at", async () => {
    const shown = await alice.jit(["stores", "show", "custmers", "--json"]);
    expectError(shown, "STORE_UNKNOWN", 2);
    expect(errorOf(shown).hint).toContain("customers");
  });

  test.each([
    [["request", "customers:read", "--no-such-flag"]],
    [["requst", "customers:read"]],
    [["env", "customers:read", "--format", "perl"]],
    [["exec"]],
    [["exec", "customers:read"]],
    [[]],
    [["trust"]],
  ])("a command line that is none: %j", async (args) => {
    const exit = args[0] === "exec" ? 125 : 2;
    const ended = await alice.jit(args);
    expect(ended.code).toBe(exit);
    expect(ended.stderr).not.toBe("");
    expectNoCredentials(ended);
    expectError(await alice.jit([...args, "--json"]), "USAGE", exit);
  });

  test.each([
    ["show", "x"],
    ["show", "01JD000000000000000000000U"],
    ["show", "../../../v1/trust/1.json"],
  ])("audit %s %s", async (...args) => {
    expectError(await alice.jit(["audit", ...args, "--json"]), "REQUEST_ID_INVALID", 2);
  });

  test("a request that nobody made", async () => {
    expectError(
      await alice.jit(["audit", "show", "01JD0000000000000000000000", "--json"]),
      "REQUEST_NOT_FOUND",
      12,
    );
  });
});

describe("justification and duration", () => {
  test.each([
    [purpose, "FLAG_MISSING", 2],
    [["--reason", reason], "FLAG_MISSING", 2],
    [[...purpose, "--reason", ""], "FLAG_MISSING", 2],
    [[...purpose, "--reason", "                         "], "REASON_MISSING", 2],
    [[...purpose, "--reason", "too short"], "REASON_TOO_SHORT", 3],
    [[...purpose, "--reason", "because because because because"], "REASON_EMPTY_WORDS", 3],
    [[...purpose, "--reason", "aaaaaaaaaaaaaaaaaaaaaaaa"], "REASON_EMPTY_WORDS", 3],
    [[...purpose, "--reason", "A customer asked for help"], "REASON_EMPTY_WORDS", 3],
    [[...purpose, "--reason", "1234567890 1234567890"], "REASON_EMPTY_WORDS", 3],
    [[...purpose, "--reason", "word ".repeat(300)], "TEXT_TOO_LONG", 3],
    [["--purpose", "suport", "--reason", reason], "PURPOSE_UNKNOWN", 3],
    [["--purpose", "constructor", "--reason", reason], "PURPOSE_UNKNOWN", 3],
    [[...why, "--ticket", "nonsense"], "TICKET_INVALID", 3],
    [[...why, "--ticket", "SUP-1234; rm -rf /"], "TICKET_INVALID", 3],
    [[...why, "--ticket", "A".repeat(200)], "TEXT_TOO_LONG", 3],
    [[...why, "--for", "soon"], "DURATION_INVALID", 2],
    [[...why, "--for", "45"], "DURATION_INVALID", 2],
    [[...why, "--for", "-5m"], "DURATION_INVALID", 2],
    [[...why, "--for", "0m"], "DURATION_INVALID", 2],
    [[...why, "--for", "1.5h"], "DURATION_INVALID", 2],
    [[...why, "--for", "P1D"], "DURATION_INVALID", 2],
    [[...why, "--for", "99999h"], "DURATION_TOO_LONG", 3],
    [[...why, "--for", "61m"], "DURATION_TOO_LONG", 3],
  ] as const)("%j is %s", async (flags, code, exit) => {
    expectError(await alice.jit(["request", "customers:read", ...flags, "--json"]), code, exit);
  });

  test("all that is missing is named at once", async () => {
    const { message } = errorOf(await alice.jit(["request", "customers:read", "--json"]));
    expect(message).toMatch(/--reason.*--purpose/);
  });

  test.each([
    ["ann.miller@example.com", "email"],
    ["4111 1111 1111 1111", "cardNumber"],
    ["DE89 3704 0044 0532 0130 00", "iban"],
    ["078-05-1120", "socialSecurityNumber"],
  ])("personal data is warned of before anything is written: %s", async (text, kind) => {
    await sandbox().clearCalls();
    const said = `Checking the profile of ${text} for support`;
    const ended = await alice.jit(["request", "customers:read", ...purpose, "--reason", said, "--dry-run"]);
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain(kind);
    expect((await sandbox().calls()).filter(({ action }) => action === "PutObject")).toEqual([]);
  });

  test.each([
    [{ JIT_REASON: "short" }, "REASON_TOO_SHORT", 3],
    [{ JIT_PURPOSE: "sport" }, "PURPOSE_UNKNOWN", 3],
    [{ JIT_TICKET: "12" }, "TICKET_INVALID", 3],
    [{ JIT_FOR: "1d" }, "DURATION_INVALID", 2],
    [{ JIT_FOR: "2h" }, "DURATION_TOO_LONG", 3],
  ] as const)("by variable: %j is %s", async (changed, code, exit) => {
    const env = { JIT_REASON: reason, JIT_PURPOSE: "support", ...changed };
    expectError(await alice.jit(["credentials", "customers:read", "--json"], { env }), code, exit);
  });

  test("the error of a lease or of actions to narrow to comes before anything is asked for", async () => {
    for (const [flags, code] of [
      [["--lease", "never"], "DURATION_INVALID"],
      [["--only", "read everything"], "ACTION_INVALID"],
    ] as const) {
      const ended = await alice.jit([
        "exec",
        ...flags,
        "customers:read",
        ...why,
        "--json",
        "--",
        "echo",
        "ran",
      ]);
      expectError(ended, code, 125);
    }
  });
});

/** Colour, title, C1 controls, a way back in the line; order of reading; what cannot be seen: one is enough to be refused. */
const hostileTexts = [
  "\u001b[31mred\u001b[0m \u001b]0;title\u0007 \u009b2J \r \u202e \u2066 \u200b \ufeff \u{e0041} of text",
  "two lines\n\u001b[2Jof text for a terminal",
];

describe("hostile text", () => {
  const cases: readonly (readonly [string, (text: string) => readonly string[], string, number])[] = [
    ["the reason", (text) => ["request", "customers:read", ...purpose, "--reason", text], "TEXT_HOSTILE", 3],
    ["the ticket", (text) => ["request", "customers:read", ...why, "--ticket", text], "TEXT_HOSTILE", 3],
    [
      "the purpose",
      (text) => ["request", "customers:read", "--purpose", text, "--reason", reason],
      "TEXT_HOSTILE",
      3,
    ],
    ["a target", (text) => ["request", text, ...why], "TARGET_INVALID", 2],
    ["a duration", (text) => ["request", "customers:read", ...why, "--for", text], "DURATION_INVALID", 2],
    ["a request id", (text) => ["audit", "show", text], "REQUEST_ID_INVALID", 2],
    ["a store", (text) => ["stores", "show", text], "STORE_UNKNOWN", 2],
    ["a setting", (text) => ["config", text, "x"], "SETTING_UNKNOWN", 2],
    ["an AWS profile", (text) => ["request", "customers:read", ...why, "--profile", text], "", 8],
    ["a location", (text) => ["use", `${text}#${"0".repeat(64)}`], "TEXT_HOSTILE", 3],
    ["a catalog's file", (text) => ["catalog", "check", `${text}.yaml`], "FILE_UNREADABLE", 2],
    [
      "a key's file",
      (text) => [
        "trust",
        "init",
        "--organization",
        "a",
        "--name",
        "b",
        "--key",
        text,
        "--administrator",
        `c=${text}`,
      ],
      "KEY_FILE",
      2,
    ],
  ];

  test.each(cases)("in %s is refused, and never reaches the terminal", async (_, argsWith, code, exit) => {
    for (const text of hostileTexts) {
      const args = argsWith(text);
      const ended = await alice.jit(args);
      expectHarmless(ended);
      expectNoCredentials(ended);
      expect([text, ended.code]).toEqual([text, exit]);
      if (code !== "") expect(ended.stderr).toContain(code);
    }
  });

  test("in an unknown command or flag", async () => {
    for (const text of hostileTexts) {
      for (const args of [[text], ["request", `--${text}`], ["env", "customers:read", "--format", text]]) {
        const ended = await alice.jit(args);
        expectHarmless(ended);
        expect(ended.code).toBe(2);
      }
    }
  });

  test("in a command's name that exec does not find", async () => {
    for (const text of hostileTexts) {
      const ended = await alice.jit(["exec", text, "--", text]);
      expectHarmless(ended);
      expect(ended.code).toBe(125);
    }
  });
});

describe("a project's own file", () => {
  const project = (name: string, text: string): string => {
    const path = join(alice.home, name, ".jit/config.yaml");
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return join(alice.home, name);
  };
  const ask = (
    cwd: string,
    args: readonly string[] = ["request", "customers:read", ...why],
  ): Promise<Ended> => alice.jit([...args, "--json"], { cwd });

  test.each([
    ["bucket", "bucket: attackers-bucket\n"],
    ["audit", "audit: { bucket: attackers-bucket }\n"],
    ["endpoint", "endpoint: https://attacker.example\n"],
    ["endpoints", "endpoints: [attacker.example]\n"],
    ["organization", "organization: s3://attacker#unsigned\n"],
    ["hook", "hooks: { before: 'touch /tmp/owned' }\n"],
    ["profile", "profile: root\n"],
    ["reason", `reason: ${reason}\n`],
    ["role", "stores: { customers: { role: 'arn:aws:iam::999999999999:role/x' } }\n"],
    ["proto", "__proto__: { targets: ['customers:read'] }\n"],
  ])("may not set %s", async (name, text) => {
    expectError(await ask(project(name, text)), "PROJECT_FILE_FORBIDDEN", 7);
  });

  test.each([
    ["broken", "targets: [customers:read\n", "PROJECT_FILE_INVALID", 7],
    ["list", "- targets\n", "PROJECT_FILE_INVALID", 7],
    ["typed", "targets: customers:read\n", "PROJECT_FILE_INVALID", 7],
    ["anchored", "targets: &a [customers:read]\nduration: *a\n", "PROJECT_FILE_INVALID", 7],
    ["tagged", "targets: !!js/function 'x'\n", "PROJECT_FILE_INVALID", 7],
    ["twice", "purpose: support\npurpose: incident\n", "PROJECT_FILE_INVALID", 7],
    ["huge", `targets: [${"customers:read, ".repeat(3000)}]\n`, "PROJECT_FILE_INVALID", 7],
    ["escaped", 'purpose: "\\e[31msupport"\n', "TEXT_HOSTILE", 3],
    ["bidi", "purpose: sup\u202eport\n", "TEXT_HOSTILE", 3],
    ["when", "duration: soon\n", "DURATION_INVALID", 2],
  ])("%s is refused", async (name, text, code, exit) => {
    const ended = await ask(project(name, text));
    expectHarmless(ended);
    expectError(ended, code, exit);
  });

  test("what it picks must be in the catalog", async () => {
    const unknown = project("unknown", "targets: [patents:read]\n");
    expectError(await ask(unknown, ["request", ...why]), "TARGET_UNKNOWN", 2);
    const long = project("long", "targets: [customers:read]\npurpose: gossip\n");
    expectError(await ask(long, ["request", "--reason", reason]), "PURPOSE_UNKNOWN", 3);
  });
});

describe("where requests would go", () => {
  test.each<[string, Environment, string]>([
    ["one service elsewhere", { AWS_ENDPOINT_URL_S3: "https://s3.attacker.example" }, "ENDPOINT_REFUSED"],
    ["STS elsewhere", { AWS_ENDPOINT_URL_STS: "https://sts.attacker.example" }, "ENDPOINT_REFUSED"],
    ["all elsewhere", { AWS_ENDPOINT_URL: "https://attacker.example" }, "ENDPOINT_REFUSED"],
    ["plain HTTP", { AWS_ENDPOINT_URL: "http://attacker.example" }, "ENDPOINT_REFUSED"],
    ["looks like loopback", { AWS_ENDPOINT_URL: "http://127.0.0.1.attacker.example" }, "ENDPOINT_REFUSED"],
    ["a user name", { AWS_ENDPOINT_URL: "http://127.0.0.1@attacker.example" }, "ENDPOINT_REFUSED"],
    ["another spelling", { AWS_ENDPOINT_URL: "http://2130706433:4566" }, "ENDPOINT_REFUSED"],
    ["no URL", { AWS_ENDPOINT_URL: "127.0.0.1:4566" }, "ENDPOINT_REFUSED"],
    ["looks like AWS", { AWS_ENDPOINT_URL: "https://amazonaws.com.attacker.example" }, "ENDPOINT_REFUSED"],
    ["hostile text", { AWS_ENDPOINT_URL: "http://127.0.0.1:1\u001b[2J" }, "ENDPOINT_REFUSED"],
    ["TLS unverified", { NODE_TLS_REJECT_UNAUTHORIZED: "0" }, "TLS_DISABLED"],
  ])("%s is refused", async (_, env, code) => {
    const bob = await machine("alice");
    await sandbox().clearCalls();
    for (const args of [
      ["request", "customers:read", ...why],
      ["stores"],
      ["credentials", "customers:read"],
    ]) {
      const ended = await bob.jit([...args, "--json"], { env });
      expectHarmless(ended);
      expectError(ended, code, 7);
    }
    expect(await sandbox().calls()).toEqual([]);
  });

  test("endpoint_url of an AWS configuration file", async () => {
    const bob = await machine("alice");
    mkdirSync(join(bob.home, ".aws"));
    const file = (text: string) => writeFileSync(join(bob.home, ".aws/config"), text);
    const env = { AWS_ENDPOINT_URL: undefined };
    for (const text of [
      "[default]\nendpoint_url = https://attacker.example\n",
      "[default]\nendpoint_url = http://127.0.0.1:9\n",
      "[default]\nendpoint_url = https://a1b2c3.execute-api.eu-central-1.amazonaws.com\n",
      "[default]\nendpoint_url = https://sts-1234.eu-central-1.elb.amazonaws.com\n",
      "[default]\nendpoint_url = http://sts.eu-central-1.amazonaws.com\n",
      "[default]\nendpoint_url = https://s3.eu-central-1.amazonaws.com.attacker.example\n",
      "[default]\nservices = evil\n[services evil]\ns3 =\n  endpoint_url = https://attacker.example\nsts =\n  endpoint_url = https://attacker.example\n",
    ]) {
      file(text);
      await sandbox().clearCalls();
      const ended = await bob.jit(["request", "customers:read", ...why, "--json"], { env });
      expectError(ended, "ENDPOINT_REFUSED", 7);
      expect(await sandbox().calls()).toEqual([]);
    }
  });
});
