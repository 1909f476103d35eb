import { describe, expect, test } from "vitest";
import type { EndLink, IssueLink, Link, OtherLink, RequestLink } from "../../../src/audit/rules/link.ts";
import { requestFindings } from "../../../src/audit/rules/request.ts";
import { Spoilt } from "../../../src/audit/rules/spoilt.ts";
import type { RecordType } from "../../../src/audit/types.ts";

const id = "01ARYZ6S41TSV4RRFFQ69G5FAV";
const head = {
  userid: "AIDAALICE",
  chain: "AIDAALICE/a",
  catalog: "c1",
  tellsSession: false,
  arrived: 0,
  writer: undefined,
};
const role = "arn:aws:iam::222222222222:role/r";
const request: RequestLink = {
  ...head,
  type: "request",
  name: "request",
  sha256: "r",
  at: 1000,
  role,
  issuer: "requester",
  duration: 1800,
  targets: ["a:read", "b:read"],
  asked: { purpose: "incident", ticket: "-", attested: {}, claimed: {} },
};
const issue: IssueLink = {
  ...head,
  tellsSession: true,
  type: "issue",
  name: "issue",
  sha256: "i",
  at: 1010,
  requestHash: "r",
  decisions: [],
  renews: "-",
  role,
  sessionName: `jit-${id}`,
  accessKeyId: "ASIA1",
  policySha256: "p",
  taggedRequest: id,
  taggedAccess: "a:read b:read",
  isSealed: false,
  durationSeconds: 900,
  expiration: 1910,
  notAfter: 2800,
};
const renewal: IssueLink = {
  ...issue,
  name: "renewal",
  sha256: "j",
  at: 1800,
  renews: "i",
  accessKeyId: "ASIA2",
  expiration: 2700,
};
const end: EndLink = {
  ...head,
  type: "end",
  name: "end",
  sha256: "e",
  at: 2000,
  requestHash: "r",
  issueHash: "j",
};
const abort: OtherLink = { ...head, type: "abort", name: "abort", sha256: "x", at: 2001, requestHash: "r" };
const other = { userid: "AIDABOB", chain: "AIDABOB/b" };
const approval: OtherLink = {
  ...head,
  ...other,
  type: "approval",
  name: "approval",
  sha256: "d",
  at: 1005,
  requestHash: "r",
};
const asked: RequestLink = { ...request, issuer: "approver" };
const given: IssueLink = { ...issue, ...other, decisions: ["d"], isSealed: true };

/** 00:17:51 is second 1071. */
const opening = (notBefore: string): RequestLink => ({
  ...request,
  asked: { ...request.asked, claimed: { notBefore } },
});
const inWindow: IssueLink = { ...issue, at: 1100, arrived: 1101, expiration: 1900 };

const spoiltBy = (userid: string, type: RecordType): Spoilt => {
  const spoilt = new Spoilt();
  spoilt.add({ type, userid });
  return spoilt;
};
const codes = (links: Link[], spoilt = new Spoilt()) =>
  requestFindings(id, links, spoilt).map(({ code, object }) => `${code} ${object}`);

describe("records of one request", () => {
  test.each<[string, Link[]]>([
    ["a request alone", [request]],
    ["a whole life", [request, issue, renewal, end]],
    ["in its window", [opening("1970-01-01T00:17:51Z"), { ...inWindow, notAfter: 2871 }]],
    [
      "a minute before its window",
      [opening("1970-01-01T00:17:51Z"), { ...inWindow, at: 1011, arrived: 1011, notAfter: 2871 }],
    ],
    ["in any order", [end, renewal, issue, request]],
    ["aborted", [request, abort]],
    ["a renewal that was aborted", [request, issue, renewal, abort]],
    [
      "ended by two commands",
      [request, issue, { ...end, issueHash: "i" }, { ...end, name: "end2", issueHash: "i" }],
    ],
    ["issued by an approver", [asked, approval, given]],
    ["aborted by an approver", [asked, approval, given, { ...abort, ...other }]],
    ["revoked by another", [request, issue, { ...abort, ...other, type: "revoke", name: "revoke" }]],
    ["denied by another", [request, { ...approval, type: "denial" }]],
    [
      "ended with another key of the same writer",
      [request, issue, { ...end, issueHash: "i", chain: "AIDAALICE/z" }],
    ],
  ])("%s is in order", (_, links) => {
    expect(codes(links)).toEqual([]);
  });

  test.each<[string, Link[], string[]]>([
    ["nothing asked", [issue], ["REQUEST_MISSING issue"]],
    ["asked twice", [request, { ...request, name: "again", at: 1001 }], ["REQUEST_REPEATED again"]],
    ["another request's hash", [request, { ...issue, requestHash: "q" }], ["REQUEST_HASH issue"]],
    ["another catalog", [request, { ...issue, catalog: "c2" }], ["CATALOG_DIFFERS issue"]],
    [
      "an approval under another catalog",
      [asked, { ...approval, catalog: "c2" }],
      ["CATALOG_DIFFERS approval"],
    ],
    ["issued with another key", [request, { ...issue, chain: "AIDAALICE/z" }], ["WRITER_DIFFERS issue"]],
    ["ended by another", [request, issue, { ...end, ...other, issueHash: "i" }], ["WRITER_DIFFERS end"]],
    ["aborted by another", [request, { ...abort, ...other }], ["WRITER_DIFFERS abort"]],
    ["approved by the requester", [asked, { ...approval, ...head }], ["DECISION_OWN approval"]],
    ["an approval that is not there", [asked, given], ["DECISION_UNKNOWN issue"]],
    [
      "a denial taken for an approval",
      [asked, { ...approval, type: "denial" }, given],
      ["DECISION_UNKNOWN issue"],
    ],
    ["another role", [request, { ...issue, role: "other" }], ["ISSUE_ROLE issue"]],
    ["another session name", [request, { ...issue, sessionName: "alice" }], ["ISSUE_SESSION_NAME issue"]],
    ["another request's tag", [request, { ...issue, taggedRequest: "" }], ["ISSUE_TAGS issue"]],
    ["tags of fewer targets", [request, { ...issue, taggedAccess: "a:read" }], ["ISSUE_TAGS issue"]],
    ["sealed to oneself", [request, { ...issue, isSealed: true }], ["ISSUE_SEALED issue"]],
    ["not sealed by another", [asked, approval, { ...given, isSealed: false }], ["ISSUE_SEALED issue"]],
    ["issued twice", [request, issue, { ...renewal, renews: "-" }], ["ISSUE_REPEATED renewal"]],
    ["a window that cannot be", [opening("soon"), issue], ["WINDOW_INVALID request"]],
    [
      "before its window",
      [opening("1970-01-01T00:17:51Z"), { ...inWindow, at: 1010, arrived: 1101 }],
      ["ISSUE_EARLY issue"],
    ],
    [
      "told as later than it arrived",
      [opening("1970-01-01T00:17:51Z"), { ...inWindow, arrived: 1010, notAfter: 2871 }],
      ["ISSUE_EARLY issue"],
    ],
    [
      "past its window",
      [opening("1970-01-01T00:17:51Z"), { ...inWindow, notAfter: 2872 }],
      ["NOT_AFTER_LATE issue"],
    ],
    ["a grant too long", [request, { ...issue, notAfter: 2871 }], ["NOT_AFTER_LATE issue"]],
    [
      "a grant that a renewal lengthens",
      [request, issue, { ...renewal, notAfter: 2801 }],
      ["NOT_AFTER_DIFFERS renewal"],
    ],
    [
      "a renewal after the end",
      [request, issue, { ...renewal, at: 2860, expiration: 3000 }],
      ["ISSUE_LATE renewal"],
    ],
    ["credentials that live too long", [request, { ...issue, expiration: 1971 }], ["EXPIRATION_LATE issue"]],
    ["a renewal of nothing", [request, issue, { ...renewal, renews: "k" }], ["RENEWAL_UNKNOWN renewal"]],
    ["a renewal without a first session", [request, renewal], ["RENEWAL_UNKNOWN renewal"]],
    ["the end of no session", [request, issue, end], ["ISSUE_HASH end"]],
    ["issued after it was aborted", [request, { ...abort, at: 1005 }, issue], ["ISSUE_ABORTED issue"]],
  ])("%s", (_, links, expected) => {
    expect(codes(links)).toEqual(expected);
  });

  test("what refers to a record that is bad is not judged", () => {
    const { userid } = head;
    expect(codes([issue, end], spoiltBy(userid, "request"))).toEqual([]);
    expect(codes([request, { ...end, issueHash: "k" }], spoiltBy(userid, "issue"))).toEqual([]);
    expect(codes([request, renewal], spoiltBy(userid, "issue"))).toEqual([]);
    expect(codes([asked, given], spoiltBy(other.userid, "approval"))).toEqual([]);
    expect(codes([asked, { ...end, issueHash: "k" }], spoiltBy(other.userid, "issue"))).toEqual([]);
  });

  test("garbage under another writer's prefix excuses nothing", () => {
    const { userid } = other;
    expect(codes([issue], spoiltBy(userid, "request"))).toEqual(["REQUEST_MISSING issue"]);
    expect(codes([request, end], spoiltBy(userid, "issue"))).toEqual(["ISSUE_HASH end"]);
    expect(codes([request, renewal], spoiltBy(userid, "issue"))).toContain("RENEWAL_UNKNOWN renewal");
  });

  test.each<[string, Link[], string[]]>([
    ["about a request that nobody made", [approval, end, abort], ["noise", "noise", "noise"]],
    ["by who may not write it", [request, { ...end, ...other }, { ...abort, ...other }], ["noise", "noise"]],
    ["by a stranger, of other hashes", [request, { ...end, ...other, requestHash: "q" }], ["noise"]],
    ["that tells of credentials, about nothing", [issue], ["invalid"]],
    ["by a stranger who tells of credentials", [request, { ...issue, ...other }], ["invalid"]],
    ["that says the request was another", [request, { ...approval, requestHash: "q" }], ["invalid"]],
    ["that ends what is not there", [request, { ...end, issueHash: "k" }], ["invalid"]],
  ])("how grave a record is %s", (_, links, expected) => {
    expect(requestFindings(id, links, new Spoilt()).map(({ severity }) => severity)).toEqual(expected);
  });

  test("clocks may differ by a minute", () => {
    expect(codes([request, { ...issue, expiration: 1970, notAfter: 2870 }])).toEqual([]);
  });
});
