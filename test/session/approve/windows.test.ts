import fc from "fast-check";
import { expect, test } from "vitest";
import { formatTime } from "../../../src/audit/time.ts";
import { verifyLog } from "../../../src/audit/verify.ts";
import { codeOf, isJitError } from "../../../src/error.ts";
import { handedOver } from "../../../src/session/attempt.ts";
import { isUsable } from "../../../src/session/freshness.ts";
import { renewSession } from "../../../src/session/renew.ts";
import type { Session } from "../../../src/session/types.ts";
import { fenceThat } from "../world.ts";
import { organization, type Party, Town } from "./parties.ts";

/** Windows and extensions against a model of times: whatever happens in whatever order, each grant keeps its own two ends. */

type Step =
  | { readonly kind: "ask"; readonly duration: number }
  | { readonly kind: "at"; readonly ahead: number; readonly duration: number }
  | { readonly kind: "extend"; readonly which: number; readonly duration: number }
  | { readonly kind: "renew" | "pickUp" | "withdraw"; readonly which: number }
  | { readonly kind: "fault"; readonly how: "lost" | "unreachable" }
  | { readonly kind: "pass"; readonly seconds: number };

const duration = fc.constantFrom(60, 900, 1800, 7200);
const which = fc.nat({ max: 5 });
const of = <K extends string>(kind: K) => fc.constant(kind);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: of("ask"), duration }),
  fc.record({ kind: of("at"), ahead: fc.constantFrom(30, 600, 3600, 12 * 3600), duration }),
  fc.record({ kind: of("extend"), which, duration }),
  fc.record({ kind: of("renew"), which }),
  { weight: 2, arbitrary: fc.record({ kind: of("pickUp"), which }) },
  fc.record({ kind: of("withdraw"), which }),
  fc.record({ kind: of("fault"), how: fc.constantFrom("lost" as const, "unreachable" as const) }),
  {
    weight: 3,
    arbitrary: fc.record({ kind: of("pass"), seconds: fc.constantFrom(-300, 59, 600, 3599, 6 * 3600) }),
  },
);

/** When a grant may begin at the earliest and must end at the latest, ms. */
interface Bounds {
  readonly opens: number;
  readonly ends: number;
}

const target = "customers:read";

async function attempt<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isJitError(error)) return undefined;
    throw error;
  }
}

class Play {
  readonly town = new Town();
  readonly solo: Party;
  readonly bounds = new Map<string, Bounds>();
  readonly held: Session[] = [];
  readonly scheduled: string[] = [];
  readonly withdrawn = new Set<string>();

  constructor() {
    this.solo = this.town.user("solo");
  }

  async take(one: Step): Promise<void> {
    const { town, solo } = this;
    const session = "which" in one ? this.held[one.which % Math.max(1, this.held.length)] : undefined;
    if (one.kind === "pass") town.pass(one.seconds);
    if (one.kind === "fault") town.store.faults.push(one.how);
    if (one.kind === "ask") await this.#asks(one.duration, {});
    if (one.kind === "at")
      await this.#asks(one.duration, {
        notBefore: new Date(Math.floor(town.time / 1000 + one.ahead) * 1000),
      });
    if (one.kind === "extend" && session !== undefined)
      await this.#asks(one.duration, { claimed: { extends: session.request } });
    if (one.kind === "renew" && session !== undefined) await this.#renews(session);
    const waiting =
      "which" in one ? this.scheduled[one.which % Math.max(1, this.scheduled.length)] : undefined;
    if (one.kind === "withdraw" && waiting !== undefined) {
      const done = await attempt(solo.denies(waiting).then(() => true));
      if (done === true) this.withdrawn.add(waiting);
    }
    if (one.kind === "pickUp" && waiting !== undefined) {
      const wasWithdrawn = this.withdrawn.has(waiting);
      const made = town.made.length;
      const found = await attempt(solo.picksUp(waiting));
      if (typeof found === "object") this.held.push(found);
      if (wasWithdrawn) expect(town.made.length).toBe(made);
    }
  }

  async #asks(seconds: number, more: Parameters<Party["asksFor"]>[2]): Promise<void> {
    const from = this.town.time;
    const outcome = await attempt(this.solo.asksFor(target, seconds, more));
    if (outcome === undefined || outcome.kind === "refused") return;
    const { notBefore } = more ?? {};
    const ends = (notBefore?.getTime() ?? from) + seconds * 1000;
    // What is had at once may be renewed at any time, by a clock that was set back as well.
    this.bounds.set(outcome.request, { opens: notBefore?.getTime() ?? 0, ends });
    if (outcome.kind === "granted") this.held.push(outcome.session);
    // Nothing is made ahead, and nobody is asked where the rules grant it.
    expect(outcome.kind).toBe(more?.notBefore === undefined ? "granted" : "scheduled");
    if (outcome.kind === "scheduled") this.scheduled.push(outcome.request);
  }

  async #renews(session: Session): Promise<void> {
    const { solo } = this;
    const input = { session, organization, identity: solo.identity, inheritedSourceIdentity: undefined };
    const renewed = await attempt(renewSession(solo.ports, input, fenceThat()));
    if (renewed === undefined) return;
    expect(renewed.session.notAfter).toEqual(session.notAfter);
    await handedOver(solo.ports, renewed.session);
    this.held.push(renewed.session);
  }

  /** What STS was just asked for, against the request that it was for; a request that failed half way has no bounds here. */
  check(made: number): void {
    const { town } = this;
    for (const [index, { request }] of town.made.entries()) {
      if (index < made) continue;
      const bounds = this.bounds.get(request);
      if (bounds === undefined) continue;
      expect(town.time).toBeGreaterThanOrEqual(bounds.opens);
      expect(town.time).toBeLessThan(bounds.ends);
      expect(town.assumed[index]?.policy).toContain(formatTime(new Date(bounds.ends)));
    }
    for (const session of this.held) {
      const bounds = this.bounds.get(session.request);
      expect(session.notAfter.getTime()).toBeLessThanOrEqual(bounds?.ends ?? 0);
      expect(session.issuedAt.getTime() + 1000).toBeGreaterThan(bounds?.opens ?? Number.POSITIVE_INFINITY);
      expect(isUsable(session, new Date(bounds?.ends ?? 0))).toBe(false);
    }
  }
}

test("no order of requests, windows, extensions, renewals and clocks gives anything outside its own times", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 16 }), async (steps) => {
      const play = new Play();
      for (const one of steps) {
        const made = play.town.made.length;
        await play.take(one);
        play.check(made);
      }
      play.town.store.faults.length = 0;
      const report = await verifyLog(play.town.store, {
        log: organization.fingerprint,
        trust: organization.trust,
        catalogOf: async () => organization.catalog,
        approvals: { rules: play.solo.ports.rules as never },
      });
      const invalid = report.findings
        .filter(({ severity }) => severity === "invalid")
        .map(({ code }) => code);
      expect(invalid).toEqual([]);
    }),
    { numRuns: 80 },
  );
}, 60_000);

test("a window is picked up from its first second to its last, and once", async () => {
  for (const [seconds, expected] of [
    [599, "open"],
    [600, "session"],
    [1499, "session"],
    [1500, "expired"],
  ] as const) {
    const play = new Play();
    const notBefore = new Date(Math.floor(play.town.time / 1000 + 600) * 1000);
    const asked = await play.solo.asksFor(target, 900, { notBefore });
    if (asked.kind !== "scheduled") throw new Error(asked.kind);
    play.town.time = notBefore.getTime() + (seconds - 600) * 1000;
    const found = await play.solo.picksUp(asked.request);
    expect(typeof found === "string" ? found : "session").toBe(expected);
    if (typeof found !== "string") {
      expect(found.notAfter.getTime()).toBe(notBefore.getTime() + 900_000);
      expect(await play.solo.picksUp(asked.request)).toBe("not ours");
    }
  }
});

test("approvals may come before the window; nobody issues in it before it opens", async () => {
  for (const [name, isSealed] of [
    ["payroll:read", true],
    ["customers:read", false],
  ] as const) {
    const town = new Town();
    const [alice, bob, carol] = [town.user("alice"), town.user("bob"), town.user("carol")];
    const notBefore = new Date(Math.floor(town.time / 1000 + 600) * 1000);
    const asked = await alice.asksFor(name, 900, { notBefore });
    if (asked.kind !== "pending") throw new Error(asked.kind);
    await bob.approves(asked.request);
    expect((await carol.approves(asked.request)).kind).toBe(isSealed ? "early" : "complete");
    expect(await alice.picksUp(asked.request)).toBe("open");
    expect(town.made).toEqual([]);
    town.time = notBefore.getTime();
    if (isSealed) expect((await bob.approves(asked.request)).kind).toBe("issued");
    const session = await alice.picksUp(asked.request);
    expect(session).toMatchObject({ notAfter: new Date(notBefore.getTime() + 900_000) });
  }
});

test("a store of approvers takes no window beyond its requests' time, and nobody an hour that has passed", async () => {
  const town = new Town();
  const alice = town.user("alice");
  const at = (seconds: number) => new Date(town.time + seconds * 1000);
  for (const [name, seconds, code] of [
    ["payroll:read", 4 * 3600 + 1, "AT_UNAPPROVABLE"],
    ["customers:read", 30 * 86_400 + 1, "AT_TOO_FAR"],
    ["customers:read", 0, "AT_PAST"],
  ] as const) {
    const asked = alice.asksFor(name, 900, { notBefore: at(seconds) });
    expect(await asked.then(() => undefined, codeOf)).toBe(code);
  }
  expect(town.store.objects.size).toBe(0);
});
