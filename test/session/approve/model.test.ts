import fc from "fast-check";
import { expect, test } from "vitest";
import { verifyLog } from "../../../src/audit/verify.ts";
import { isJitError } from "../../../src/error.ts";
import type { Session } from "../../../src/session/types.ts";
import { organization, type Party, Town } from "./parties.ts";

/**
 * Random stories of one request against a model that only counts: who has agreed, who has said no, what time it is. Nobody
 * ever holds a session that the model does not allow, and no request gives two.
 */

type Step =
  | { readonly kind: "approve" | "deny"; readonly who: string }
  | { readonly kind: "pickUp" | "withdraw" }
  /** The bucket or STS fails at one of the next writes. */
  | {
      readonly kind: "fault";
      readonly who: string;
      readonly at: number;
      readonly how: "lost" | "unreachable";
    }
  | { readonly kind: "sts"; readonly who: string; readonly code: string }
  | { readonly kind: "pass"; readonly seconds: number };

const people = ["alice", "bob", "bob2", "carol", "dave"];
const who = fc.constantFrom(...people);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("approve" as const), who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("deny" as const), who }) },
  { weight: 4, arbitrary: fc.constant({ kind: "pickUp" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "withdraw" as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("fault" as const),
      who,
      at: fc.integer({ min: 0, max: 3 }),
      how: fc.constantFrom("lost" as const, "unreachable" as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("sts" as const),
      who,
      code: fc.constantFrom("STS_DENIED", "STS_REPLY_LOST", "AWS_THROTTLED"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("pass" as const),
      seconds: fc.constantFrom(-300, 60, 1800, 3600, 4 * 3600),
    }),
  },
);

/** Ours throw with a code; anything else is a fault of the program. */
async function attempt<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isJitError(error)) return undefined;
    throw error;
  }
}

/** What the model knows. A step that failed half way may have counted: then the model allows more, never less. */
class Model {
  readonly agreed = new Set<string>();
  denied = false;
  closes: number;

  constructor(now: number) {
    this.closes = now + 4 * 3600_000;
  }

  mayIssue(now: number): boolean {
    return this.agreed.size >= 2 && now < this.closes + 1000;
  }
}

async function play(target: string, steps: readonly Step[]): Promise<void> {
  const town = new Town();
  const all = new Map<string, Party>();
  const alice = town.user("alice");
  all.set("alice", alice);
  for (const name of ["bob", "carol", "dave"]) all.set(name, town.user(name));
  // Bob's second machine.
  all.set("bob2", town.user("bob"));
  const request = await alice.asks(target);
  const model = new Model(town.time);
  const held: Session[] = [];
  for (const one of steps) {
    const party = "who" in one ? all.get(one.who) : undefined;
    const made = town.made.length;
    const beganBefore = model.denied;
    if (one.kind === "pass") {
      town.pass(one.seconds);
      continue;
    }
    if (one.kind === "fault") {
      town.store.faults.push(...Array.from({ length: one.at }, () => undefined), one.how);
      continue;
    }
    if (one.kind === "sts") {
      party?.assumeFaults.push(one.code);
      continue;
    }
    if (one.kind === "approve" && party !== undefined) {
      // Whether or not the record arrives: at most this person has agreed.
      if (one.who === "bob" || one.who === "bob2" || one.who === "carol")
        model.agreed.add(one.who.slice(0, 3));
      await attempt(party.approves(request));
    } else if (one.kind === "deny" && party !== undefined) {
      const done = await attempt(party.denies(request).then(() => true));
      if (done === true) model.denied = true;
    } else if (one.kind === "withdraw") {
      const done = await attempt(alice.denies(request).then(() => true));
      if (done === true) model.denied = true;
    } else if (one.kind === "pickUp") {
      const found = await attempt(alice.picksUp(request));
      if (typeof found === "object") held.push(found);
    }
    // Whatever STS was asked for just now, the records must have allowed.
    if (town.made.length > made) {
      expect(model.mayIssue(town.time)).toBe(true);
      expect(beganBefore).toBe(false);
    }
  }
  town.store.faults.length = 0;
  expect(held.length).toBeLessThanOrEqual(1);
  const issues = [...town.store.objects.keys()].filter((key) => key.endsWith(".issue.jws"));
  expect(issues.length).toBeLessThanOrEqual(1);
  for (const session of held) {
    expect(town.made.some(({ accessKeyId }) => accessKeyId === session.credentials.accessKeyId)).toBe(true);
    expect(session.notAfter.getTime()).toBeLessThanOrEqual(session.issuedAt.getTime() + 1_801_000);
  }
  // What happened honestly, whatever failed, is never found to be wrong.
  const report = await verifyLog(town.store, {
    log: organization.fingerprint,
    trust: organization.trust,
    catalogOf: async () => organization.catalog,
    approvals: {
      rules: alice.ports.rules as never,
      claimOf: (of) => town.store.read(`v1/claim/${of}`),
    },
  });
  const invalid = report.findings.filter(({ severity }) => severity === "invalid").map(({ code }) => code);
  expect(invalid).toEqual([]);
}

test.each([
  "payroll:read",
  "customers:read",
])("no story of %s gives a session that the records do not allow", async (target) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
      await play(target, steps);
    }),
    { numRuns: 60 },
  );
}, 60_000);
