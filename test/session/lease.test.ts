import { expect, test } from "vitest";
import { narrowPolicy } from "../../src/access/policy/narrow.ts";
import { type LeaseInput, leasesOf } from "../../src/session/lease.ts";
import type { Notice, Session } from "../../src/session/types.ts";
import { ScriptedTokenService } from "../support/scripted-token-service.ts";
import { after, alice, session } from "./sessions.ts";

function setUp(change: Partial<LeaseInput> = {}, of: Session = session()) {
  const at = { now: after(60), session: of };
  const tokens = new ScriptedTokenService(alice, () => at.now);
  const notices: Notice[] = [];
  const current = leasesOf(
    {
      tokens,
      clock: { now: () => at.now },
      session: async () => at.session,
      notice: (notice) => notices.push(notice),
    },
    { seconds: 300, only: [], required: false, ...change },
  );
  return { at, tokens, notices, current };
}

test("a lease is a child of the session, described by the request id", async () => {
  const { tokens, current } = setUp();
  const credentials = await current();
  expect(tokens.scoped).toEqual([
    { durationSeconds: 300, policy: undefined, description: session().request },
  ]);
  expect(credentials.accessKeyId).not.toBe(session().credentials.accessKeyId);
});

test("it is handed out for half its life, then comes the next", async () => {
  const { at, tokens, current } = setUp();
  const first = await current();
  at.now = after(60 + 149);
  expect(await current()).toBe(first);
  at.now = after(60 + 150);
  expect(await current()).not.toBe(first);
  expect(tokens.scoped).toHaveLength(2);
});

test("askers at the same time share one call", async () => {
  const { tokens, current } = setUp();
  const all = await Promise.all(Array.from({ length: 20 }, current));
  expect(new Set(all).size).toBe(1);
  expect(tokens.scoped).toHaveLength(1);
});

test("it never outlives the session", async () => {
  const { at, tokens, current } = setUp();
  at.now = after(1800 - 100);
  await current();
  at.now = after(1800 - 1);
  await current();
  expect(tokens.scoped.map(({ durationSeconds }) => durationSeconds)).toEqual([98, 1]);
  at.now = after(1800);
  await expect(current()).rejects.toMatchObject({ code: "SESSION_ENDED" });
});

test("it goes on with the session that was renewed", async () => {
  const { at, tokens, current } = setUp();
  at.now = after(1799);
  await current();
  at.now = after(1801);
  at.session = session({ notAfter: after(7200) });
  at.session = { ...at.session, credentials: { ...at.session.credentials, expiration: after(5400) } };
  await current();
  expect(tokens.scoped.at(-1)?.durationSeconds).toBe(300);
});

test("it narrows to the named actions", async () => {
  const { tokens, current } = setUp({ only: ["s3:GetObject"] });
  await current();
  expect(tokens.scoped[0]?.policy).toBe(narrowPolicy(["s3:GetObject"]));
});

test("a name that is no action fails at once", () => {
  expect(() => setUp({ only: ["GetObject"] })).toThrow(expect.objectContaining({ code: "ACTION_INVALID" }));
});

test("a lease that still works is handed out where the next cannot be had", async () => {
  const { at, tokens, current } = setUp();
  const first = await current();
  at.now = after(60 + 200);
  tokens.scopeFaults.push("STS_UNREACHABLE", "STS_UNREACHABLE");
  expect(await current()).toBe(first);
  at.now = after(60 + 300);
  await expect(current()).rejects.toMatchObject({ code: "STS_UNREACHABLE" });
});

test("without GetScopedCredentials the session itself is handed out, and that is said once", async () => {
  const { tokens, notices, current } = setUp();
  tokens.scopeFaults.push("STS_UNSUPPORTED");
  expect((await current()).accessKeyId).toBe(session().credentials.accessKeyId);
  expect((await current()).accessKeyId).toBe(session().credentials.accessKeyId);
  expect(notices.map(({ code }) => code)).toEqual(["LEASE_UNSUPPORTED"]);
  expect(tokens.scoped).toHaveLength(1);
});

test.each<[string, Partial<LeaseInput>]>([
  ["the catalog requires it", { required: true }],
  ["it was to narrow", { only: ["s3:GetObject"] }],
])("without it nothing is handed out where %s", async (_what, change) => {
  const { tokens, notices, current } = setUp(change);
  tokens.scopeFaults.push("STS_UNSUPPORTED", "STS_UNSUPPORTED");
  await expect(current()).rejects.toMatchObject({ code: "LEASE_UNSUPPORTED" });
  await expect(current()).rejects.toMatchObject({ code: "LEASE_UNSUPPORTED" });
  expect(notices).toEqual([]);
});
