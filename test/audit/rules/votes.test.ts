import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { countedVotes, type Vote, type VotedOn, voteFault } from "../../../src/audit/rules/votes.ts";

const alice = { ids: ["name:alice"], principal: "AIDAALICE" };
const bob = { ids: ["name:bob"], principal: "AIDABOB" };
const request: VotedOn = { sha256: "r", catalog: "c", person: alice, closes: 2000 };
const good: Vote = {
  sha256: "v",
  person: bob,
  grade: "attested",
  requestHash: "r",
  catalog: "c",
  at: 1500,
  arrived: 1501,
  allowed: true,
};

describe("a vote counts", () => {
  test.each<[string, Partial<Vote>, ReturnType<typeof voteFault>]>([
    ["as it is", {}, undefined],
    ["where rules are not at hand", { allowed: undefined }, undefined],
    ["at the last second", { at: 1999, arrived: 2059 }, undefined],
    ["not for another request (replayed)", { requestHash: "q" }, "REQUEST_HASH"],
    ["not under another catalog", { catalog: "d" }, "CATALOG_DIFFERS"],
    ["not for oneself", { person: alice }, "DECISION_OWN"],
    ["not for oneself as a session", { person: { ids: ["name:alice"], principal: "AROA1" } }, "DECISION_OWN"],
    ["not where AWS did not sign whose key it is", { grade: "path only" }, "DECISION_PATH_ONLY"],
    ["not against the rules", { allowed: false }, "DECISION_NOT_ALLOWED"],
    ["not after the end", { at: 2000 }, "DECISION_LATE"],
    ["not dated back", { at: 1999, arrived: 2060 }, "DECISION_LATE"],
    ["by a clock that is behind: it names the request by hash", { at: 939 }, undefined],
  ])("%s", (_, change, fault) => {
    expect(voteFault({ ...good, ...change }, request)).toBe(fault);
  });
});

test("each person counts once, the earliest vote of each, in whatever order they come", () => {
  const names = ["bob", "carol", "dave"];
  const vote = fc.record({
    who: fc.constantFrom(...names),
    at: fc.integer({ min: 1000, max: 1999 }),
    sha256: fc.uuid(),
  });
  fc.assert(
    fc.property(fc.array(vote, { maxLength: 10 }), (votes) => {
      const all = votes.map(({ who, at, sha256 }) => ({
        ...good,
        sha256,
        at,
        arrived: at,
        person: { ids: [`name:${who}`], principal: `AIDA${who}` },
      }));
      const counted = countedVotes(all, request);
      expect(counted).toHaveLength(new Set(votes.map(({ who }) => who)).size);
      expect(countedVotes([...all].reverse(), request)).toEqual(counted);
      for (const one of counted)
        expect(
          Math.min(
            ...all.filter(({ person }) => person.principal === one.person.principal).map(({ at }) => at),
          ),
        ).toBe(one.at);
    }),
  );
});
