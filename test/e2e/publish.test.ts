import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { useSandbox, why } from "../support/fixture.ts";

const { sandbox, machine } = useSandbox();

test("records made under an older catalog verify after the next one is published, on a machine that knows neither", async () => {
  const alice = await machine("alice");
  expect((await alice.jit(["request", "customers:read", ...why])).code).toBe(0);

  // The administrator takes the sandbox's own files, and publishes the next version of its catalog.
  const admin = await machine("admin");
  const folder = join(admin.home, "organization");
  cpSync(dirname(sandbox().catalog), folder, { recursive: true });
  const catalog = join(folder, "jit.yaml");
  writeFileSync(catalog, readFileSync(catalog, "utf8").replace("version: 1", "version: 2"));
  const signed = await admin.jit(["catalog", "sign", catalog, "--key", join(folder, "admin.jwk")]);
  expect(signed).toMatchObject({ code: 0 });
  expect(await admin.jit(["catalog", "publish", catalog])).toMatchObject({ code: 0 });

  const bob = await machine("bob");
  expect((await bob.jit(["request", "orders:read", ...why])).code).not.toBe(0);
  const auditor = await machine("auditor");
  const verified = await auditor.jit(["audit", "verify", "--json"]);
  expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, bySeverity: { invalid: 0 } });
  expect(verified.code).toBe(0);
});
