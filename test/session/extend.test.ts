import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Story } from "../../src/audit/story.ts";
import { codeOf } from "../../src/error.ts";
import { checkLonger, extendable } from "../../src/session/extend.ts";

const alice = { arn: "arn:aws:iam::111122223333:user/alice", userid: "AIDAALICE", account: "111122223333" };
const now = new Date("2026-11-24T10:00:00Z");
const request = "01ARYZ6S41TSV4RRFFQ69G5FAV";

function story(
  state: Story["state"],
  over: { userid?: string; notAfter?: string; reason?: string } = {},
): Story {
  const { userid = alice.userid, notAfter = "2026-11-24T10:15:00Z", reason } = over;
  const records = [
    { type: "request", by: { ...alice, userid } },
    { type: "issue", notAfter },
  ];
  const entries = records.map((record) => ({ record, reason, key: { type: record.type } }));
  return { request, state, entries, findings: [], complete: true } as unknown as Story;
}

function codeFor(of: Story): string | undefined {
  try {
    extendable(of, alice, now);
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
}

describe("only an own request that goes on is extended", () => {
  test.each<[Story, string | undefined]>([
    [story("issued"), undefined],
    [story("absent"), "EXTEND_NOT_ISSUED"],
    [story("open"), "EXTEND_NOT_ISSUED"],
    [story("denied"), "REQUEST_DENIED"],
    [story("aborted"), "REQUEST_ABORTED"],
    [story("revoked"), "EXTEND_REVOKED"],
    [story("forgotten"), "EXTEND_FORGOTTEN"],
    [story("expired"), "GRANT_ENDED"],
    [story("issued", { notAfter: "2026-11-24T10:00:00Z" }), "GRANT_ENDED"],
    [story("issued", { userid: "AIDABOB" }), "EXTEND_NOT_OWN"],
    [story("revoked", { userid: "AIDABOB" }), "EXTEND_NOT_OWN"],
    [story("issued", { reason: "SIGNATURE_INVALID" }), "REQUEST_NOT_FOUND"],
  ])("%#", (of, code) => {
    expect(codeFor(of)).toBe(code);
  });

  test("and only to a later end", () => {
    const old = extendable(story("issued"), alice, now);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7200 }), (duration) => {
        const isLonger = duration > 15 * 60;
        if (isLonger) checkLonger(old, now, duration);
        else expect(() => checkLonger(old, now, duration)).toThrow();
      }),
    );
  });
});
