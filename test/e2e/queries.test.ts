import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { hasDuckdb } from "../support/duckdb.ts";
import { useSandbox, why } from "../support/fixture.ts";
import type { Machine } from "../support/jit.ts";
import { publishCatalog } from "../support/publish.ts";

/** The queries of docs/query.md, on a log in which each of them finds something. */

const { sandbox, machine } = useSandbox();
let auditor: Machine;
let folder = "";

const documented = [
  ...readFileSync("docs/query.md", "utf8").matchAll(/\n\n([^\n]+(?:\n[^\n]+)*?)\n\n```sql\n([\s\S]+?)```/g),
].map(([, title = "", sql = ""]) => [title.replace(/\s+/g, " "), sql] as const);

beforeAll(async () => {
  auditor = await machine("auditor");
  const [alice, bob, carol] = [await machine("alice"), await machine("bob"), await machine("carol")];
  await publishCatalog(
    sandbox(),
    await machine("admin"),
    2,
    (yaml) => `${yaml}notifications: [{ command: [/usr/bin/true], on: [breakGlass] }]\n`,
  );
  expect((await alice.jit(["exec", "customers:read", ...why, "--", "true"])).code).toBe(0);
  const asked = await alice.jit(["request", "payroll:read", ...why, "--json"]);
  const { request } = JSON.parse(asked.stdout);
  for (const who of [bob, carol]) expect((await who.jit(["approve", request, "-y"])).code).toBe(0);
  expect((await alice.jit(["watch", request])).code).toBe(0);
  expect((await alice.jit(["forget", "--all"])).code).toBe(0);
  const emergency = ["--purpose", "incident", "--reason", "The payroll run fails and must go out today"];
  const broken = await alice.jit(["request", "payroll:read", "--break-glass", ...emergency, "-y"]);
  expect(broken.code).toBe(0);
  // The reply to AssumeRole is lost: nobody knows whether there is a session.
  await sandbox().fault({ action: "AssumeRole", kind: "lostReply", count: 1 });
  await alice.jit(["request", "orders:read", ...why]);
  await sandbox().clearFaults();
  folder = join(auditor.home, "out");
  const key = join(dirname(sandbox().catalog), "log.jwk");
  expect((await auditor.jit(["audit", "seal", "--key", key])).code).toBe(0);
  expect((await auditor.jit(["audit", "export", folder])).code).toBe(0);
});

async function ask(sql: string) {
  const { code, stdout, stderr } = await auditor.jit(["audit", "query", sql, "--dir", folder, "--json"]);
  if (code !== 0) throw new Error(stderr);
  const lines = stdout.trimEnd().split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line));
}

const found: Readonly<Record<string, readonly object[]>> = {
  "Who was given what": [
    { who: "alice", targets: ["customers:read"], purpose: "support", reason: why.at(-1) },
    { who: "alice", targets: ["payroll:read"] },
    { who: "alice", targets: ["payroll:read"], purpose: "incident" },
  ],
  "Who reads one category": [{ who: "alice", requests: 1, purposes: ["support"] }],
  "Grants that nobody used": [{}, {}, {}],
  "Who asks for far longer": [{ who: "alice", stores: ["customers"], grants: 1, percent: 0 }],
  Emergencies: [{ who: "alice", targets: ["payroll:read"], review: null, reviewed_by: null }],
  "How long people wait": [{ stores: ["payroll"], asked: 1, answered: 1 }],
  "Who approves for whom": [
    { approver: expect.stringMatching(/bob|carol/), requester: "alice", approvals: 1 },
    { approver: expect.stringMatching(/bob|carol/), requester: "alice", approvals: 1 },
  ],
  "Candidates for a bypass": [{ writer: "alice", abort_step: "assumeRole", access_key_id: null }],
  "What is not verified": [],
};

describe.skipIf(!hasDuckdb)("docs/query.md", () => {
  test("has these queries", () => {
    expect(documented.length).toBe(1 + Object.keys(found).length);
  });

  test.each(Object.entries(found))("%s", async (title, rows) => {
    const [, sql = ""] = documented.find(([said]) => said.startsWith(title)) ?? [];
    const told = await ask(sql);
    expect(told).toMatchObject(rows);
    expect(told.length).toBe(rows.length);
  });

  test("and the row to prove", async () => {
    const [, sql = ""] = documented.at(-1) ?? [];
    expect(await ask(sql)).toEqual([
      {
        tree_index: expect.any(Number),
        leaf_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
        object: expect.stringMatching(/\.issue\.jws$/),
      },
    ]);
  });
});
