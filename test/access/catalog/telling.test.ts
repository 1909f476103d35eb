import { describe, expect, test } from "vitest";
import { parseCatalog } from "../../../src/access/catalog/parse.ts";
import { CatalogError } from "../../../src/access/catalog/problem.ts";
import { sandboxCatalog } from "../../../src/cli/sandbox-catalog.ts";

/** What a catalog says of notifications and of break-glass. */

const parse = (text: string) => parseCatalog(new TextEncoder().encode(text), "jit.yaml");

function pathsOf(text: string): readonly string[] {
  try {
    parse(text);
    return [];
  } catch (error) {
    if (!(error instanceof CatalogError)) throw error;
    return error.problems.map(({ path }) => path);
  }
}

const told = (entry: string) => `${sandboxCatalog}notifications: [${entry}]\n`;

describe("notifications", () => {
  test("say to whom, of what, with what, and for how long", () => {
    const { notifications } = parse(
      told(
        `{ webhook: { url: "https://hooks.acme.example/x", format: json, secretVariable: JIT_HOOK, networks: [10.0.0.0/8] }, on: [pending, revoked], texts: true, timeout: 10s },
         { command: [/usr/local/bin/page, "--team", "a b"], on: [breakGlass] }`,
      ),
    );
    expect(notifications).toEqual([
      {
        to: {
          kind: "webhook",
          url: "https://hooks.acme.example/x",
          format: "json",
          secretVariable: "JIT_HOOK",
          networks: ["10.0.0.0/8"],
        },
        on: ["pending", "revoked"],
        texts: true,
        timeout: 10,
      },
      {
        to: { kind: "command", command: ["/usr/local/bin/page", "--team", "a b"] },
        on: ["breakGlass"],
        texts: false,
        timeout: 3,
      },
    ]);
    expect(parse(sandboxCatalog).notifications).toEqual([]);
  });

  const hook = (more: string) =>
    `{ webhook: { url: "https://h.example/", format: json, ${more} }, on: [issued] }`;
  test.each([
    ["neither webhook nor command", "{ on: [issued] }", "notifications[0]"],
    [
      "both",
      '{ webhook: { url: "https://h.example/", format: json }, command: [/x], on: [issued] }',
      "notifications[0]",
    ],
    [
      "plain HTTP",
      '{ webhook: { url: "http://h.example/", format: json }, on: [issued] }',
      "notifications[0].webhook.url",
    ],
    [
      "a password in the URL",
      '{ webhook: { url: "https://u:p@h.example/", format: json }, on: [issued] }',
      "notifications[0].webhook.url",
    ],
    [
      "a fragment",
      '{ webhook: { url: "https://h.example/#x", format: json }, on: [issued] }',
      "notifications[0].webhook.url",
    ],
    [
      "the secret in place of its variable",
      hook("secretVariable: s3cret-text"),
      "notifications[0].webhook.secretVariable",
    ],
    [
      "a variable of AWS's",
      hook("secretVariable: AWS_SECRET_ACCESS_KEY"),
      "notifications[0].webhook.secretVariable",
    ],
    [
      "a signature for Slack",
      '{ webhook: { url: "https://h.example/", format: slack, secretVariable: JIT_S }, on: [issued] }',
      "notifications[0].webhook.secretVariable",
    ],
    ["loopback as a network", hook("networks: [127.0.0.0/8]"), "notifications[0].webhook.networks[0]"],
    ["link-local as a network", hook("networks: [169.254.0.0/16]"), "notifications[0].webhook.networks[0]"],
    ["a relative program", "{ command: [./hook], on: [issued] }", "notifications[0].command"],
    ["a program to be looked for", "{ command: [hook], on: [issued] }", "notifications[0].command"],
    ["nothing to be told of", "{ command: [/x], on: [] }", "notifications[0].on"],
    ["an unknown event", "{ command: [/x], on: [everything] }", "notifications[0].on[0]"],
    ["an event twice", "{ command: [/x], on: [issued, issued] }", "notifications[0].on"],
    [
      "a time for which nobody waits",
      "{ command: [/x], on: [issued], timeout: 31s }",
      "notifications[0].timeout",
    ],
  ])("with %s are a mistake", (_what, entry, path) => {
    expect(pathsOf(told(entry))).toEqual([path]);
  });
});

describe("break-glass", () => {
  test("is the same store by another role, which the requester issues", () => {
    const catalog = parse(sandboxCatalog);
    const payroll = catalog.stores.get("payroll");
    expect(payroll?.issuer).toBe("approver");
    expect(payroll?.breakGlass).toEqual({
      ...payroll,
      breakGlass: undefined,
      role: "arn:aws:iam::111122223333:role/pii-payroll-emergency",
      maximumDuration: 1800,
      issuer: "requester",
      isBreakGlass: true,
    });
    expect(payroll?.breakGlass?.accesses).toBe(payroll?.accesses);
    expect(catalog.breakGlass).toEqual({ unreviewed: "note", grace: 86_400 });
  });

  test("and without a store that has it there are no terms", () => {
    const without = sandboxCatalog.replace(/ {4}breakGlass:\n.*\n.*\n/, "");
    expect(parse(without).breakGlass).toBeUndefined();
    expect(pathsOf(`${without}breakGlass: { unreviewed: refuse }\n`)).toEqual(["breakGlass"]);
  });

  test.each([
    ["another store's role of every day", "pii-orders"],
    ["its own role of every day", "pii-payroll"],
  ])("with %s is a mistake", (_what, role) => {
    const yaml = sandboxCatalog.replace("role/pii-payroll-emergency", `role/${role}`);
    expect(pathsOf(yaml)).toEqual(["stores.payroll.breakGlass.role"]);
  });

  test("longer than AWS's sessions is a mistake", () => {
    const long = sandboxCatalog.replace(
      /(pii-payroll-emergency\n +maximumDuration: )30m/,
      (_all, before) => `${before}13h`,
    );
    expect(pathsOf(long)).toEqual(["stores.payroll.breakGlass.maximumDuration"]);
  });

  test("that nobody could review is a mistake", () => {
    const yaml = sandboxCatalog.replace(
      "    role: arn:aws:iam::111122223333:role/pii-orders\n",
      '    role: arn:aws:iam::111122223333:role/pii-orders\n    breakGlass: { role: "arn:aws:iam::111122223333:role/pii-orders-emergency", maximumDuration: 1h }\n',
    );
    expect(pathsOf(yaml)).toEqual(["stores.orders.breakGlass"]);
  });
});
