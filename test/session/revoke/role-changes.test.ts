import { expect, test } from "vitest";
import { codeOf } from "../../../src/error.ts";
import {
  covers,
  type Denials,
  denialOf,
  nothingDenied,
  parseDenials,
  printDenials,
} from "../../../src/session/revoke/denials.ts";
import { applyChange, planChange, readInline } from "../../../src/session/revoke/role-changes.ts";
import { after, start } from "../sessions.ts";
import { MemoryPolicies } from "./memory-policies.ts";

const role = "arn:aws:iam::111122223333:role/pii-customers";
const policy = "jit-revoke-20261124-0123456789abcdef-bob";
const wait = async () => undefined;

function sessions(...numbers: readonly number[]): Denials {
  const one = (number: number) =>
    denialOf(`jit-01KAV7Q3Z0000${String(number).padStart(13, "0")}`, after(1800));
  return { sessions: numbers.map(one), people: [] };
}

function there(policies: MemoryPolicies): Denials {
  return parseDenials(policies.texts.get(`${role} ${policy}`) ?? "") ?? nothingDenied;
}

async function change(policies: MemoryPolicies, added: Denials, now = start): Promise<void> {
  const inline = await readInline(policies, role);
  await applyChange({ policies, wait }, planChange(inline, { role, policy, added, now }));
}

test("what was denied stays denied, and what has ended goes", async () => {
  const policies = new MemoryPolicies();
  await change(policies, sessions(1));
  await change(policies, sessions(2));
  expect(covers(there(policies), sessions(1, 2))).toBe(true);
  await change(policies, sessions(3), after(5 * 3600));
  expect(there(policies).sessions).toHaveLength(1);
});

test("another hand between writing and reading back: both are kept", async () => {
  const policies = new MemoryPolicies();
  let interfered = 0;
  policies.written = () => {
    if (interfered > 0) return;
    interfered += 1;
    policies.texts.set(`${role} ${policy}`, printDenials(sessions(9)));
  };
  await change(policies, sessions(1));
  expect(interfered).toBe(1);
  expect(covers(there(policies), sessions(1, 9))).toBe(true);
});

test("IAM that shows the old policy for a while is waited for", async () => {
  const policies = new MemoryPolicies();
  await change(policies, sessions(1));
  const inline = await readInline(policies, role);
  const planned = planChange(inline, { role, policy, added: sessions(2), now: start });
  policies.stale = 4;
  await applyChange({ policies, wait }, planned);
  expect(policies.stale).toBe(0);
  expect(covers(there(policies), sessions(1, 2))).toBe(true);
});

test("IAM that never shows it is reported", async () => {
  const policies = new MemoryPolicies();
  const planned = planChange(new Map(), { role, policy, added: sessions(1), now: start });
  policies.get = async () => undefined;
  expect(codeOf(await applyChange({ policies, wait }, planned).catch((error) => error))).toBe(
    "IAM_NOT_CONFIRMED",
  );
});

test("500 sessions fit beside a role's own policy, and what does not fit is refused before it is written", () => {
  const many = (count: number) => sessions(...Array.from({ length: count }, (_, index) => index));
  const inline = new Map([["store", "x".repeat(1000)]]);
  expect(planChange(inline, { role, policy, added: many(500), now: start }).denials.sessions).toHaveLength(
    500,
  );
  expect(code(() => planChange(inline, { role, policy, added: many(560), now: start }))).toBe("IAM_LIMIT");
  // White space does not count.
  const spaced = new Map([["store", " \n".repeat(20_000)]]);
  expect(planChange(spaced, { role, policy, added: many(500), now: start }).denials.sessions).toHaveLength(
    500,
  );
});

test("a policy that somebody else changed is not overwritten", () => {
  const inline = new Map([[policy, '{"Version":"2012-10-17","Statement":[]} ']]);
  expect(planChange(inline, { role, policy, added: sessions(1), now: start }).denials.sessions).toHaveLength(
    1,
  );
  const foreign = new Map([[policy, '{"Version":"2012-10-17","Statement":{}}']]);
  expect(code(() => planChange(foreign, { role, policy, added: sessions(1), now: start }))).toBe(
    "IAM_POLICY_CHANGED",
  );
});

function code(attempt: () => unknown): string | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
}
