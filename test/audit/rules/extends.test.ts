import { describe, expect, test } from "vitest";
import { extendsFindings } from "../../../src/audit/rules/extends.ts";
import type { Link, OtherLink, RequestLink } from "../../../src/audit/rules/link.ts";
import { Spoilt } from "../../../src/audit/rules/spoilt.ts";

const [oldId, newId] = ["01ARYZ6S41TSV4RRFFQ69G5FAV", "01ARYZ6S42TSV4RRFFQ69G5FAV"];
const old: RequestLink = {
  type: "request",
  name: "old",
  userid: "AIDAALICE",
  chain: "AIDAALICE/a",
  sha256: "r1",
  at: 1000,
  catalog: "c1",
  tellsSession: false,
  arrived: 1000,
  writer: undefined,
  role: "arn:aws:iam::222222222222:role/r",
  issuer: "requester",
  targets: ["a:read", "b:read"],
  duration: 1800,
  asked: { purpose: "incident", ticket: "-", attested: {}, claimed: {} },
};
const asking = (named: string): RequestLink => ({
  ...old,
  name: "new",
  sha256: "r2",
  at: 2000,
  asked: { ...old.asked, claimed: { extends: named } },
});
const session: OtherLink = {
  type: "abort",
  name: "abort",
  userid: old.userid,
  chain: old.chain,
  sha256: "x",
  at: 2001,
  catalog: "c1",
  tellsSession: true,
  arrived: 2001,
  writer: undefined,
  requestHash: "r2",
};

function codes(first: readonly Link[], links: readonly Link[], spoilt = new Spoilt()): string[] {
  const records = new Map([
    [oldId, { links: first, spoilt }],
    [newId, { links, spoilt: new Spoilt() }],
  ]);
  return extendsFindings(links, (request) => records.get(request)).map(
    ({ code, severity }) => `${severity} ${code}`,
  );
}

describe("what a request says to extend", () => {
  test.each<[string, readonly Link[], readonly Link[], string[]]>([
    ["nothing", [], [old], []],
    ["the requester's own, for the same", [old], [asking(oldId), session], []],
    [
      "one under another key of the requester",
      [{ ...old, chain: "AIDAALICE/z" }],
      [asking(oldId), session],
      [],
    ],
    ["one that is not there", [], [asking(oldId), session], ["invalid EXTENDS_UNKNOWN"]],
    ["no id", [old], [asking("../x"), session], ["invalid EXTENDS_UNKNOWN"]],
    ["itself", [old], [asking(newId), session], ["invalid EXTENDS_DIFFERS"]],
    ["another's", [{ ...old, userid: "AIDABOB" }], [asking(oldId), session], ["invalid EXTENDS_DIFFERS"]],
    [
      "other targets",
      [{ ...old, targets: ["a:read"] }],
      [asking(oldId), session],
      ["invalid EXTENDS_DIFFERS"],
    ],
    ["one that a clock set back dates later", [{ ...old, at: 2001 }], [asking(oldId), session], []],
    [
      "another's, without a session",
      [{ ...old, userid: "AIDABOB" }],
      [asking(oldId)],
      ["noise EXTENDS_DIFFERS"],
    ],
    ["nothing there, without a session", [], [asking(oldId)], ["noise EXTENDS_UNKNOWN"]],
  ])("%s", (_name, first, links, expected) => {
    expect(codes(first, links)).toEqual(expected);
  });

  test("a bad object excuses it only under the requester's own prefix", () => {
    for (const [userid, expected] of [
      ["AIDAALICE", []],
      ["AIDABOB", ["invalid EXTENDS_UNKNOWN"]],
    ] as const) {
      const spoilt = new Spoilt();
      spoilt.add({ type: "request", userid });
      expect(codes([], [asking(oldId), session], spoilt)).toEqual(expected);
    }
  });
});
