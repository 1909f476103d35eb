import { expect, test } from "vitest";
import { useSandbox, why } from "../support/fixture.ts";
import { publishCatalog } from "../support/publish.ts";

const { sandbox, machine } = useSandbox();

test("records made under an older catalog verify after the next one is published, on a machine that knows neither", async () => {
  const alice = await machine("alice");
  expect((await alice.jit(["request", "customers:read", ...why])).code).toBe(0);

  await publishCatalog(sandbox(), await machine("admin"), 2);

  const bob = await machine("bob");
  expect((await bob.jit(["request", "orders:read", ...why])).code).not.toBe(0);
  const auditor = await machine("auditor");
  const verified = await auditor.jit(["audit", "verify", "--json"]);
  expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, bySeverity: { invalid: 0 } });
  expect(verified.code).toBe(0);
});
