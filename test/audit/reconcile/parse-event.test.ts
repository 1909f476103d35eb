import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseEvent, timeOf } from "../../../src/audit/reconcile/parse-event.ts";
import { assumeRole, at, collected, key, read, role } from "./events.ts";

describe("times", () => {
  test.each([
    ["2026-11-24T08:46:40Z", "2026-11-24T08:46:40Z"],
    ["2026-11-24T08:46:40.250Z", "2026-11-24T08:46:40Z"],
    ["Nov 24, 2026, 8:46:40\u202fAM", "2026-11-24T08:46:40Z"],
    ["Nov 24, 2026 8:46:40 PM", "2026-11-24T20:46:40Z"],
    ["Jan 1, 2026, 12:00:00 AM", "2026-01-01T00:00:00Z"],
  ])("%s", (spelled, time) => {
    expect(timeOf(spelled)).toBe(at(time));
  });

  test.each([
    "",
    "now",
    "2026-11-24",
    "2026-13-24T08:46:40Z",
    "Nov 24, 2026, 8:46:40 AM CET",
    "24.11.2026",
  ])("%j is none", (spelled) => {
    expect(timeOf(spelled)).toBeUndefined();
  });
});

test("a session in its closed shape", () => {
  expect(parseEvent(assumeRole())).toMatchObject({
    kind: "session",
    role,
    accessKeyId: key,
    durationSeconds: 1800,
    expiration: at("2026-11-24T08:46:40Z"),
    who: { userid: "AIDAEXAMPLEEXAMPLE12" },
  });
});

test.each<[string, object]>([
  ["no key", assumeRole({}, { responseElements: { credentials: {} } })],
  ["no role", assumeRole({ roleArn: 7 })],
  ["tags of no kind", assumeRole({ tags: ["a"] })],
  [
    "one tag twice",
    assumeRole({
      tags: [
        { key: "a", value: "1" },
        { key: "a", value: "2" },
      ],
    }),
  ],
  ["no time", assumeRole({}, { eventTime: "yesterday" })],
  ["no id", assumeRole({}, { eventID: "" })],
])("a session with %s is unreadable", (_what, event) => {
  expect(parseEvent(event)).toBeUndefined();
});

test("a policy that is no text is no policy that a record can tell", () => {
  expect(parseEvent(assumeRole({ policy: { Statement: [] } }))).toMatchObject({ policy: "?" });
});

test("members of prototypes are not members", () => {
  const hostile = JSON.parse('{"__proto__":{"eventID":"x","eventName":"AssumeRole"},"constructor":"y"}');
  expect(parseEvent(hostile)).toBeUndefined();
});

test("whatever stands in a record, reading it neither throws nor hangs", () => {
  const json = fc.jsonValue({ maxDepth: 4 });
  fc.assert(
    fc.property(
      json,
      fc.constantFrom("requestParameters", "responseElements", "userIdentity", "resources", "readOnly"),
      (value, name) => {
        parseEvent(value);
        collected({ ...assumeRole(), [name]: value }, { ...read(key, "x"), [name]: value });
      },
    ),
    { numRuns: 300 },
  );
});
