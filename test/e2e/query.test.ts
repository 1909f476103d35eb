import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { hasDuckdb } from "../support/duckdb.ts";
import { rowsOfExport } from "../support/export.ts";
import { useSandbox, why } from "../support/fixture.ts";
import type { Machine } from "../support/jit.ts";
import { errorOf, expectError } from "../support/ledger.ts";

/** SQL through the real binary: answers are those of audit log, and a query gets at nothing but the export. */

const { sandbox, machine } = useSandbox();
const formula = '=HYPERLINK("http://evil.example","x")';
let auditor: Machine;
let folder = "";

beforeAll(async () => {
  const [alice, dave, reader] = await Promise.all([machine("alice"), machine("dave"), machine("auditor")]);
  auditor = reader;
  folder = join(auditor.home, "out'; DROP VIEW records; --");
  const asked = ["request", "customers:read", "--purpose", "support", "--reason", formula];
  expect((await alice.jit([...asked, "--ticket", "SUP-12"])).code).toBe(0);
  expect((await alice.jit(["exec", "customers:read", "--", "true"])).code).toBe(0);
  expect((await alice.jit(["request", "payroll:read", ...why])).code).toBe(4);
  expect((await dave.jit(["request", "customers:read", ...why])).code).toBe(8);
  const key = join(dirname(sandbox().catalog), "log.jwk");
  expect((await auditor.jit(["audit", "seal", "--key", key])).code).toBe(0);
  expect((await auditor.jit(["audit", "export", folder])).code).toBe(0);
});

const ask = (sql: string, ...flags: readonly string[]) =>
  auditor.jit(["audit", "query", sql, "--dir", folder, ...flags]);

async function rows(sql: string) {
  const { code, stdout, stderr } = await ask(sql, "--json");
  if (code !== 0) throw new Error(stderr);
  const lines = stdout.trimEnd().split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line));
}

describe.skipIf(!hasDuckdb)("with DuckDB", () => {
  test("records are the rows that another reader of Parquet finds", async () => {
    const read = await rowsOfExport(folder);
    const told = await rows("SELECT * FROM records");
    const json = (value: unknown) =>
      typeof value === "bigint"
        ? Number(value)
        : value instanceof Date
          ? value.toISOString().replace(/\.?0+Z$/, "Z")
          : (value ?? null);
    expect(told).toEqual(
      read.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, json(value)]))),
    );
    expect(told.length).toBe(8);
  });

  test("requests are the lines of audit log", async () => {
    const { stdout } = await auditor.jit(["audit", "log", "--json", "--since", "2d"]);
    const said = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(await rows("SELECT * FROM requests ORDER BY request")).toMatchObject(
      said.map((one) => ({
        request: one.request,
        asked_at: one.at,
        outcome: one.outcome,
        who: one.who.name,
        stores: one.stores.map(({ name }: { name: string }) => name),
        classifications: one.stores.map(({ classification }: { classification: string }) => classification),
        reason: one.reason,
        ticket: one.ticket,
        issued_at: one.issuedAt,
        not_after: one.notAfter,
        sessions: one.sessions.length,
        used_seconds: one.ends[0]?.seconds ?? null,
        verified: one.verified,
        findings: one.problems,
      })),
    );
  });

  test("people get a table that fits, spreadsheets no formula, terminals no escape", async () => {
    const sql = "SELECT who, stores, outcome, asked_at, granted_seconds, reason FROM requests ORDER BY 4";
    const table = await ask(sql);
    const [head = "", first = ""] = table.stdout.split("\n");
    expect(head).toMatch(/^who +stores +outcome +asked_at +granted_sec\S+ +reason$/);
    expect(first).toMatch(
      /^alice +customers +granted +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +1800 +=HYPERLINK\S*…$|^alice +customers/,
    );
    const widths = `${table.stdout}\n${table.stderr}`.split("\n").map((line) => [...line].length);
    expect(Math.max(...widths)).toBeLessThanOrEqual(80);
    expect(table.stderr).toContain("3 rows");
    const wide = await ask("SELECT * FROM requests");
    expect(Math.max(...wide.stdout.split("\n").map((line) => [...line].length))).toBeLessThanOrEqual(90);
    expect(wide.stdout).toMatch(/^request {2,}[0-9A-Z]{26}$/m);
    const csv = await ask(
      `SELECT reason, 1 AS "=cmd", [who, 'x'] AS l FROM requests WHERE reason LIKE '=%'`,
      "--csv",
    );
    expect(csv.stdout).toBe(`reason,"'=cmd",l\r\n"'${formula.replaceAll('"', '""')}",1,"alice x"\r\n`);
    const odd =
      "SELECT 'a' || chr(27) || '[31m' || chr(8238) AS x, 9007199254740993 AS big, 0.5::DECIMAL(3,1) AS d";
    for (const flags of [[], ["--json"], ["--csv"]]) {
      const { code, stdout } = await ask(odd, ...flags);
      expect([code, stdout.includes("\u001b"), stdout.includes("\u202e")]).toEqual([0, false, false]);
    }
    expect(await rows(odd)).toMatchObject([{ big: "9007199254740993", d: "0.5" }]);
    expect((await ask("SELECT who FROM requests WHERE false")).stdout).toBe("");
  });

  test.each([
    ["reads a file", "SELECT * FROM read_text('/etc/passwd')"],
    ["reads CSV", "SELECT * FROM read_csv('/etc/passwd')"],
    ["lists files", "SELECT * FROM glob('/etc/*')"],
    ["asks the network", "SELECT * FROM read_parquet('https://127.0.0.1:1/x.parquet')"],
    ["goes up", "SELECT * FROM read_text('DIR/../.local/state/jit/x')"],
    ["writes a file", "COPY (SELECT 1) TO 'DIR/x.csv'"],
    ["writes over a part", "COPY (SELECT 1) TO 'DIR/day=2026-01-01/part-0.parquet'"],
    ["writes elsewhere", "COPY (SELECT 1) TO '/tmp/jit-query-test.csv'"],
    ["writes in an explanation", "EXPLAIN ANALYZE COPY (SELECT 1) TO 'DIR/x.csv'"],
    ["writes behind a SELECT", "SELECT 1; COPY (SELECT 1) TO 'DIR/x.csv'"],
    ["attaches a database", "ATTACH 'DIR/x.db'"],
    ["exports", "EXPORT DATABASE 'DIR/db'"],
    ["loads an extension", "LOAD httpfs"],
    ["installs one", "INSTALL httpfs"],
    ["unlocks", "SET enable_external_access = true"],
    ["changes a view", "CREATE OR REPLACE VIEW records AS SELECT 1"],
    ["says nothing", " "],
  ])("refused: what %s", async (_, sql) => {
    const before = readdirSync(folder);
    const ended = await ask(sql.replaceAll("DIR", folder.replaceAll("'", "''")), "--json");
    expect([errorOf(ended).code, ended.code, ended.stdout]).toEqual([
      expect.stringMatching(/^QUERY_(REFUSED|INVALID)$/),
      expect.any(Number),
      "",
    ]);
    expect(readdirSync(folder)).toEqual(before);
    expect(existsSync("/tmp/jit-query-test.csv")).toBe(false);
  });

  test("an export without days has both views, and nothing in them", async () => {
    const empty = join(auditor.home, "empty");
    mkdirSync(empty);
    const manifest = JSON.parse(readFileSync(join(folder, "_manifest.json"), "utf8"));
    writeFileSync(join(empty, "_manifest.json"), JSON.stringify({ ...manifest, days: {} }));
    for (const view of ["records", "requests"]) {
      const sql = `SELECT count(*) AS n, max(day) AS day FROM ${view}`;
      const { code, stdout } = await auditor.jit(["audit", "query", sql, "--dir", empty, "--json"]);
      expect([code, JSON.parse(stdout)]).toEqual([0, { n: 0, day: null }]);
    }
    const days = {
      "2026-01-01": { ...(Object.values(manifest.days)[0] as object), file: "../../etc/passwd" },
    };
    writeFileSync(join(empty, "_manifest.json"), JSON.stringify({ ...manifest, days }));
    const args = ["audit", "query", "SELECT 1", "--dir", empty, "--json"];
    expectError(await auditor.jit(args), "EXPORT_INVALID", 2);
  });

  test("what is wrong with a query is said in a word, by its code", async () => {
    expectError(await ask("SELEC", "--json"), "QUERY_INVALID", 2);
    expectError(await ask("SELECT nothing_such FROM records", "--json"), "QUERY_INVALID", 2);
    const large = "SELECT array_agg(range || repeat('x', 100)) FROM range(1000000000)";
    expectError(await ask(large, "--json"), "QUERY_TOO_LARGE", 2);
    expectError(await ask("SELECT 1", "--json", "--csv"), "USAGE", 2);
    const nowhere = await auditor.jit(["audit", "query", "SELECT 1", "--json"]);
    expectError(nowhere, "EXPORT_MISSING", 2);
    const starred = join(auditor.home, "a*b");
    mkdirSync(starred);
    writeFileSync(join(starred, "_manifest.json"), "{}");
    const args = ["audit", "query", "SELECT 1", "--dir", starred, "--json"];
    expectError(await auditor.jit(args), "EXPORT_INVALID", 2);
  });

  test("Ctrl-C ends a query that would go on", async () => {
    const sql = "SELECT who, count(*) FROM requests, range(100000000000) a, range(1000000) b GROUP BY ALL";
    const child = auditor.start(["audit", "query", sql, "--dir", folder]);
    await new Promise((done) => setTimeout(done, 1500));
    child.kill("SIGINT");
    expect(await once(child, "exit")).toEqual([130, null]);
  });
});

test("without DuckDB it is said what to install", async () => {
  const hook = `import { registerHooks } from "node:module";
    registerHooks({ resolve(name, context, next) {
      if (!name.startsWith("@duckdb/")) return next(name, context);
      const message = "Cannot find package '@duckdb/node-api' imported from jit";
      throw Object.assign(new Error(message), { code: "ERR_MODULE_NOT_FOUND" });
    } });`;
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hook)}` };
  const args = ["audit", "query", "SELECT 1", "--dir", folder, "--json"];
  const ended = await auditor.jit(args, { env });
  expectError(ended, "DUCKDB_MISSING", 2);
  expect(errorOf(ended).hint).toContain("npm install @duckdb/node-api");
});
