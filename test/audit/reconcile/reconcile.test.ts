import { describe, expect, test } from "vitest";
import type { RecordKey } from "../../../src/audit/key.ts";
import type { ListedObject } from "../../../src/audit/ports.ts";
import type { TrailSource } from "../../../src/audit/reconcile/ports.ts";
import { reconcile } from "../../../src/audit/reconcile/reconcile.ts";
import type { ReadRecord } from "../../../src/audit/record-reader.ts";
import { account, assumeRole, auditAccount, issued, key, read, watched } from "./events.ts";

const now = new Date("2026-11-24T12:00:00Z");
const options = { watched, now, since: new Date("2026-11-24T00:00:00Z"), until: now, strict: false };

function source(events: readonly unknown[], more: Partial<TrailSource> = {}): TrailSource {
  return {
    name: "test",
    isCopy: false,
    async *events() {
      for (const value of events) yield { value, place: "test" };
    },
    accounts: () => [account, auditAccount],
    regions: () => [],
    findings: () => [],
    ...more,
  };
}

/** A log with these issue records, each in the hour of its time. */
function log(...entries: readonly ReturnType<typeof issued>[]) {
  const names = entries.map(({ record }, n) => {
    const hour = record.at.slice(0, 13).replaceAll("-", "");
    const thumbprint = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
    return `v1/rec/${hour}/${record.request}/${record.by.userid}/${thumbprint}.${n + 1}.issue.jws`;
  });
  return {
    store: {
      async *list(prefix: string) {
        for (const name of names) if (name.startsWith(prefix)) yield { key: name } as ListedObject;
      },
    },
    reader: {
      async readOne(object: Pick<ListedObject, "key">, key: RecordKey) {
        const entry = entries[names.indexOf(object.key)];
        const lastModified = new Date((entry?.arrived ?? 0) * 1000);
        return { name: object.key, key, record: entry?.record, lastModified } as unknown as ReadRecord;
      },
    },
  };
}

async function run(sources: readonly TrailSource[], { store, reader } = log(), more: object = {}) {
  const report = await reconcile(sources, store, reader, { ...options, ...more });
  return { ...report, codes: report.findings.map(({ code }) => code) };
}

describe("a record without an event", () => {
  const record = (at: string) =>
    log(issued({ at, expiration: "2026-11-24T13:00:00Z", notAfter: "2026-11-24T13:00:00Z" }));

  test("counts once events can come no more", async () => {
    expect(await run([source([])], record("2026-11-24T11:44:00Z"))).toMatchObject({
      codes: ["RECORD_UNMATCHED"],
      horizon: new Date("2026-11-24T11:45:00Z"),
    });
    expect(await run([source([])], record("2026-11-24T11:46:00Z"))).toMatchObject({ codes: [], pending: 1 });
  });

  test("counts in a copy up to its newest event or file", async () => {
    const events = [read("ASIAOTHER", "x", { eventTime: "2026-11-24T09:00:00Z" })];
    const copy = source(events, { isCopy: true });
    expect(await run([copy], record("2026-11-24T08:59:00Z"))).toMatchObject({ codes: ["RECORD_UNMATCHED"] });
    expect(await run([copy], record("2026-11-24T09:30:00Z"))).toMatchObject({ codes: [], pending: 1 });
    const delivered = () => new Date("2026-11-24T10:00:00Z").getTime() / 1000;
    expect(await run([{ ...copy, delivered }], record("2026-11-24T09:30:00Z"))).toMatchObject({
      codes: ["RECORD_UNMATCHED"],
    });
  });
});

test("records of the day after the period still explain it; later ones do not", async () => {
  const until = new Date("2026-11-24T08:30:00Z");
  const late = new Date("2026-11-30T00:00:00Z");
  const early = await run([source([assumeRole(), read(key, "x")])], log(issued()), { until, now: late });
  expect(early).toMatchObject({ codes: [], explained: 1 });
  const record = issued({ at: "2026-11-27T00:00:00Z" });
  const { codes } = await run([source([assumeRole()])], log(record), { until, now: late });
  expect(codes).toEqual(["SESSION_UNRECORDED"]);
});

test("calls of each recorded key are asked for where a source has them apart", async () => {
  const asked: string[] = [];
  const apart = source([assumeRole()], {
    async *callsOf(keys) {
      asked.push(...keys);
      yield { value: read(key, "x"), place: "test" };
    },
  });
  expect(await run([apart], log(issued()))).toMatchObject({ codes: [], explained: 1 });
  expect(asked).toEqual([key]);
});

test("an account of which nothing was read is a gap, which strict fails", async () => {
  const one = source([], { accounts: () => [account] });
  expect(await run([one])).toMatchObject({
    ok: true,
    codes: ["ACCOUNT_NOT_COVERED"],
    bySeverity: { gap: 1 },
  });
  expect(await run([one], log(), { strict: true })).toMatchObject({ ok: false });
});
