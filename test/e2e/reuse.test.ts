import { describe, expect, test } from "vitest";
import { useSandbox, why, whyVariables } from "../support/fixture.ts";
import type { Ended, Machine } from "../support/jit.ts";

// What becomes of a session that is open already: it is used, replaced, or forgotten, and what was typed in vain is named.
const { sandbox, machine } = useSandbox();

async function ask(on: Machine, ...more: string[]) {
  const asked = await on.jit(["request", "customers:read", ...why, "--json", ...more]);
  expect(asked.code).toBe(0);
  return { ...JSON.parse(asked.stdout), stderr: asked.stderr };
}

function reused({ stderr }: Ended): string {
  return stderr.split("\n").find((line) => line.endsWith("[SESSION_REUSED]")) ?? "";
}

async function ends(on: Machine, request: string): Promise<readonly string[]> {
  const story = JSON.parse((await on.jit(["audit", "show", request, "--json"])).stdout);
  return story.entries
    .filter(({ type }: { type: string }) => type === "end")
    .map(({ record }: { record: { outcome: string } }) => record.outcome);
}

describe("flags that are typed where a session is open", () => {
  const cases: readonly (readonly [readonly string[], readonly string[]])[] = [
    [["request", "customers:read", "--reason", "Another reason than before"], ["--reason"]],
    [["credentials", "customers:read", "--ticket", "SUP-1"], ["--ticket"]],
    [["credentials", "--for=20m", "customers:read"], ["--for"]],
    [["env", "customers:read", "--purpose", "incident"], ["--purpose"]],
    [
      ["exec", "customers:read", "--reason", "Another one", "--ticket", "SUP-1", "--", "true"],
      ["--reason", "--ticket"],
    ],
  ];
  test("are named as unused, with the session that is used and how to ask anew", async () => {
    const alice = await machine("alice");
    const { request } = await ask(alice);
    await sandbox().clearCalls();
    for (const [args, flags] of cases) {
      const ended = await alice.jit(args);
      expect({ args, code: ended.code }).toEqual({ args, code: 0 });
      const line = reused(ended);
      expect(line).toContain(request);
      expect(line).toContain("jit request customers:read --new");
      for (const flag of ["--for", "--purpose", "--reason", "--ticket"]) {
        expect({ args, flag, named: line.includes(flag) }).toEqual({
          args,
          flag,
          named: flags.includes(flag),
        });
      }
    }
    expect((await sandbox().calls()).map(({ action }) => action)).not.toContain("AssumeRole");
  });

  test("--for beyond what is left is said with what is left; variables are no flags; a new session takes all", async () => {
    const alice = await machine("alice");
    const first = await alice.jit(["request", "customers:read", "--for", "10m", ...why]);
    expect(reused(first)).toBe("");
    expect(reused(await alice.jit(["request", "customers:read", "--for", "1h", ...why]))).toMatch(/ 9 min /);
    expect(reused(await alice.jit(["request", "customers:read", "--for", "5m", ...why]))).not.toMatch(
      / min /,
    );
    const env = { ...whyVariables, JIT_FOR: "1h", JIT_TICKET: "SUP-1" };
    for (const args of [
      ["credentials", "customers:read"],
      ["request", "customers:read"],
    ]) {
      expect(reused(await alice.jit(args, { env }))).toBe("");
    }
  });
});

test("--new: the session that is replaced has its end record, by the same command", async () => {
  const alice = await machine("alice");
  const first = await ask(alice);
  const second = await ask(alice, "--new");
  expect(second).toMatchObject({ status: "granted", replaced: { request: first.request } });
  expect(await ends(alice, first.request)).toEqual(["forgotten"]);
  expect(await ends(alice, second.request)).toEqual([]);
  const plain = await alice.jit(["request", "customers:read", ...why, "--new"]);
  expect(plain.stdout).toContain(`jit revoke ${second.request}`);
  // Nothing is ended before its successor is in place.
  await sandbox().fault({ service: "sts", action: "AssumeRole", kind: "status", status: 403 });
  expect((await alice.jit(["request", "customers:read", ...why, "--new"])).code).toBe(8);
  await sandbox().clearFaults();
  const kept = await ask(alice);
  expect(kept.status).toBe("cached");
  expect(await ends(alice, kept.request)).toEqual([]);
  expect((await alice.jit(["audit", "verify"])).code).toBe(0);
});

test("forget says until when keys that were handed out work, and how those are ended", async () => {
  const alice = await machine("alice");
  const { request } = await ask(alice);
  const forgotten = await alice.jit(["forget", "customers:read"]);
  expect(forgotten.stdout).toMatch(/until (\d{4}-\d{2}-\d{2} )?\d{2}:\d{2}/);
  expect(forgotten.stdout).toContain(`jit revoke ${request}`);
  const help = await alice.jit(["forget", "--help"]);
  expect(help.stdout).toContain("jit revoke REQUEST");
});
