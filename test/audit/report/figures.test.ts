import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LogEntry } from "../../../src/audit/log/entry.ts";
import { clockOf, isOpen, parseOfficeHours } from "../../../src/audit/report/clock.ts";
import { figuresOf } from "../../../src/audit/report/figures.ts";
import { frameworks, parts, references } from "../../../src/audit/report/frameworks.ts";
import { median } from "../../../src/audit/report/median.ts";
import { requestersOf } from "../../../src/audit/report/persons.ts";
import { answer, ended, entry, identity, reviewed, revoked, session } from "./entries.ts";

const office = parseOfficeHours("08:00-18:00", "Europe/Berlin");
const period = { from: new Date("2026-11-01T00:00:00Z"), to: new Date("2026-12-01T00:00:00Z") };
const options = { period, office, noise: new Map([["-", 2]]), now: period.to };
const figures = (...entries: readonly LogEntry[]) => figuresOf(entries, options);

describe("figures", () => {
  test("count by person, store, purpose, classification and category, most first", () => {
    const orders = [{ name: "orders", classification: "confidential", dataCategories: ["email"] }];
    const both = [
      { name: "customers", classification: "restricted", dataCategories: ["name", "email"] },
      { name: "orders", classification: "confidential", dataCategories: ["email"] },
    ];
    const of = figures(
      entry("2026-11-03T09:00:00Z", { sessions: [session("2026-11-03T09:00:05Z", 30)] }),
      entry("2026-11-03T10:00:00Z", { outcome: "denied" }),
      entry(
        "2026-11-04T10:00:00Z",
        { sessions: [session("2026-11-04T10:00:00Z", 10)] },
        {
          by: identity("bob"),
          targets: ["customers:read", "customers:write", "orders:read"],
          stores: both,
          purpose: "incident",
        },
      ),
      entry("2026-11-05T10:00:00Z", { outcome: "pending" }, { targets: ["orders:read"], stores: orders }),
    );
    expect(of).toMatchObject({
      requests: 4,
      granted: 2,
      byPerson: [
        { name: "alice", requests: 3, granted: 1, seconds: 1800, attested: true },
        { name: "bob", requests: 1, granted: 1, seconds: 600 },
      ],
      byStore: [
        { name: "customers", requests: 3, granted: 2, seconds: 2400 },
        { name: "orders", requests: 2, granted: 1, seconds: 600 },
      ],
      byPurpose: [
        { name: "support", requests: 3 },
        { name: "incident", requests: 1 },
      ],
      byClassification: [
        { name: "restricted", requests: 3 },
        { name: "confidential", requests: 2 },
      ],
      byCategory: [
        { name: "email", requests: 4 },
        { name: "name", requests: 3 },
      ],
      perDay: [
        { day: "2026-11-03", granted: 1, others: 1 },
        { day: "2026-11-04", granted: 1, others: 0 },
        { day: "2026-11-05", granted: 0, others: 1 },
      ],
      byOutcome: { granted: 2, denied: 1, pending: 1, revoked: 0 },
    });
  });

  test("answers: those that count, with the median and the longest", () => {
    const slow = entry("2026-11-03T09:00:00Z", {
      answers: [
        answer("approval", "bob", "2026-11-03T09:01:00Z"),
        answer("approval", "carol", "2026-11-03T11:00:00Z"),
        answer("approval", "eve", "2026-11-03T23:00:00Z", false),
      ],
    });
    const denied = entry("2026-11-03T09:00:00Z", {
      answers: [answer("denial", "bob", "2026-11-03T09:10:00Z")],
    });
    const { answers } = figures(slow, denied);
    expect(answers).toMatchObject({
      approvals: 2,
      denials: 1,
      median: 600,
      longest: { seconds: 7200, request: slow.request },
    });
    expect(answers.each.map(({ by, seconds }) => [by, seconds])).toEqual([
      ["bob", 60],
      ["carol", 7200],
      ["bob", 600],
    ]);
    expect(figures(entry("2026-11-03T09:00:00Z")).answers).toMatchObject({
      median: undefined,
      longest: undefined,
    });
  });

  test("emergencies with their reviews, and without", () => {
    const glass = { breakGlass: true };
    const of = figures(
      entry(
        "2026-11-03T09:00:00Z",
        { reviews: [reviewed("bob", "2026-11-03T10:00:00Z", "unjustified")] },
        glass,
      ),
      entry("2026-11-03T09:00:00Z", {}, glass),
      entry("2026-11-03T09:00:00Z"),
    );
    expect(of.breakGlass.map(({ review }) => review)).toEqual([
      { verdict: "unjustified", by: "bob", byGrade: "attested", seconds: 3600 },
      undefined,
    ]);
  });

  test("revoked sessions; a revocation without a session is none", () => {
    const of = figures(
      entry("2026-11-03T09:00:00Z", {
        sessions: [session("2026-11-03T09:00:05Z")],
        revocations: [revoked("bob", "2026-11-03T09:05:00Z")],
      }),
      entry("2026-11-03T09:00:00Z", { revocations: [revoked("eve", "2026-11-03T09:05:00Z")] }),
    );
    expect(of.revoked).toMatchObject([{ by: "bob", when: "2026-11-03T09:05:00Z", reason: "lost laptop" }]);
  });

  test("sessions without an end are those that are over", () => {
    const over = entry("2026-11-03T09:00:00Z", { sessions: [session("2026-11-03T09:00:05Z")] });
    const used = entry("2026-11-03T09:00:00Z", {
      sessions: [session("2026-11-03T09:00:00Z", 30)],
      ends: [ended("2026-11-03T09:10:00Z")],
    });
    const live = entry("2026-11-30T23:50:00Z", { sessions: [session("2026-11-30T23:50:00Z", 30)] });
    const of = figures(over, used, live);
    expect(of.unended.map(({ request }) => request)).toEqual([over.request]);
    expect(of.lengths).toMatchObject({
      asked: 1800,
      granted: 1800,
      used: 600,
      ended: 1,
      tenths: [0, 0, 0, 1, 0, 0, 0, 0, 0, 0],
    });
  });

  test("what does not verify is named, and counted only where its request can be believed", () => {
    const of = figures(
      entry("2026-11-03T09:00:00Z", { problems: ["CHAIN_GAP"] }),
      entry("2026-11-03T09:00:00Z", {
        problems: ["SIGNATURE_INVALID"],
        asked: undefined,
        outcome: undefined,
      }),
      entry("2026-11-03T09:00:00Z", { grade: "path only", notices: ["ATTESTED_UNPROVEN"] }, { stores: [] }),
    );
    expect(of).toMatchObject({
      requests: 2,
      unverified: [{ problems: ["CHAIN_GAP"] }, { problems: ["SIGNATURE_INVALID"], targets: "?" }],
      pathOnly: { requests: 1, requesters: ["alice"] },
      unproven: 1,
      withoutCatalog: 1,
    });
  });

  test("a request that cannot be believed takes neither name nor grade from who asked", () => {
    const forged = { ...entry("2026-11-04T09:00:00Z"), asked: undefined, grade: undefined };
    const of = figures(entry("2026-11-03T09:00:00Z"), { ...forged, problems: ["KEY_REVOKED"] });
    expect(of).toMatchObject({
      unverified: [{ who: "alice", targets: "?" }],
      byPerson: [{ name: "alice", requests: 1, attested: true }],
      pathOnly: { requests: 0 },
    });
  });

  test("the sums of every view are the same", () => {
    const outcome = fc.constantFrom("granted", "denied", "pending", "expired" as const);
    const minutes = fc.integer({ min: 0, max: 43_199 });
    const some = fc.array(fc.tuple(minutes, outcome, fc.constantFrom("alice", "bob", "carol")), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(some, (made) => {
        const of = figures(
          ...made.map(([minute, what, who]) => {
            const at = new Date(period.from.getTime() + minute * 60_000).toISOString();
            const sessions = what === "granted" ? [session(`${at.slice(0, 19)}Z`)] : [];
            return entry(at, { outcome: what, sessions }, { by: identity(who) });
          }),
        );
        const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
        const counted = (list: readonly { readonly requests: number }[]) =>
          sum(list.map(({ requests }) => requests));
        expect([
          counted(of.byPerson),
          counted(of.byStore),
          counted(of.byPurpose),
          sum(Object.values(of.byOutcome)),
          sum(of.byHour.flat()),
          sum(of.perDay.map(({ granted, others }) => granted + others)),
        ]).toEqual(new Array(6).fill(made.length));
        expect(sum(of.perDay.map(({ granted }) => granted))).toBe(of.granted);
      }),
    );
  });
});

describe("requesters", () => {
  test("are one where AWS attests one person of both, by way of a third too", () => {
    const of = (name: string, ...personIds: string[]) =>
      entry("2026-11-03T09:00:00Z", { personIds }, { by: identity(name) });
    const names = requestersOf([
      of("alice", "name:alice"),
      of("session-1", "center:7", "name:alice"),
      of("session-2", "center:7"),
      of("bob"),
      of("bob2"),
    ]).map(({ name }) => name);
    expect(names).toEqual(["session-2", "session-2", "session-2", "bob", "bob2"]);
  });

  test("of one name are told apart by ARN", () => {
    const one = {
      ...identity("ops"),
      userid: "AROAEXAMPLEEXAMPLE999:ops",
      arn: "arn:aws:sts::111111111111:assumed-role/Other/ops",
    };
    const names = requestersOf([
      entry("2026-11-03T09:00:00Z", {}, { by: identity("ops") }),
      entry("2026-11-03T09:00:00Z", {}, { by: one }),
    ]).map(({ name }) => name);
    expect(names).toEqual([identity("ops").arn, one.arn]);
  });
});

describe("office hours", () => {
  test.each([
    ["2026-11-24T07:00:00Z", true],
    ["2026-11-24T06:59:00Z", false],
    ["2026-11-24T16:59:00Z", true],
    ["2026-11-24T17:00:00Z", false],
    ["2026-11-22T11:00:00Z", false],
    // In summer the zone is another hour ahead.
    ["2026-07-21T06:00:00Z", true],
    ["2026-07-21T16:00:00Z", false],
  ])("%s: %s", (at, open) => {
    expect(isOpen(office, clockOf(office.timeZone)(new Date(at)))).toBe(open);
  });

  test.each([
    ["18:00-08:00", "UTC"],
    ["8-18", "UTC"],
    ["08:00-24:30", "UTC"],
    ["08:75-18:00", "UTC"],
    ["08:00-18:00", "Mars/Olympus"],
  ])("%s in %s are none", (text, zone) => {
    expect(() => parseOfficeHours(text, zone)).toThrowError(
      expect.objectContaining({ code: "TIME_INVALID" }),
    );
  });
});

test("every part but the references speaks to a rule of some framework, and no reference to a part that is not", () => {
  const named = new Set(frameworks.flatMap((one) => references[one].flatMap((reference) => reference.parts)));
  expect([...named].sort()).toEqual([...parts].sort());
});

test("the median is one of the values, with as many below as above", () => {
  expect(median([])).toBeUndefined();
  fc.assert(
    fc.property(fc.array(fc.nat(), { minLength: 1 }), (values) => {
      const middle = median(values) as number;
      const below = values.filter((value) => value < middle).length;
      const above = values.filter((value) => value > middle).length;
      expect([values.includes(middle), below <= values.length / 2, above <= values.length / 2]).toEqual([
        true,
        true,
        true,
      ]);
    }),
  );
});
