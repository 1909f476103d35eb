import fc from "fast-check";
import { type Batch, BatchChecker, BatchWriter, type VerifyEd25519 } from "../../src/audit/check/batch.ts";
import type { RecordChecker } from "../../src/audit/check/checker.ts";
import { formatKey, parseKey, recordPrefix } from "../../src/audit/key.ts";
import { seal } from "../../src/audit/tree/seal.ts";
import { MemoryRecordStore } from "../support/memory-record-store.ts";
import { sealPorts } from "./tree/sealing.ts";
import { log, StandingClock, testWriter } from "./writer.ts";

/** A thread in this one: what it is sent and sends is cloned as between threads. */
export function inProcess(
  checked: { good: number; bad: number },
  verifyEd25519?: VerifyEd25519,
): RecordChecker {
  const writer = new BatchWriter(log);
  const checker = new BatchChecker(log, verifyEd25519);
  return {
    parallel: 3,
    async check(records) {
      const batch: Batch = structuredClone(writer.write(records));
      const told = writer.read(records, structuredClone(checker.check(batch)));
      for (const one of told) checked[one === undefined ? "bad" : "good"]++;
      return told;
    },
    async close() {},
  };
}

/** Three writers, three days, one ES256 key; sealed but for the last. */
export async function someLog(): Promise<MemoryRecordStore> {
  const clock = new StandingClock();
  const store = new MemoryRecordStore(() => clock.now());
  const writers = ["alice", "bob", "carol"].map((name, i) =>
    testWriter(store, name, { clock, algorithm: i === 1 ? "ES256" : "Ed25519" }),
  );
  for (let day = 0; day < 3; day++) {
    for (const writer of writers) {
      const request = await writer.request();
      clock.pass(2);
      const issue = await writer.issue(request);
      clock.pass(60);
      const body = { requestHash: request.sha256, issueHash: issue.sha256, outcome: "completed" as const };
      await writer.append({
        type: "end",
        request: request.record.id,
        body: () => ({ ...body, exitCode: 0, seconds: 3, command: "-" }),
      });
    }
    if (day < 2) await seal(sealPorts(store, clock));
    clock.pass(86_400);
  }
  return store;
}

/** Something that was done to a log. `at` and `other` choose objects, or a byte. */
export interface Mutation {
  readonly what: "flip" | "erase" | "mark" | "again" | "replace" | "move" | "swap";
  readonly at: number;
  readonly other: number;
}

export function mutate(store: MemoryRecordStore, { what, at, other }: Mutation): void {
  const names = [...store.objects.keys()].filter((key) => key.startsWith(recordPrefix)).sort();
  const name = names[at % names.length] ?? "";
  const second = names[other % names.length] ?? "";
  const [bytes, others] = [name, second].map((key) => store.objects.get(key)?.[0]?.bytes ?? new Uint8Array());
  switch (what) {
    case "flip":
      store.spoil(name, (good) => good.map((byte, i) => (i === other % good.length ? byte ^ 1 : byte)));
      break;
    case "erase":
      store.erase(name);
      break;
    case "mark":
      store.mark(name);
      break;
    case "again":
      store.put(name, bytes);
      break;
    case "replace":
      store.put(name, others);
      break;
    case "move": {
      store.erase(name);
      const { userid, thumbprint, hour } = parseKey(second);
      const place = other % 2 === 0 ? { userid, thumbprint } : { hour };
      store.put(formatKey({ ...parseKey(name), ...place }), bytes);
      break;
    }
    case "swap":
      store.spoil(name, () => others ?? new Uint8Array());
      store.spoil(second, () => bytes ?? new Uint8Array());
      break;
  }
}

export const mutation = fc.record({
  what: fc.constantFrom("flip", "erase", "mark", "again", "replace", "move", "swap"),
  at: fc.nat(1000),
  other: fc.nat(5000),
}) as fc.Arbitrary<Mutation>;
