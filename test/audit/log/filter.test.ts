import fc from "fast-check";
import { expect, test } from "vitest";
import type { AskedFacts } from "../../../src/audit/log/asked.ts";
import { type LogFilter, matchesAsked, mayMatchNames } from "../../../src/audit/log/filter.ts";
import type { NamedRequest } from "../../../src/audit/log/names.ts";
import { mayBe, outcomes } from "../../../src/audit/log/outcome.ts";

const request = "01M86A1MWTZZA6F1Q12XEVP2V0";

function named(userid: string): NamedRequest {
  const key = {
    hour: "20261124T08",
    request,
    userid,
    thumbprint: "A".repeat(43),
    n: 1,
    type: "request",
  } as const;
  const object = { name: "-", oldest: undefined, later: [], deleteMarkers: 0 };
  return { request, records: [{ object, key }] };
}

function asked(userid: string, arn: string): AskedFacts {
  return {
    by: { arn, userid, account: "111111111111" },
    targets: ["customers:read"],
    stores: [],
    role: "-",
    issuer: "requester",
    duration: 60,
    purpose: "support",
    texts: { state: "denied" },
    breakGlass: false,
    attested: {},
    claimed: {},
    closesAt: undefined,
  };
}

const names = fc.stringMatching(/^[a-zA-Z*.]{1,6}$/);
const session = fc.stringMatching(/^[a-zA-Z.]{2,6}$/);

test("names never leave out what the record would let in", () => {
  fc.assert(
    fc.property(names, session, fc.boolean(), (who, name, isUser) => {
      const userid = isUser ? "AIDAEXAMPLEEXAMPLE12" : `AROAEXAMPLEEXAMPLE123:${name}`;
      const arn = isUser
        ? `arn:aws:iam::111111111111:user/x/${name}`
        : `arn:aws:sts::111111111111:assumed-role/Dev/${name}`;
      const filter: LogFilter = { who };
      if (matchesAsked(asked(userid, arn), filter)) expect(mayMatchNames(named(userid), filter)).toBe(true);
    }),
  );
});

test("with every name there any outcome may be, and of a request alone three", () => {
  const all = new Set(["request", "issue", "end", "abort", "denial", "revoke"] as const);
  expect(outcomes.filter((one) => mayBe([one], all))).toEqual([...outcomes]);
  expect(outcomes.filter((one) => mayBe([one], new Set(["request"])))).toEqual([
    "scheduled",
    "pending",
    "expired",
  ]);
});

test("what is kept apart and may not be read fits no text", () => {
  const facts = asked("AIDAEXAMPLEEXAMPLE12", "arn:aws:iam::111111111111:user/alice");
  expect(matchesAsked(facts, { text: "undefined" })).toBe(false);
  expect(matchesAsked(facts, { text: "SUPP" })).toBe(true);
});
