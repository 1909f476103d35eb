import { expect, test } from "vitest";
import { Days } from "../../../src/audit/export/days.ts";
import { makeId } from "../../../src/audit/id.ts";
import { formatKey, type RecordKey } from "../../../src/audit/key.ts";
import { MemoryRecordStore } from "../../support/memory-record-store.ts";

const thumbprint = "A".repeat(43);
const userid = "AROAEXAMPLEEXAMPLE:alice";
let nonces = 0;
const idAt = (time: string) => makeId(Date.parse(time), thumbprint, String(nonces++));
const nameOf = (hour: string, request: string, n: number, type: RecordKey["type"]) =>
  formatKey({ hour, request, userid, thumbprint, n, type });

const first = idAt("2026-11-23T23:50:00Z");
const second = idAt("2026-11-24T08:00:00Z");
const unknown = idAt("2026-11-24T09:00:00Z");
const ancient = idAt("1999-01-01T00:00:00Z");
const future = idAt("2031-01-01T00:00:00Z");
const names = {
  enrol: nameOf("20261123T23", "-", 0, "enrol"),
  asked: nameOf("20261123T23", first, 1, "request"),
  // After midnight, and long after.
  issued: nameOf("20261124T00", first, 2, "issue"),
  reviewed: nameOf("20261220T10", first, 7, "review"),
  later: nameOf("20261124T08", second, 3, "request"),
  strange: nameOf("20261124T09", unknown, 4, "approval"),
  old: nameOf("20261124T09", ancient, 5, "request"),
  ahead: nameOf("20261124T09", future, 6, "request"),
  noise: "v1/rec/20261124T09/-/=cmd",
  nowhere: "v1/rec/garbage/x",
};

async function survey(from: string, to: string, until = "2026-12-31T00:00:00Z") {
  const store = new MemoryRecordStore();
  for (const name of Object.values(names)) await store.create(name, new Uint8Array());
  const period = { from: new Date(from), to: new Date(to) };
  return { store, days: await Days.survey(store, period, new Date(until)) };
}

test("a request lies whole on the day of its id, everything else on the day of its hour", async () => {
  const { days } = await survey("2026-11-23T00:00:00Z", "2026-12-31T00:00:00Z");
  expect(days.names).toEqual(["2026-11-23", "2026-11-24"]);
  const before = await days.read("2026-11-23");
  expect(before.requests).toMatchObject([
    {
      request: first,
      records: [names.asked, names.issued, names.reviewed].map((name) => ({ object: { name } })),
    },
  ]);
  expect(before.others.map(({ object }) => object.name)).toEqual([names.enrol]);
  const after = await days.read("2026-11-24");
  expect(after.requests.map(({ request }) => request)).toEqual([second]);
  expect(after.others.map(({ object }) => object.name).sort()).toEqual(
    [names.strange, names.old, names.ahead].sort(),
  );
  expect(after.noise.map(({ name }) => name)).toEqual([names.noise]);
});

test("one day alone has what the whole log has of it", async () => {
  const whole = (await survey("2026-11-23T00:00:00Z", "2026-12-31T00:00:00Z")).days;
  for (const [day, next] of [
    ["2026-11-23", "2026-11-24"],
    ["2026-11-24", "2026-11-25"],
  ] as const) {
    const { days } = await survey(`${day}T00:00:00Z`, `${next}T00:00:00Z`);
    expect(days.names).toEqual([day]);
    const strip = (value: object) => JSON.stringify(value).replace(/"versionId":"[^"]*"/g, "");
    expect(strip(await days.read(day))).toBe(strip(await whole.read(day)));
  }
});

test("what comes after the survey waits for the next run", async () => {
  const { store, days } = await survey("2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z");
  await store.create(nameOf("20261124T10", second, 9, "issue"), new Uint8Array());
  expect((await days.read("2026-11-24")).requests).toMatchObject([
    { records: [{ object: { name: names.later } }] },
  ]);
});
