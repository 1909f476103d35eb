import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { escapeForTerminal } from "../../../src/access/text.ts";
import { cefHeader, cefValue, eventCef } from "../../../src/audit/feed/cef.ts";
import type { FeedEvent } from "../../../src/audit/feed/event.ts";
import { eventJson } from "../../../src/audit/feed/json.ts";
import { eventOcsf } from "../../../src/audit/feed/ocsf.ts";
import { type RecordType, recordTypes, type StoredRecord } from "../../../src/audit/types.ts";
import { asked, findingOf, oneOfEach, options, recordEvent } from "./events.ts";

let records: ReadonlyMap<RecordType, StoredRecord>;
beforeAll(async () => {
  records = await oneOfEach();
});

function ofType(type: RecordType): StoredRecord {
  const record = records.get(type);
  if (record === undefined) throw new Error(type);
  return record;
}

type Json = Readonly<Record<string, unknown>>;
const parsed = (event: FeedEvent): Json => JSON.parse(JSON.stringify(eventOcsf(event, options)));

/** What OCSF 1.3.0 requires of each class that is used, and which activities it has. */
const classes: Readonly<Record<number, { required: readonly string[]; activities: readonly number[] }>> = {
  3003: { required: ["user", "privileges"], activities: [1, 2] },
  3004: { required: ["entity"], activities: [1, 2, 3, 4] },
  3005: { required: ["user", "privileges"], activities: [1, 2] },
  2004: { required: ["finding_info"], activities: [1, 2, 3] },
};
const always = ["activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"];

function expectValid(event: Json): void {
  const { class_uid, activity_id, metadata, user, actor, entity, finding_info } = event as Record<
    string,
    never
  >;
  const kind = classes[Number(class_uid)];
  if (kind === undefined) throw new Error(`class ${class_uid}`);
  for (const name of [...always, ...kind.required]) expect(event).toHaveProperty(name);
  expect(kind.activities).toContain(activity_id);
  expect(event["type_uid"]).toBe(Number(class_uid) * 100 + Number(activity_id));
  expect(event["category_uid"]).toBe(Math.floor(Number(class_uid) / 1000));
  expect([0, 1, 2, 3, 4, 5, 6, 99]).toContain(event["severity_id"]);
  expect([0, 1, 2, 99]).toContain(event["status_id"]);
  expect(Number.isSafeInteger(event["time"])).toBe(true);
  expect(Number(event["time"])).toBeGreaterThan(1e12);
  expect(metadata).toMatchObject({ version: "1.3.0", product: { name: "jit", vendor_name: "jit" } });
  expect(metadata).toHaveProperty("uid");
  const someOf = (value: Json, names: readonly string[]) =>
    expect(names.some((name) => typeof value[name] === "string" && value[name] !== "")).toBe(true);
  if (user !== undefined) someOf(user, ["name", "uid"]);
  if (actor !== undefined) someOf(actor["user"], ["name", "uid"]);
  if (entity !== undefined) someOf(entity, ["name", "uid"]);
  if (finding_info !== undefined) {
    expect(finding_info).toHaveProperty("uid");
    expect(finding_info).toHaveProperty("title");
  }
  if (Array.isArray(event["privileges"])) expect(event["privileges"].length).toBeGreaterThan(0);
}

describe("OCSF", () => {
  test.each([
    ["enrol", 300401, 1],
    ["request", 300401, 1],
    ["approval", 300403, 1],
    ["denial", 300403, 1],
    ["issue", 300301, 1],
    ["end", 300403, 1],
    ["abort", 300403, 2],
    ["revoke", 300502, 1],
    ["review", 300403, 1],
    ["notice", 300401, 2],
  ] as const)("%s is %i", (type, uid, status) => {
    const event = parsed(recordEvent(ofType(type)));
    expectValid(event);
    expect([event["type_uid"], event["status_id"]]).toEqual([uid, status]);
  });

  test.each(recordTypes)("%s that is not valid is an entity, and a failure", (type) => {
    const wrong = {
      verified: false,
      problems: ["SIGNATURE_INVALID"],
      record: undefined,
      asked: undefined,
    } as const;
    const event = parsed(recordEvent(ofType(type), wrong));
    expectValid(event);
    expect(event).toMatchObject({
      class_uid: 3004,
      status_id: 2,
      status_code: "SIGNATURE_INVALID",
      severity_id: 4,
      entity: { type: "record" },
      unmapped: { verified: false },
    });
  });

  test("a session names who has it, what it may, and its key; times are milliseconds", () => {
    const issue = ofType("issue").record;
    if (issue.type !== "issue") throw new Error();
    expect(parsed(recordEvent(ofType("issue")))).toMatchObject({
      time: Date.parse(issue.at),
      user: { uid: asked.by.arn, account: { uid: "111122223333" } },
      actor: { user: { uid: issue.by.arn } },
      privileges: ["customers:read"],
      session: { credential_uid: issue.accessKeyId, expiration_time: Date.parse(issue.expiration) },
      metadata: { correlation_uid: issue.request },
    });
  });

  test("a valid session without its request is told by its role, a revocation as an entity", () => {
    const issue = parsed(recordEvent(ofType("issue"), { asked: undefined }));
    expectValid(issue);
    expect(issue["privileges"]).toEqual([asked.role]);
    const revoke = parsed(recordEvent(ofType("revoke"), { asked: undefined }));
    expectValid(revoke);
    expect(revoke["class_uid"]).toBe(3004);
  });

  test.each([
    ["invalid", "OBJECT_REPLACED", 4],
    ["noise", "NAME_INVALID", 2],
    ["notice", "LATE_ARRIVAL", 2],
    ["notice", "REVIEW_MISSING", 3],
  ] as const)("a finding of severity %s, %s", (severity, code, id) => {
    const event = parsed(findingOf({ severity, code }));
    expectValid(event);
    expect(event).toMatchObject({ type_uid: 200401, severity_id: id, finding_info: { types: [code] } });
  });
});

describe("JSON", () => {
  test("every record has the same members, and no text unless it is asked for", () => {
    const members = recordTypes.map((type) => Object.keys(eventJson(recordEvent(ofType(type)), options)));
    for (const own of members) expect(own).toEqual(members[0]);
    const json = JSON.stringify(eventJson(recordEvent(ofType("request")), { ...options, texts: false }));
    expect(json).not.toContain("Order 1042");
    expect(eventJson(recordEvent(ofType("request")), options)).toMatchObject({
      reason: "Order 1042 shows the wrong address",
      ticket: "OPS-7",
    });
  });

  test("it is flat, but for lists", () => {
    for (const event of [...recordTypes.map((type) => recordEvent(ofType(type))), findingOf()])
      for (const value of Object.values(eventJson(event, options)))
        expect(value === null || typeof value !== "object" || Array.isArray(value)).toBe(true);
  });

  test.each([
    ["request", { breakGlass: true }, "high"],
    ["issue", { breakGlass: true }, "high"],
    ["end", { breakGlass: true }, "informational"],
    ["request", {}, "informational"],
    ["denial", {}, "low"],
    ["revoke", {}, "medium"],
    ["review", {}, "high"],
  ] as const)("%s with %j is of severity %s", (type, change, severity) => {
    const event = recordEvent(ofType(type), { asked: { ...asked, ...change } });
    expect(eventJson(event, options)).toMatchObject({ event: type, severity });
  });
});

/** As a SIEM reads it: seven parts of a header, then pairs; a key is what stands before an unescaped `=`. */
function readCef(line: string): { header: readonly string[]; values: Readonly<Record<string, string>> } {
  const header: string[] = [];
  let rest = line;
  while (header.length < 7) {
    const part = /^((?:[^\\|]|\\[\\|])*)\|/.exec(rest);
    if (part === null) throw new Error(`no header: ${rest}`);
    header.push(String(part[1]).replace(/\\([\\|])/g, "$1"));
    rest = rest.slice(part[0].length);
  }
  const values: Record<string, string> = {};
  for (const [, key = "", value = ""] of rest.matchAll(
    /([A-Za-z0-9]+)=((?:[^\\=]|\\[\\=nr])*?)(?= [A-Za-z0-9]+=|$)/g,
  ))
    values[key] = value.replace(/\\([\\=nr])/g, (_, char) => ({ n: "\n", r: "\r" })[String(char)] ?? char);
  return { header, values };
}

const hostile = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.string({
    unit: fc.constantFrom("\\", "|", "=", "\n", "\r", " ", "a", "cs1=", "\u202e", "\u001b"),
    maxLength: 40,
  }),
);
/** What is left of a text for a terminal: line ends are escaped by the format itself. */
const shown = (text: string) =>
  text
    .split(/(\r|\n)/)
    .map((part) => (part === "\r" || part === "\n" ? part : escapeForTerminal(part)))
    .join("");

describe("CEF", () => {
  test.each(recordTypes)("%s is one line with its values", (type) => {
    const { header, values } = readCef(eventCef(recordEvent(ofType(type)), options));
    expect(header.slice(0, 5)).toEqual(["CEF:0", "jit", "jit", "0.1.0", type]);
    expect(Number(header[6])).toBeGreaterThanOrEqual(0);
    expect(Number(header[6])).toBeLessThanOrEqual(10);
    expect(values).toMatchObject({
      externalId: "0123456789abcdef0123456789abcdef",
      outcome: "verified",
      cat: "record",
    });
    expect(Number(values["start"])).toBe(Date.parse(ofType(type).record.at));
  });

  test("hostile values come back as they were, and no value makes a pair or a line of its own", () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, (object, purpose, message) => {
        const line = eventCef(findingOf({ object, message, asked: { ...asked, purpose } }), options);
        expect(line).not.toMatch(/\p{Cc}|\u202e/u);
        const { header, values } = readCef(line);
        expect(header).toHaveLength(7);
        // Space around a value is nobody's.
        const expected = {
          filePath: shown(object),
          cs4: shown(purpose),
          msg: `OBJECT_REPLACED: ${shown(message)}`,
        };
        for (const [key, value] of Object.entries(expected)) expect(values[key] ?? "").toBe(value);
        expect(Object.keys(values).filter((key) => !known.has(key))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test("a header holds any text on one line", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const { header } = readCef(`${[text, "b", "c", "d", "e", "f", "g"].map(cefHeader).join("|")}|`);
        expect(header[0]).toBe(escapeForTerminal(text));
      }),
    );
  });

  test("long values are cut", () => {
    expect([...cefValue("x".repeat(5000))]).toHaveLength(1023);
  });
});

const known = new Set(
  "start externalId msg cat suser duser filePath suid dvchost cs1Label cs1 cs2Label cs2 cs3Label cs3 cs4Label cs4 cs5Label cs5".split(
    " ",
  ),
);
