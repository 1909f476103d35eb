import { expect, test } from "vitest";
import type { Checkable } from "../../src/audit/check/checker.ts";
import { openCheckPool } from "../../src/local/check-pool.ts";
import { log, StandingClock, testWriter } from "../audit/writer.ts";
import { MemoryRecordStore } from "../support/memory-record-store.ts";

/** Threads of a test are TypeScript, which the oldest Node cannot run; there test/e2e/large-log.test.ts runs those of the bundle. */
const stripsTypes = Boolean(process.features.typescript);

async function someRecord(): Promise<Checkable> {
  const clock = new StandingClock();
  const store = new MemoryRecordStore(() => clock.now());
  const alice = testWriter(store, "alice", { clock });
  const { record } = await alice.request();
  const bytes = [...store.objects].find(([name]) => name.includes(record.id))?.[1][0]?.bytes;
  if (bytes === undefined) throw new Error("no record");
  const { publicKey: jwk, thumbprint } = alice.signer;
  return { bytes, writer: { jwk, thumbprint, by: record.by } };
}

test.skipIf(!stripsTypes)(
  "a thread checks a record; once it has ended, nothing is good, and nobody waits for it",
  async () => {
    const record = await someRecord();
    const pool = openCheckPool(log, 1);
    expect((await pool.check([record]))[0]).toMatchObject({ isChecked: true });
    const underWay = pool.check([record]);
    await pool.close();
    // It may have answered before it ended.
    expect(await underWay).toHaveLength(1);
    expect(await pool.check([record, record])).toEqual([undefined, undefined]);
  },
);

test.skipIf(!stripsTypes)("a thread whose memory is full ends itself alone", async () => {
  const record = await someRecord();
  const pool = openCheckPool(log, 1);
  // Anybody may enrol any number of keys, and a thread keeps them.
  const arn = (number: number) =>
    `arn:aws:sts::111111111111:assumed-role/${String(number).padEnd(60_000, "x")}`;
  let good = 0;
  for (let batch = 0; batch < 40; batch++) {
    const many = Array.from({ length: 100 }, (_, at) => {
      const by = { ...record.writer.by, arn: arn(batch * 100 + at) };
      return { ...record, writer: { ...record.writer, by } };
    });
    good += (await pool.check(many)).filter((one) => one !== undefined).length;
  }
  expect(good).toBeLessThan(4000);
  await pool.close();
});
