import { once } from "node:events";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { beforeAll, expect, test } from "vitest";
import { clientOptions } from "../support/aws-client.ts";
import { useSandbox, why } from "../support/fixture.ts";
import type { Machine } from "../support/jit.ts";
import { expectError } from "../support/ledger.ts";

/** Reading the log through the real binary: alice asks and gives up, dave is refused by AWS, a payroll waits. */

const { sandbox, machine } = useSandbox();
let alice: Machine;
let auditor: Machine;

beforeAll(async () => {
  [alice, auditor] = await Promise.all([machine("alice"), machine("auditor")]);
  expect((await alice.jit(["request", "customers:read", ...why, "--ticket", "SUP-12"])).code).toBe(0);
  expect((await alice.jit(["forget", "customers:read"])).code).toBe(0);
  expect((await alice.jit(["request", "payroll:read", ...why])).code).toBe(4);
  expect((await (await machine("dave")).jit(["request", "customers:read", ...why])).code).toBe(8);
});

const lines = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

test("a line for each request, newest last, verified; within 80 columns", async () => {
  const { code, stdout, stderr } = await auditor.jit(["audit", "log"]);
  expect(code).toBe(0);
  const [head, ...rows] = stdout.trimEnd().split("\n");
  expect(head).toMatch(/UTC +WHO +TARGET +OUTCOME +REQUEST/);
  expect(rows.map((row) => row.split(/ {2,}/).slice(2, 5))).toEqual([
    ["alice", "customers:read", "forgotten"],
    ["alice", "payroll:read", "pending"],
    ["dave", "customers:read", "refused"],
  ]);
  expect(rows.every((row) => row.startsWith("✓"))).toBe(true);
  expect(
    Math.max(...[...stdout.split("\n"), ...stderr.split("\n")].map((line) => [...line].length)),
  ).toBeLessThanOrEqual(80);
  expect(stderr).toContain("24 hours");
});

test("JSON has a story a line, CSV a row, filters leave out the rest", async () => {
  const json = lines(
    (await auditor.jit(["audit", "log", "--json", "--ticket", "sup", "--since", "2d"])).stdout,
  );
  expect(json).toMatchObject([
    {
      outcome: "forgotten",
      verified: true,
      who: { name: "alice", grade: "attested" },
      ticket: "SUP-12",
      stores: [{ name: "customers", classification: "restricted" }],
      ends: [{ outcome: "forgotten" }],
    },
  ]);
  const csv = await auditor.jit(["audit", "log", "--csv", "--outcome", "pending,refused", "--who", "alice"]);
  const [head = "", row = "", ...more] = csv.stdout.split("\r\n");
  expect([head.split(",")[0], row.split(",")[4], more]).toEqual(["time", "pending", [""]]);
  const none = await auditor.jit(["audit", "log", "--json", "--store", "orders"]);
  expect([none.code, none.stdout]).toEqual([0, ""]);
  // A slip of the hand is no proof that nothing was asked.
  const flags = ["--store", "orders,order", "--classification", "secret", "--access", "orders:read,read,rea"];
  const { stderr } = await auditor.jit(["audit", "log", ...flags]);
  expect([...stderr.matchAll(/catalog in force has no (.*)/g)].map(([, name]) => name)).toEqual([
    'store "order"',
    'access "rea"',
    'classification "secret"',
  ]);
});

test.each([
  [["--outcome", "won"], "USAGE"],
  [["--since", "yesterday"], "TIME_INVALID"],
  [["--since", "1h", "--until", "2h"], "TIME_INVALID"],
  [["--follow", "--until", "1h"], "USAGE"],
  [["--csv"], "USAGE"],
])("audit log %j is refused", async (flags, code) => {
  expectError(await auditor.jit(["audit", "log", "--json", ...flags]), code, 2);
});

test("whom the bucket does not let in is told so", async () => {
  expectError(await (await machine("eve")).jit(["audit", "log", "--json"]), "AUDIT_DENIED", 8);
});

test("--follow tells what is new, and Ctrl-C ends it without an error", async () => {
  const child = auditor.start(["audit", "log", "--follow", "--interval", "1s", "--json"]);
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  const until = async (wanted: (entries: readonly { request: string; outcome: string }[]) => boolean) => {
    while (!wanted(lines(stdout.slice(0, stdout.lastIndexOf("\n") + 1)))) await once(child.stdout, "data");
  };
  await until((entries) => entries.length === 3);
  const asked = await alice.jit(["request", "orders:read", ...why, "--json"]);
  const { request } = JSON.parse(asked.stdout);
  await until((entries) => entries.some((entry) => entry.request === request && entry.outcome === "granted"));
  child.kill("SIGINT");
  const [code] = await once(child, "close");
  expect(code).toBe(0);
});

test("--follow whose reader went away ends with the next line, without an error", async () => {
  const child = auditor.start(["audit", "log", "--follow", "--interval", "1s", "--json"]);
  const ended = once(child, "exit");
  await once(child.stdout, "data");
  child.stdout.destroy();
  await alice.jit(["request", "orders:read", "--new", ...why, "--json"]);
  expect((await ended)[0]).toBe(0);
});

test("the report: in three formats, as figures, and into a file for its owner alone", async () => {
  const report = ["audit", "report", "--for", "soc2", "--from", "2d"];
  const figures = JSON.parse((await auditor.jit([...report, "--json"])).stdout);
  expect(figures).toMatchObject({ framework: "soc2", organization: "acme", figures: { unverified: [] } });
  const counted = figures.figures.byPerson.map(({ name, requests }: { name: string; requests: number }) => [
    name,
    requests,
  ]);
  expect(counted).toContainEqual(["dave", 1]);
  expect((await auditor.jit(report)).stdout).toMatch(
    /^# Access to personal data[\s\S]*## What could not be verified/,
  );
  expect((await auditor.jit([...report, "--format", "csv"])).stdout).toContain("persons,dave,requests,1\r\n");
  const written = await auditor.jit([...report, "--format", "html", "--out", "report.html"]);
  expect([written.code, written.stdout]).toEqual([0, ""]);
  const file = join(auditor.home, "report.html");
  expect(readFileSync(file, "utf8")).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  // It takes the place of one that was made before, whatever its format, and of nothing else.
  expect((await auditor.jit([...report, "--format", "csv", "--out", "report.html"])).code).toBe(0);
  expect((await auditor.jit([...report, "--out", "report.html"])).code).toBe(0);
  expect((await auditor.jit([...report, "--out", "report.html"])).code).toBe(0);
  writeFileSync(file, "my notes\n");
  expectError(await auditor.jit([...report, "--out", "report.html", "--json"]), "FILE_EXISTS", 2);
  expect(readFileSync(file, "utf8")).toBe("my notes\n");
});

test.each([
  [["--from", "2d"], "FLAG_MISSING", 2],
  [["--for", "gdpr"], "FLAG_MISSING", 2],
  [["--for", "gdpr", "--from", "2999-01-01"], "TIME_INVALID", 2],
  [["--for", "gdpr", "--from", "2d", "--office-hours", "9-5"], "TIME_INVALID", 2],
  [["--for", "gdpr", "--from", "2d", "--time-zone", "Mars/Olympus"], "TIME_INVALID", 2],
  [["--for", "gdpr", "--from", "2d", "--format", "html", "--out", "no/such/folder.html"], "LOCAL_FAILED", 11],
])("audit report %j is refused", async (flags, code, exit) => {
  const ended = await auditor.jit(["audit", "report", ...flags]);
  expect([/\[([A-Z_]+)\]/.exec(ended.stderr)?.[1], ended.code]).toEqual([code, exit]);
  expect(ended.stderr).not.toMatch(/\d\.\d{3}Z/);
});

test("what does not verify is shown with its code, and ends with 20", async () => {
  const mine = lines((await auditor.jit(["audit", "log", "--json", "--ticket", "SUP-12"])).stdout)[0];
  const name = mine.records.find(({ type }: { type: string }) => type === "request").object;
  const { env } = alice;
  const s3 = new S3Client(clientOptions(sandbox(), env));
  // What nobody can do to the record itself: a record beside it that is none.
  const Key = name.replace(/\.[0-9]+\.request\.jws$/, ".99.end.jws");
  await s3.send(new PutObjectCommand({ Bucket: "jit-audit", Key, Body: "{}", IfNoneMatch: "*" }));
  s3.destroy();
  const shown = await auditor.jit(["audit", "log", "--ticket", "SUP-12"]);
  expect(shown.code).toBe(20);
  expect(shown.stdout).toMatch(/^✗ .*alice[\s\S]*ENVELOPE_SHAPE/m);
  const report = await auditor.jit(["audit", "report", "--for", "pci", "--from", "2d"]);
  expect(report.code).toBe(20);
  expect(report.stdout).toMatch(
    new RegExp(`## What could not be verified[\\s\\S]*${mine.request}[\\s\\S]*ENVELOPE`),
  );
});
