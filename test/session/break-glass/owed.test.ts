import { describe, expect, test } from "vitest";
import { codeOf, JitError } from "../../../src/error.ts";
import { leaveDebt, settle } from "../../../src/session/break-glass/debt.ts";
import { owedBy } from "../../../src/session/break-glass/owed.ts";
import { MemoryRecordStore } from "../../support/memory-record-store.ts";

const request = "01M86A1MWTZZA6F1Q12XEVP2V0";
const other = "01M86A1MWTTQD3ZF034F50A1MS";
const made = Date.parse("2026-11-24T08:16:36.250Z");
const userid = "AROAEXAMPLEEXAMPLE123:alice";
const refuse = { unreviewed: "refuse", grace: 3600 } as const;
const note = { unreviewed: "note", grace: 3600 } as const;

async function codesAfter(
  bucket: Pick<MemoryRecordStore, "list">,
  terms: typeof refuse | typeof note,
  seconds: number,
  who = userid,
): Promise<string> {
  const clock = { now: () => new Date(made + seconds * 1000) };
  return await owedBy(bucket, who, terms, clock).then(
    (notices) => notices.map(({ code }) => code).join(),
    (error: unknown) => `refused ${codeOf(error)}`,
  );
}

describe("who owes a review", () => {
  test.each<[string, typeof refuse | typeof note, number, string]>([
    ["a note", note, 86_400, "BREAK_GLASS_UNREVIEWED"],
    ["a note within the grace", refuse, 3599, "BREAK_GLASS_UNREVIEWED"],
    ["a refusal from its end on", refuse, 3600, "refused BREAK_GLASS_UNREVIEWED"],
  ])("gets %s", async (_what, terms, seconds, expected) => {
    const bucket = new MemoryRecordStore();
    await leaveDebt(bucket, { userid, request }, "ab".repeat(32));
    expect(await codesAfter(bucket, terms, seconds)).toBe(expected);
    // By two LISTs of the own prefixes, and nothing else.
    expect(bucket.calls.slice(1)).toEqual([`list v1/debt/${userid}/`, `list v1/settled/${userid}/`]);
  });

  test("who never broke the glass costs one LIST", async () => {
    const bucket = new MemoryRecordStore();
    expect(await codesAfter(bucket, refuse, 86_400)).toBe("");
    expect(bucket.calls).toEqual([`list v1/debt/${userid}/`]);
  });

  test("gets nothing once it is settled, nor for another's", async () => {
    const bucket = new MemoryRecordStore();
    await leaveDebt(bucket, { userid, request }, "ab".repeat(32));
    expect(await codesAfter(bucket, refuse, 86_400, `${userid}-two`)).toBe("");
    await settle(bucket, { userid, request }, "cd".repeat(32));
    expect(await codesAfter(bucket, refuse, 86_400)).toBe("");
    await leaveDebt(bucket, { userid, request: other }, "ab".repeat(32));
    expect(await codesAfter(bucket, refuse, 86_400)).toBe("refused BREAK_GLASS_UNREVIEWED");
  });

  test("is not taken for nobody where it cannot be seen", async () => {
    const bucket = {
      // biome-ignore lint/correctness/useYield: it never gets that far
      async *list(): AsyncGenerator<never> {
        throw new JitError("AUDIT_UNREACHABLE", "as the test says");
      },
    };
    expect(await codesAfter(bucket, note, 0)).toBe("DEBT_UNKNOWN");
    expect(await codesAfter(bucket, refuse, 0)).toBe("refused AUDIT_UNREACHABLE");
  });
});
