import { describe, expect, test } from "vitest";
import { match } from "../../../src/audit/reconcile/match.ts";
import type { RecordBook } from "../../../src/audit/reconcile/records.ts";
import type { AuditRecord } from "../../../src/audit/types.ts";
import {
  account,
  assumeRole,
  at,
  book,
  change,
  collected,
  issued,
  key,
  lease,
  policy,
  range,
  read,
  request,
  role,
  sessionIdentity,
  userid,
} from "./events.ts";

type Fields = Readonly<Record<string, unknown>>;
const horizon = at("2026-11-24T23:45:00Z");

function found(events: readonly unknown[], records: RecordBook, until = horizon) {
  return match(collected(...events), records, {
    range,
    horizon: (of) => (of === account ? until : undefined),
  });
}

const codes = (events: readonly unknown[], records: RecordBook, until?: number) =>
  found(events, records, until).findings.map(({ code }) => code);

describe("a session and its record", () => {
  test("agree: nothing is found", () => {
    const result = found([assumeRole(), read(key, "profiles/1")], book(issued()));
    expect(result).toMatchObject({ findings: [], sessions: 1, explained: 1, pending: 0 });
    expect(result.touched).toMatchObject([
      { request, calls: 1, resources: [["arn:aws:s3:::acme-customers/profiles/1", 1]], more: 0 },
    ]);
  });

  test.each<[string, Fields, Fields, Fields]>([
    ["SESSION_CALLER_DIFFERS", {}, { userIdentity: { principalId: "AIDAOTHER" } }, {}],
    ["SESSION_CALLER_DIFFERS", {}, { eventName: "AssumeRoleWithSAML" }, {}],
    ["SESSION_ROLE_DIFFERS", { roleArn: `arn:aws:iam::${account}:role/pii-orders` }, {}, {}],
    ["SESSION_NAME_DIFFERS", { roleSessionName: "jit-other" }, {}, {}],
    ["SESSION_NAME_DIFFERS", {}, {}, { assumedRoleUser: { assumedRoleId: `AROAOTHER:jit-${request}` } }],
    ["SESSION_SOURCE_IDENTITY_DIFFERS", { sourceIdentity: "bob" }, {}, {}],
    ["SESSION_SOURCE_IDENTITY_DIFFERS", { sourceIdentity: undefined }, {}, {}],
    ["SESSION_DURATION_DIFFERS", { durationSeconds: 900 }, {}, {}],
    ["SESSION_TAGS_DIFFER", { tags: [{ key: "jit:request", value: request }] }, {}, {}],
    [
      "SESSION_TAGS_DIFFER",
      {
        tags: [
          { key: "jit:request", value: request },
          { key: "jit:access", value: "customers:write" },
        ],
      },
      {},
      {},
    ],
    ["SESSION_TAGS_DIFFER", { transitiveTagKeys: ["jit:request"] }, {}, {}],
    ["SESSION_POLICY_DIFFERS", { policy: undefined }, {}, {}],
    ["SESSION_POLICY_DIFFERS", { policy: policy.replace("[]", "[{}]") }, {}, {}],
    ["SESSION_POLICY_DIFFERS", { policyArns: [{ arn: "arn:aws:iam::aws:policy/ReadOnlyAccess" }] }, {}, {}],
    [
      "SESSION_EXPIRATION_DIFFERS",
      {},
      {},
      { credentials: { accessKeyId: key, expiration: "Nov 24, 2026 9:46:40 AM" } },
    ],
  ])("differ: %s (%j %j %j)", (code, asked, more, answered) => {
    expect(codes([assumeRole(asked, more, answered), read(key, "x")], book(issued()))).toEqual([code]);
  });

  test("a policy that CloudTrail printed anew is the same policy", () => {
    const spaced = JSON.stringify(JSON.parse(policy), undefined, 2);
    expect(codes([assumeRole({ policy: spaced }), read(key, "x")], book(issued()))).toEqual([]);
  });

  test("no duration asked for is an hour", () => {
    const entry = issued({ durationSeconds: 3600 });
    expect(codes([assumeRole({ durationSeconds: undefined }), read(key, "x")], book(entry))).toEqual([]);
  });

  test("without its policy, a session whose credentials outlive the grant lives past it", () => {
    const entry = issued({ notAfter: "2026-11-24T08:20:00Z" });
    expect(codes([assumeRole({ policy: undefined }), read(key, "x")], book(entry))).toEqual([
      "SESSION_POLICY_DIFFERS",
      "SESSION_OUTLIVES_GRANT",
    ]);
  });

  test("a record that came long after its session does not explain it", () => {
    const entry = { ...issued(), arrived: at("2026-11-24T10:00:00Z") };
    expect(codes([assumeRole(), read(key, "x")], book(entry))).toEqual(["RECORD_LATE"]);
  });

  test("two records of one session", () => {
    const records = book(issued(), issued({}, "another"));
    expect(codes([assumeRole(), read(key, "x")], records)).toEqual(["RECORD_REPEATED"]);
  });

  test("a renewal has its own record", () => {
    const again = "ASIAEXAMPLEEXAMPLE02";
    const credentials = { accessKeyId: again, expiration: "Nov 24, 2026, 8:46:40\u202fAM" };
    const events = [assumeRole(), assumeRole({}, {}, { credentials }), read(key, "x"), read(again, "x")];
    expect(codes(events, book(issued()))).toEqual(["SESSION_UNRECORDED"]);
    expect(codes(events, book(issued(), issued({ accessKeyId: again })))).toEqual([]);
  });

  test("a caller from another account is told twice and counts once; the fuller event counts", () => {
    const stranger = {
      userIdentity: { type: "AWSAccount", principalId: "AIDAEXAMPLEEXAMPLE12", accountId: "9" },
    };
    const result = found([assumeRole({}, stranger), assumeRole(), read(key, "x")], book(issued()));
    expect(result).toMatchObject({ sessions: 1, explained: 1, findings: [] });
  });
});

describe("sessions without a record", () => {
  test.each<[string, Fields]>([
    ["AssumeRole", {}],
    ["AssumeRole", { roleSessionName: "alice", tags: undefined, sourceIdentity: undefined }],
    // Another spelling of the role's name is the same role.
    ["AssumeRole", { roleArn: role.replace("pii-customers", "some/path/PII-Customers") }],
    ["AssumeRoleWithSAML", {}],
    ["AssumeRoleWithWebIdentity", {}],
  ])("%s %j is a bypass", (eventName, asked) => {
    const { findings } = found([assumeRole(asked, { eventName })], book());
    expect(findings).toMatchObject([{ code: "SESSION_UNRECORDED", severity: "invalid" }]);
  });

  test("an abort explains none that succeeded", () => {
    const aborts = new Map([[key, { request, code: "CRASHED" } as never]]);
    const { findings, explained } = found([assumeRole()], { ...book(), aborts });
    expect(findings).toMatchObject([{ code: "SESSION_ABORTED", severity: "invalid", request }]);
    expect(explained).toBe(0);
  });

  test("what AWS refused is no session; other roles are none of ours", () => {
    const other = { roleArn: `arn:aws:iam::${account}:role/ci`, roleSessionName: "build" };
    const refused = assumeRole({}, { errorCode: "AccessDenied", responseElements: null });
    expect(codes([refused, assumeRole(other)], book())).toEqual([]);
    expect(collected(refused).refused).toBe(1);
  });

  test("a session of another role that is named like jit's is none of ours, unless a record tells of it", () => {
    const other = assumeRole({ roleArn: `arn:aws:iam::${account}:role/ci` });
    expect(codes([other], book())).toEqual([]);
    expect(codes([other, read(key, "x")], book(issued()))).toEqual(["SESSION_ROLE_DIFFERS"]);
  });

  test("one before the period is not of it", () => {
    expect(codes([assumeRole({}, { eventTime: "2026-11-23T23:59:59Z" })], book())).toEqual([]);
  });
});

describe("records without a session", () => {
  test("are found, once the event must be there", () => {
    expect(codes([], book(issued()))).toEqual(["RECORD_UNMATCHED"]);
    const early = found([], book(issued()), at("2026-11-24T08:16:40Z"));
    expect(early).toMatchObject({ findings: [], pending: 1 });
  });

  test("are not judged where the account's trail was not read", () => {
    const entry = issued({ role: "arn:aws:iam::999999999999:role/pii-customers" });
    expect(found([], book(entry))).toMatchObject({ findings: [], pending: 0 });
  });

  test("what is no valid record is counted", () => {
    expect(codes([], { ...book(), notValid: ["a", "b"] })).toEqual(["RECORD_NOT_VALID"]);
  });
});

describe("use", () => {
  test("after the grant's end", () => {
    const late = read(key, "x", { eventTime: "2026-11-24T08:48:00Z" });
    expect(codes([assumeRole(), late], book(issued()))).toEqual(["SESSION_USED_AFTER_GRANT"]);
    const refused = { ...late, errorCode: "AccessDenied" };
    expect(codes([assumeRole(), refused], book(issued()))).toEqual([]);
  });

  describe("after it was revoked", () => {
    const hash = "ab".repeat(32);
    const denial = JSON.stringify({ Statement: [{ Effect: "Deny", Action: "*", Resource: "*" }] });
    const record = (more = {}) =>
      ({
        type: "revoke",
        at: "2026-11-24T08:20:00Z",
        by: { userid, arn: `arn:aws:iam::${account}:user/alice`, account },
        requestHash: hash,
        role,
        sessionName: `jit-${request}`,
        reason: "left",
        ...more,
      }) as unknown as AuditRecord<"revoke">;
    const put = (more = {}, parameters = {}) =>
      change(
        "iam",
        "PutRolePolicy",
        { roleName: "pii-customers", policyName: "jit-revoke-a", policyDocument: denial, ...parameters },
        { eventTime: "2026-11-24T08:20:05Z", ...more },
      );
    const used = (eventTime: string) => read(key, "x", { eventTime });
    const late = used("2026-11-24T08:40:00Z");
    const told = (revoke: AuditRecord<"revoke">, ...events: readonly unknown[]) =>
      codes([assumeRole(), ...events], {
        ...book(issued({ requestHash: hash })),
        revoked: new Map([[request, [revoke]]]),
      });

    test("once IAM has had its time", () => {
      expect(told(record(), put(), used("2026-11-24T08:29:00Z"))).toEqual([]);
      expect(told(record(), put(), late)).toEqual(["SESSION_USED_AFTER_REVOKE"]);
    });

    test.each<[string, AuditRecord<"revoke">, readonly unknown[]]>([
      ["without a denial", record(), []],
      ["with another's denial", record({ by: { userid: "AIDAMALLORYMALLORY12" } }), [put()]],
      ["with one that AWS refused", record(), [put({ errorCode: "AccessDenied" })]],
      ["with a policy that allows something", record(), [put({}, { policyDocument: "{}" })]],
      ["with one on another role", record(), [put({}, { roleName: "pii-orders" })]],
      ["with one of another day", record(), [put({ eventTime: "2026-11-24T06:20:05Z" })]],
    ])("a record %s is somebody's word", (_, revoke, events) => {
      expect(told(revoke, ...events, late)).toEqual(["REVOKE_WITHOUT_DENIAL"]);
    });

    test.each([
      ["request", { requestHash: "cd".repeat(32) }],
      ["role", { role: `${role}-2` }],
      ["session", { sessionName: "jit-other" }],
    ])("a record of another %s is none of this session", (_, more) => {
      expect(told(record(more), put(), late)).toEqual([]);
    });
  });

  test("none at all: a notice that says what it rests on", () => {
    const { findings } = found([assumeRole()], book(issued()));
    expect(findings).toMatchObject([{ code: "GRANT_UNUSED", severity: "notice", request }]);
    expect(findings[0]?.message).toContain("data events are not there");
    const others = found([assumeRole(), read("ASIAOTHER", "x")], book(issued())).findings;
    expect(others[0]?.message).toContain("data events of s3.amazonaws.com");
    // The session can still be used.
    expect(codes([assumeRole()], book(issued()), at("2026-11-24T08:30:00Z"))).toEqual([]);
  });

  test("one event in two files counts once", () => {
    const event = read(key, "x");
    expect(found([assumeRole(), event, event], book(issued())).touched).toMatchObject([{ calls: 1 }]);
  });
});

describe("leases", () => {
  const [child, grandchild] = ["ASIAEXAMPLECHILD0001", "ASIAEXAMPLECHILD0002"];

  test("belong to their session, whatever their depth, and so does what they touch", () => {
    const events = [assumeRole(), lease(key, child), lease(child, grandchild), read(grandchild, "x")];
    const result = found(events, book(issued()));
    expect(result).toMatchObject({ findings: [], leases: 2 });
    expect(result.touched).toMatchObject([{ request, resources: [["arn:aws:s3:::acme-customers/x", 1]] }]);
  });

  test("of a session that began before the period has its record for a parent", () => {
    const entry = issued({ at: "2026-11-23T23:50:00Z" });
    expect(codes([lease(key, child)], book(entry))).toEqual([]);
  });

  test("without a parent", () => {
    expect(codes([lease("ASIAUNKNOWN", child)], book())).toEqual(["LEASE_WITHOUT_PARENT"]);
  });

  test("that go round in a circle end", () => {
    expect(codes([lease(child, grandchild), lease(grandchild, child)], book())).toEqual([
      "LEASE_WITHOUT_PARENT",
      "LEASE_WITHOUT_PARENT",
    ]);
  });

  test("with another description were not jit's", () => {
    const events = [assumeRole(), lease(key, child, "backup"), read(child, "x")];
    expect(codes(events, book(issued()))).toEqual(["LEASE_DESCRIPTION_DIFFERS"]);
  });
});

test("an event that cannot be read is found", () => {
  const events = collected(null, {}, assumeRole({}, {}, { credentials: {} }), {
    ...assumeRole(),
    userIdentity: sessionIdentity(key),
  });
  expect(events.unreadable.map(({ code }) => code)).toEqual(Array(3).fill("EVENT_UNREADABLE"));
});
