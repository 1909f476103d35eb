import { beforeAll, expect, test } from "vitest";
import { useSandbox, why } from "../support/fixture.ts";
import type { Machine } from "../support/jit.ts";
import { errorOf, expectError } from "../support/ledger.ts";
import { publishCatalog } from "../support/publish.ts";

/** What a catalog granted, once another one is in force: every command says the same of it. */

const { sandbox, machine } = useSandbox();
let alice: Machine;
let session = "";
let window = "";
let waiting = "";

const json = async (...args: string[]) => JSON.parse((await alice.jit([...args, "--json"])).stdout);
/** A whole second, an hour from now. */
const inAnHour = () => `${new Date(Date.now() + 3_600_000).toISOString().slice(0, 19)}Z`;

beforeAll(async () => {
  alice = await machine("alice");
  session = (await json("request", "orders:read", ...why)).request;
  window = (await json("request", "customers:read", ...why, "--at", inAnHour())).request;
  waiting = (await json("request", "payroll:read", ...why)).request;
  const before = await json("status");
  expect(before.sessions).toMatchObject([{ request: session, outdated: false }]);
  expect(before.waiting).toMatchObject([{ outdated: false }, { outdated: false }]);
  await publishCatalog(sandbox(), await machine("admin"), 2, (yaml) =>
    // orders:read is there no more.
    yaml.replace(/(\n {2}orders:[\s\S]*?\n {6})read:/, "$1look:"),
  );
  // Until this machine hears of it, what it has is as good as before.
  expect((await alice.jit(["credentials", "orders:read"])).code).toBe(0);
  expect((await alice.jit(["doctor"])).code).toBe(0);
});

test("status says that a session and requests are of the catalog before", async () => {
  const { sessions, waiting: requests } = await json("status");
  expect(sessions).toMatchObject([{ request: session, outdated: true }]);
  expect(requests.map((one: Record<string, unknown>) => [one["request"], one["outdated"]]).sort()).toEqual(
    [
      [window, true],
      [waiting, true],
    ].sort(),
  );
  const { stdout } = await alice.jit(["status"]);
  expect(stdout).toMatch(new RegExp(`^no session is open\noutdated: orders:read \\(${session}\\)`));
  expect(stdout.match(/^outdated:/gm)).toHaveLength(3);
  expect(stdout).not.toMatch(/^(?:waits|opens):/m);
  expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
});

test("credentials hand it out no more, and say why", async () => {
  await publishCatalog(sandbox(), await machine("admin"), 3);
  expect((await alice.jit(["doctor"])).code).toBe(0);
  const asked = await alice.jit(["credentials", "orders:read", "--json"]);
  expectError(asked, "NO_SESSION", 12);
  expect(JSON.parse(asked.stderr.split("\n")[0] ?? "").note).toMatchObject({ code: "CATALOG_CHANGED" });
  expect(asked.stderr).toContain(session);
});

test("a window is not waited for, nor kept", async () => {
  const watched = await alice.jit(["watch", window, "--json"]);
  expectError(watched, "REQUEST_CATALOG_CHANGED", 6);
  expect(errorOf(watched).hint).toContain("jit request customers:read");
  // The other is told of when the same is asked for anew.
  const anew = await alice.jit(["request", "payroll:read", ...why, "--json"]);
  expect(anew.code).toBe(4);
  expect(anew.stderr).toContain(waiting);
  expect((await json("status")).waiting).toMatchObject([
    { request: JSON.parse(anew.stdout).request, outdated: false },
  ]);
});

test("a new session stands beside it, and forget ends both, whether the catalog has the target or not", async () => {
  const anew = (await json("request", "orders:read", ...why)).request;
  const { sessions } = await json("status");
  expect(sessions.map((one: Record<string, unknown>) => [one["request"], one["outdated"]])).toEqual([
    [session, true],
    [anew, false],
  ]);
  await publishCatalog(sandbox(), await machine("admin"), 4, (yaml) =>
    yaml.replace(/(\n {2}orders:[\s\S]*?\n {6})read:/, "$1look:"),
  );
  expect((await alice.jit(["doctor"])).code).toBe(0);
  const { forgotten, notices } = await json("forget", "orders:read");
  expect(notices).toEqual([]);
  expect(forgotten.map(({ request }: { request: string }) => request).sort()).toEqual([session, anew].sort());
  const auditor = await machine("auditor");
  const verified = JSON.parse((await auditor.jit(["audit", "verify", "--strict", "--json"])).stdout);
  expect(verified).toMatchObject({ ok: true, byType: { end: 2 } });
  expectError(await alice.jit(["forget", "orders:read", "--json"]), "TARGET_UNKNOWN", 2);
});
