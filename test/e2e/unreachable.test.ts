import { describe, expect, test } from "vitest";
import { why } from "../support/fixture.ts";
import { type Machine, startSandbox } from "../support/jit.ts";
import { assumedRoles, errorOf, expectError, recordsOf, unrecordedSessions } from "../support/ledger.ts";

/** AWS that never answers again. These tests wait, so each has a sandbox of its own and they run beside each other. */

/** What a person has patience for, with room for a machine that is busy with other tests; ms. */
const patience = 20_000;

async function ask(who: Machine) {
  const start = performance.now();
  const ended = await who.jit(["request", "customers:read", ...why, "--json"]);
  return { ended, took: performance.now() - start };
}

describe.concurrent("for ever", { timeout: 60_000 }, () => {
  // The longest first: five run at a time.
  test("the record of a session that was made: nobody gets it, and the next run says so", async () => {
    const sandbox = await startSandbox();
    const alice = await sandbox.machineOf("alice");
    try {
      await sandbox.fault({ service: "s3", key: ".issue.jws", kind: "hang" });
      const { ended, took } = await ask(alice);
      expectError(ended, "AUDIT_UNREACHABLE", 9);
      // One wait for the issue record, one for the abort that has to follow it.
      expect(took).toBeLessThan(2 * patience);
      const [made] = await assumedRoles(sandbox);
      await sandbox.clearFaults();
      expect((await ask(alice)).ended).toMatchObject({ code: 0 });
      const aborts = (await recordsOf(sandbox)).filter(({ type }) => type === "abort");
      expect(aborts).toMatchObject([{ request: made?.request, accessKeyId: made?.accessKeyId }]);
      expect(await unrecordedSessions(sandbox)).toEqual([]);
      expect((await alice.jit(["audit", "verify"])).code).toBe(0);
    } finally {
      alice.remove();
      await sandbox.stop();
    }
  });

  test.each<[Record<string, unknown>, string]>([
    [{ service: "s3", kind: "hang" }, "AUDIT_UNREACHABLE"],
    [{ service: "s3", action: "PutObject", kind: "hang" }, "AUDIT_UNREACHABLE"],
    [{ service: "sts", action: "GetCallerIdentity", kind: "hang" }, "STS_UNREACHABLE"],
    [{ service: "sts", action: "AssumeRole", kind: "hang" }, "STS_REPLY_LOST"],
    [{ service: "s3", kind: "status", status: 503 }, "AWS_THROTTLED"],
    [{ service: "s3", action: "PutObject", kind: "status", status: 503 }, "AWS_THROTTLED"],
    [{ service: "s3", action: "PutObject", kind: "status", status: 500 }, "AUDIT_UNREACHABLE"],
    [{ service: "s3", action: "PutObject", kind: "dropBefore" }, "AUDIT_UNREACHABLE"],
    [{ service: "sts", action: "AssumeRole", kind: "status", status: 503 }, "AWS_THROTTLED"],
    [{ service: "sts", action: "AssumeRole", kind: "status", status: 500 }, "STS_UNREACHABLE"],
    [{ service: "sts", kind: "dropBefore" }, "STS_UNREACHABLE"],
  ])("%j is %s, soon enough", async (rule, code) => {
    const sandbox = await startSandbox();
    const alice = await sandbox.machineOf("alice");
    try {
      await sandbox.fault(rule);
      const { ended, took } = await ask(alice);
      expectError(ended, code, 9);
      expect(took).toBeLessThan(patience);
      expect(await assumedRoles(sandbox)).toEqual([]);
      await sandbox.clearFaults();
      expect((await ask(alice)).ended).toMatchObject({ code: 0 });
      expect(await unrecordedSessions(sandbox)).toEqual([]);
    } finally {
      alice.remove();
      await sandbox.stop();
    }
  });

  test("nobody listens there", async () => {
    const sandbox = await startSandbox();
    const alice = await sandbox.machineOf("alice");
    await sandbox.stop();
    const { ended, took } = await ask(alice);
    alice.remove();
    expect(["AUDIT_UNREACHABLE", "STS_UNREACHABLE"]).toContain(errorOf(ended).code);
    expectError(ended, errorOf(ended).code, 9);
    expect(took).toBeLessThan(patience);
  });
});
