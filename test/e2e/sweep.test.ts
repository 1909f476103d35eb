import { expect, test } from "vitest";
import { reader, useSandbox, why } from "../support/fixture.ts";
import type { Machine } from "../support/jit.ts";
import { expectError } from "../support/ledger.ts";

/** `jit sweep` through the real binary; it is the sandbox's own IAM evaluation that says no. */

const { sandbox, machine } = useSandbox();

async function open(who: Machine, target: string, location: string) {
  const asked = await who.jit(["request", target, ...why, "--json"]);
  expect(asked.code).toBe(0);
  const env = JSON.parse((await who.jit(["env", target, "--format", "process"])).stdout);
  const credentials = {
    AWS_ACCESS_KEY_ID: env.AccessKeyId,
    AWS_SECRET_ACCESS_KEY: env.SecretAccessKey,
    AWS_SESSION_TOKEN: env.SessionToken,
  };
  return {
    request: JSON.parse(asked.stdout).request as string,
    async read(): Promise<string> {
      const [command = "", ...args] = reader(location);
      const ended = await who.run(command, args, { env: credentials });
      return ended.code === 0 ? "read" : ended.stdout;
    },
  };
}

test("a session that was forgotten can no longer be used by whoever kept its credentials; others go on", async () => {
  const alice = await machine("alice");
  const bob = await machine("bob");
  const forgotten = await open(alice, "customers:read", "s3://acme-customers/profiles/0007.json");
  const kept = await open(alice, "orders:read", "s3://acme-orders/orders/2026-01.csv");
  expect((await alice.jit(["exec", "orders:read", "--", "true"])).code).toBe(0);
  const idle = await bob.jit(["sweep", "--json"]);
  expect(JSON.parse(idle.stdout)).toMatchObject({ revoked: [] });

  expect((await alice.jit(["forget", "customers:read"])).code).toBe(0);
  expect(await forgotten.read()).toBe("read");
  const swept = await bob.jit(["sweep", "--json"]);
  expect(swept.code).toBe(0);
  expect(JSON.parse(swept.stdout).revoked).toMatchObject([{ request: forgotten.request, revoked: true }]);
  expect(await forgotten.read()).toBe("AccessDenied");
  expect(await kept.read()).toBe("read");

  // Again, as cron does: nothing is revoked twice, and the log holds.
  const again = await bob.jit(["sweep"]);
  expect(again).toMatchObject({ code: 0 });
  expect(again.stdout).not.toContain("revoked:");
  const story = await bob.jit(["audit", "show", forgotten.request, "--json"]);
  expect(JSON.parse(story.stdout).entries.map(({ type }: { type: string }) => type)).toContain("revoke");
  expect((await bob.jit(["audit", "verify"])).code).toBe(0);
});

test("who may not write the roles' policies sweeps nothing, and is told so", async () => {
  const alice = await machine("alice");
  expectError(await alice.jit(["sweep", "--json"]), "IAM_DENIED", 8);
  await sandbox().fault({ service: "iam", kind: "status", status: 500 });
  const bob = await machine("bob");
  expectError(await bob.jit(["sweep", "--json"]), "IAM_UNREACHABLE", 9);
});
