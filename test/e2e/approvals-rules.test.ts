import { beforeAll, expect, test } from "vitest";
import { reader, useSandbox, why } from "../support/fixture.ts";
import type { Machine } from "../support/jit.ts";
import { assumedRoles, expectError, unrecordedSessions } from "../support/ledger.ts";
import { publishCatalog } from "../support/publish.ts";

/** Where the requester issues and rules ask for an approval: through the real binary, by a catalog that is published. */

const { sandbox, machine } = useSandbox();

const rules = `groups:
  owners:
    principals: ["arn:aws:iam::111122223333:user/bob"]
rules: |
  @id("all-ask")
  permit(principal, action == Action::"request", resource);
  @id("orders-alone")
  permit(principal, action == Action::"autoApprove", resource in Store::"orders");
  @id("owners-agree")
  permit(principal in Group::"owners", action == Action::"approve", resource in Store::"customers");
`;

beforeAll(async () => {
  await publishCatalog(sandbox(), await machine("admin"), 2, (yaml) => `${yaml}${rules}`);
});

const ask = (who: Machine, target: string, ...more: string[]) =>
  who.jit(["request", target, ...why, "--json", ...more]);
const made = async (request: string) =>
  (await assumedRoles(sandbox())).filter((one) => one.request === request).length;

test("one approval, and the requester's own machine issues, once; renewals and verification know of it", async () => {
  const [alice, bob] = [await machine("alice"), await machine("bob")];
  const asked = await ask(alice, "customers:read");
  expect(asked.code).toBe(4);
  const { request, quorum, approvers } = JSON.parse(asked.stdout);
  expect({ quorum, approvers }).toEqual({ quorum: 1, approvers: ["owners"] });
  expectError(
    await (await machine("carol")).jit(["approve", request, "-y", "--json"]),
    "APPROVE_NOT_ALLOWED",
    3,
  );
  expect(JSON.parse((await bob.jit(["approve", request, "-y", "--json"])).stdout)).toMatchObject({
    status: "complete",
  });
  expect(await made(request)).toBe(0);
  expectError(await bob.jit(["approve", request, "-y", "--json"]), "APPROVED_ALREADY", 3);

  const read = await alice.jit([
    "exec",
    "customers:read",
    "--",
    ...reader("s3://acme-customers/profiles/0007.json"),
  ]);
  expect([read.code, read.stdout.includes("0007")]).toEqual([0, true]);
  expect(JSON.parse((await ask(alice, "customers:read")).stdout)).toMatchObject({
    status: "cached",
    request,
  });
  expect(await made(request)).toBe(1);
  expectError(await bob.jit(["approve", request, "-y", "--json"]), "REQUEST_ISSUED", 3);
  // Forgotten, the approval gives no second session.
  expect((await alice.jit(["forget", "customers:read"])).code).toBe(0);
  const again = await ask(alice, "customers:read");
  expect([again.code, JSON.parse(again.stdout).request === request]).toEqual([4, false]);

  const verified = await (await machine("auditor")).jit(["audit", "verify", "--json"]);
  expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true });
  expect(await unrecordedSessions(sandbox())).toEqual([]);
});

test("what the rules grant alone waits for nobody, and what nobody may approve is refused", async () => {
  const alice = await machine("alice");
  expect((await ask(alice, "orders:read")).code).toBe(0);
  // The store names bob and carol, the rules let nobody agree about it.
  expectError(await ask(alice, "payroll:read"), "NOBODY_CAN_APPROVE", 3);
});
