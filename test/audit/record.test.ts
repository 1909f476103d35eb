import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sha256Hex } from "../../src/access/digest.ts";
import { makeId } from "../../src/audit/id.ts";
import { parseRecord, recordFault } from "../../src/audit/record.ts";
import { formatTime, hourOf, hourStart, hoursBetween, isHour, isTime } from "../../src/audit/time.ts";
import type { AuditRecord, Bodies, RecordType } from "../../src/audit/types.ts";
import { codeOf } from "../../src/error.ts";
import { catalog, identityOf, log, requestBody, start, storeRole } from "./writer.ts";

const thumbprint = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
const key = { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" } as const;
const nonce = "AAECAwQFBgcICQoLDA0ODw";
const id = makeId(start.getTime(), thumbprint, nonce);
const hash = "01".repeat(32);
const policy = '{"Version":"2012-10-17"}';
const point = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

const bodies: Bodies = {
  enrol: { key, statement: "-" },
  request: requestBody,
  approval: { requestHash: hash, comment: "-" },
  denial: { requestHash: hash, comment: { sha256: hash, salt: nonce } },
  issue: {
    requestHash: hash,
    decisions: [hash],
    renews: "-",
    role: storeRole,
    sessionName: `jit-${id}`,
    sourceIdentity: "alice",
    tags: { "jit:request": id },
    accessKeyId: "ASIAEXAMPLEEXAMPLE01",
    assumedRoleId: `AROASTOREROLE00000001:jit-${id}`,
    durationSeconds: 1800,
    expiration: "2026-11-24T08:46:36Z",
    notAfter: "2026-11-24T08:46:36Z",
    policy,
    policySha256: sha256Hex(Buffer.from(policy)),
    packed: -1,
    sealed: "-",
  },
  end: { requestHash: hash, issueHash: hash, outcome: "completed", exitCode: 0, seconds: 3, command: hash },
  abort: { requestHash: hash, code: "CRASHED", step: "cache", accessKeyId: "-" },
  revoke: { requestHash: hash, role: storeRole, sessionName: `jit-${id}`, reason: "lost laptop" },
  review: { requestHash: hash, verdict: "justified", comment: { text: "the ticket says so" } },
  notice: { requestHash: hash, event: "pending", to: "hooks.example.com", code: "NOTIFY_DOWN" },
};

function recordOf(type: RecordType, change: Record<string, unknown> = {}): Record<string, unknown> {
  const first = type === "enrol";
  return {
    v: 1,
    log,
    type,
    id,
    nonce,
    request: first ? "-" : id,
    n: first ? 0 : 1,
    prev: first ? "-" : hash,
    at: formatTime(start),
    by: identityOf("alice"),
    client: "jit/0.1.0",
    catalog,
    seen: "-",
    ...bodies[type],
    ...change,
  };
}

function codeOfParse(value: unknown): string | undefined {
  try {
    parseRecord(value);
  } catch (error) {
    return codeOf(error);
  }
  return undefined;
}

const types = Object.keys(bodies) as RecordType[];

describe("parseRecord", () => {
  test.each(types)("takes %s as it is", (type) => {
    const record = recordOf(type);
    expect(parseRecord(record)).toEqual(record);
    expect(recordFault(parseRecord(record), thumbprint)).toBeUndefined();
  });

  test.each(types)("refuses %s with a member missing, of another kind, or too many", (type) => {
    const record = recordOf(type);
    for (const name of Object.keys(record)) {
      const { [name]: _, ...rest } = record;
      expect([name, codeOfParse(rest)]).toEqual([name, "RECORD_INVALID"]);
      for (const value of [null, true, 1.5, [], {}, "", "\u200b", -2, undefined, [[]]]) {
        // An empty list of decisions, and no circumstances or tags, are fine.
        const empty =
          (name === "decisions" && Array.isArray(value) && value.length === 0) ||
          (["attested", "claimed", "tags"].includes(name) && JSON.stringify(value) === "{}");
        const code = codeOfParse({ ...record, [name]: value });
        expect([name, value, code]).toEqual([name, value, empty ? undefined : "RECORD_INVALID"]);
      }
    }
    expect(codeOfParse({ ...record, extra: "-" })).toBe("RECORD_INVALID");
  });

  test.each<[RecordType, string, unknown]>([
    ["request", "v", 2],
    ["request", "log", log.toUpperCase()],
    ["request", "id", id.toLowerCase()],
    ["request", "nonce", "AAECAwQFBgcICQoLDA0ODx"],
    ["request", "n", 2 ** 53],
    ["request", "n", -1],
    ["request", "prev", "01"],
    ["request", "at", "2026-11-24T08:16:36.250Z"],
    ["request", "at", "2026-11-24T08:16:60Z"],
    ["request", "at", "2026-02-30T08:16:36Z"],
    ["request", "at", "2026-11-24T08:16:36+00:00"],
    ["request", "at", "2026-11-24T24:00:00Z"],
    ["request", "by", { ...identityOf("alice"), tags: {} }],
    ["request", "by", { ...identityOf("alice"), userid: "../x" }],
    ["request", "by", { ...identityOf("alice"), account: "1111" }],
    ["request", "by", { ...identityOf("alice"), arn: "arn:aws:s3:::bucket" }],
    ["request", "client", "jit 0.1.0"],
    ["request", "seen", { size: 1, root: "AA==" }],
    ["request", "targets", []],
    ["request", "targets", ["orders:read", "customers:read"]],
    ["request", "targets", ["orders:read", "orders:read"]],
    ["request", "targets", ["customers"]],
    ["request", "role", "arn:aws:iam::222222222222:user/x"],
    ["request", "issuer", "nobody"],
    ["request", "duration", 0],
    ["request", "purpose", "two\nlines"],
    ["request", "reason", { text: "\u202egnp.exe" }],
    ["request", "reason", { text: "\u001b[2J" }],
    ["request", "reason", { text: "a\ud800b" }],
    ["request", "reason", { text: "" }],
    ["request", "reason", { text: "x".repeat(8193) }],
    ["request", "reason", { text: "x", sha256: hash, salt: nonce }],
    ["request", "reason", { sha256: hash }],
    ["request", "claimed", { "": "x" }],
    ["request", "claimed", { "1": "x" }],
    ["request", "claimed", { host: "zero\u200bwidth" }],
    ["request", "claimed", Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`c${i}`, ""]))],
    ["request", "sealTo", { kty: "OKP", crv: "Ed25519", x: point }],
    ["request", "sealTo", { kty: "OKP", crv: "X25519", x: point, d: point }],
    ["enrol", "key", { ...key, kid: "a" }],
    ["enrol", "key", { ...key, x: "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" }],
    ["enrol", "key", { kty: "EC", crv: "P-256", x: point, y: point }],
    ["enrol", "statement", "a.b"],
    ["issue", "sessionName", "x"],
    ["issue", "sourceIdentity", "a"],
    ["issue", "tags", { "\u0000": "" }],
    ["issue", "accessKeyId", "ASIA"],
    ["issue", "packed", -2],
    ["issue", "policy", "\u0007"],
    ["issue", "policy", "x".repeat(2049)],
    ["issue", "sealed", "a.b.c"],
    ["end", "outcome", "failed"],
    ["end", "exitCode", 2 ** 32],
    ["abort", "code", "crashed"],
    ["abort", "step", "assume role"],
    ["revoke", "reason", ""],
    ["review", "verdict", "fine"],
    ["review", "comment", "-"],
    ["notice", "event", "test"],
    ["notice", "to", ""],
    ["notice", "code", "not a code"],
  ])("refuses a %s whose %s is %j", (type, member, value) => {
    expect(codeOfParse(recordOf(type, { [member]: value }))).toBe("RECORD_INVALID");
  });

  test.each<[RecordType, string, unknown]>([
    ["request", "log", "unsigned"],
    ["request", "seen", { size: 3, root: `${"A".repeat(43)}=` }],
    ["request", "reason", { sha256: hash, salt: nonce }],
    ["request", "reason", { text: "Größe der Datei stimmt nicht; 顧客 42 fragt" }],
    ["request", "reason", { text: "x".repeat(8192) }],
    ["request", "ticket", "-"],
    [
      "request",
      "by",
      {
        arn: "arn:aws-us-gov:iam::111111111111:user/a/b",
        userid: "AIDAEXAMPLEEXAMPLE12",
        account: "111111111111",
      },
    ],
    ["enrol", "statement", "eyJh.eyJh.c2ln"],
    ["issue", "sourceIdentity", "-"],
    ["issue", "sealed", "eyJh..aXY.Y3Q.dGFn"],
    ["end", "exitCode", 3221225786],
    ["end", "command", "-"],
  ])("takes a %s whose %s is %j", (type, member, value) => {
    expect(codeOfParse(recordOf(type, { [member]: value }))).toBeUndefined();
  });

  test("whatever the value, it is taken or refused with a code", () => {
    const near = fc
      .tuple(fc.constantFrom(...types), fc.string(), fc.anything())
      .map(([type, name, value]) => recordOf(type, { [name]: value }));
    fc.assert(
      fc.property(fc.oneof(fc.anything(), near), (value) => {
        expect([undefined, "RECORD_INVALID"]).toContain(codeOfParse(value));
      }),
    );
  });
});

describe("recordFault", () => {
  test.each<[string, string, string | undefined]>([
    ["sts::111111111111:assumed-role/Developer/bob", "AROAEXAMPLEEXAMPLE123:alice", "RECORD_HEAD"],
    ["sts::111111111111:assumed-role/Developer/x/alice", "AROAEXAMPLEEXAMPLE123:alice", "RECORD_HEAD"],
    ["sts::111111111111:assumed-role/Developer/alice", "AIDAEXAMPLEEXAMPLE12", "RECORD_HEAD"],
    ["sts::111111111111:other", "AIDAEXAMPLEEXAMPLE12", "RECORD_HEAD"],
    ["sts::111111111111:other/alice", "AROAEXAMPLEEXAMPLE123:alice", "RECORD_HEAD"],
    ["iam::111111111111:user/alice", "AROAEXAMPLEEXAMPLE123:alice", "RECORD_HEAD"],
    ["sts::111111111111:federated-user/bob", "111111111111:alice", "RECORD_HEAD"],
    ["sts::111111111111:federated-user/alice", "111111111111:alice", undefined],
    ["sts::111111111111:assumed-role/Developer/alice", "AROAEXAMPLEEXAMPLE123:alice", undefined],
    ["iam::111111111111:user/team/alice", "AIDAEXAMPLEEXAMPLE12", undefined],
    ["iam::111111111111:root", "111111111111", undefined],
  ])("%s as %s", (arn, userid, code) => {
    const by = { arn: `arn:aws:${arn}`, userid, account: "111111111111" };
    expect(recordFault(parseRecord(recordOf("request", { by })), thumbprint)).toBe(code);
  });

  const other = makeId(start.getTime(), thumbprint, "AAECAwQFBgcICQoLDA0ODg");
  test.each<[string, RecordType, Record<string, unknown>, string]>([
    ["an id of another second", "abort", { at: "2026-11-24T08:16:37Z" }, "RECORD_ID_TIME"],
    ["an id of another nonce", "abort", { nonce: "AAECAwQFBgcICQoLDA0ODg" }, "RECORD_ID_HASH"],
    ["a request of another id", "request", { request: other }, "RECORD_HEAD"],
    ["a request of no id", "request", { request: "-" }, "RECORD_HEAD"],
    ["an abort of no request", "abort", { request: "-" }, "RECORD_HEAD"],
    ["an enrolment for a request", "enrol", { request: id }, "RECORD_HEAD"],
    ["an enrolment that is not the first", "enrol", { n: 1, prev: hash }, "RECORD_HEAD"],
    ["an enrolment after something", "enrol", { prev: hash }, "RECORD_HEAD"],
    ["a first record that is no enrolment", "abort", { n: 0, prev: "-" }, "RECORD_HEAD"],
    ["a record after nothing", "abort", { prev: "-" }, "RECORD_HEAD"],
    [
      "an account that is not the ARN's",
      "abort",
      { by: { ...identityOf("alice"), account: "999999999999" } },
      "RECORD_HEAD",
    ],
    [
      "another's key",
      "enrol",
      { key: { ...key, x: "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw" } },
      "RECORD_BODY",
    ],
    [
      "a sealing key where nobody seals",
      "request",
      { sealTo: { kty: "OKP", crv: "X25519", x: point } },
      "RECORD_BODY",
    ],
    ["no sealing key where another issues", "request", { issuer: "approver" }, "RECORD_BODY"],
    ["a policy of another digest", "issue", { policySha256: hash }, "RECORD_BODY"],
    ["a session of another name", "issue", { sessionName: "jit-other" }, "RECORD_BODY"],
    ["one decision twice", "issue", { decisions: [hash, hash] }, "RECORD_BODY"],
  ])("%s", (_, type, change, code) => {
    expect(recordFault(parseRecord(recordOf(type, change)), thumbprint)).toBe(code);
  });

  test("the signing key decides whose the id is", () => {
    const record = parseRecord(recordOf("abort")) as AuditRecord;
    expect(recordFault(record, `${thumbprint.slice(0, -1)}w`)).toBe("RECORD_ID_HASH");
  });
});

describe("times", () => {
  test("hours and times round-trip", () => {
    const dates = fc.date({
      min: new Date("0000-01-01T00:00:00Z"),
      max: new Date("9999-12-31T23:59:59Z"),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(dates, (date) => {
        const time = formatTime(date);
        expect(isTime(time)).toBe(true);
        expect(isHour(hourOf(time))).toBe(true);
        expect(hourStart(hourOf(time))).toBe(Math.floor(date.getTime() / 3_600_000) * 3_600_000);
      }),
    );
  });

  test("hoursBetween has both ends, across a year", () => {
    const hours = [...hoursBetween(new Date("2026-12-31T22:59:59Z"), new Date("2027-01-01T01:00:00Z"))];
    expect(hours).toEqual(["20261231T22", "20261231T23", "20270101T00", "20270101T01"]);
    expect([...hoursBetween(new Date("2027-01-01"), new Date("2026-01-01"))]).toEqual([]);
  });
});
