import { readEnvelope } from "../../../src/audit/envelope.ts";
import type { AskedFor, FindingEvent, RecordEvent } from "../../../src/audit/feed/event.ts";
import type { FormatOptions } from "../../../src/audit/feed/json.ts";
import { readKey } from "../../../src/audit/key.ts";
import { type Bodies, type RecordType, recordTypes, type StoredRecord } from "../../../src/audit/types.ts";
import { MemoryRecordStore } from "../../support/memory-record-store.ts";
import { issueBody, requestBody, testWriter } from "../writer.ts";

export const options: FormatOptions = {
  organization: "acme",
  log: "ab".repeat(32),
  version: "0.1.0",
  texts: true,
};

export const asked: AskedFor = {
  by: {
    arn: "arn:aws:iam::111122223333:user/alice",
    userid: "AIDAEXAMPLEEXAMPLE01",
    account: "111122223333",
  },
  targets: ["customers:read"],
  stores: [{ name: "customers", classification: "restricted", dataCategories: ["name"] }],
  role: requestBody.role,
  purpose: "incident",
  duration: 1800,
  breakGlass: false,
};

/** A record of each type, as a writer stores it. */
export async function oneOfEach(): Promise<ReadonlyMap<RecordType, StoredRecord>> {
  const alice = testWriter(new MemoryRecordStore(), "alice");
  const request = await alice.request();
  const issue = await alice.issue(request);
  const requestHash = request.sha256;
  const bodies: Partial<Bodies> = {
    approval: { requestHash, comment: { text: "fine" } },
    denial: { requestHash, comment: "-" },
    end: {
      requestHash,
      issueHash: issue.sha256,
      outcome: "completed",
      exitCode: 0,
      seconds: 5,
      command: "-",
    },
    abort: { requestHash, code: "STS_DENIED", step: "assumeRole", accessKeyId: "-" },
    revoke: {
      requestHash,
      role: requestBody.role,
      sessionName: issueBody(request, new Date()).sessionName,
      reason: "over",
    },
    review: { requestHash, verdict: "unjustified", comment: { text: "no" } },
    notice: { requestHash, event: "pending", to: "hooks.example", code: "NOTIFY_DOWN" },
  };
  const records = new Map<RecordType, StoredRecord>([
    ["request", request],
    ["issue", issue],
  ]);
  for (const type of recordTypes) {
    const body = bodies[type];
    if (body === undefined) continue;
    records.set(type, await alice.append({ type, request: request.record.id, body: () => body } as never));
  }
  const [enrol] = [...alice.store.objects].filter(([name]) => name.endsWith(".enrol.jws"));
  const bytes = enrol?.[1][0]?.bytes ?? new Uint8Array();
  const opened = readEnvelope(bytes);
  if (enrol !== undefined && opened.ok)
    records.set("enrol", { key: enrol[0], bytes, sha256: opened.sha256, record: opened.record });
  return records;
}

export function recordEvent(
  { key: name, sha256, record }: StoredRecord,
  change: Partial<RecordEvent> = {},
): RecordEvent {
  const key = readKey(name);
  if (key === undefined) throw new Error(name);
  const at = new Date(record.at);
  return {
    kind: "record",
    id: "0123456789abcdef0123456789abcdef",
    at,
    arrived: new Date(at.getTime() + 250),
    object: name,
    versionId: "v1",
    request: record.request,
    key,
    record,
    sha256,
    grade: "attested",
    verified: true,
    problems: [],
    asked: record.type === "enrol" ? undefined : asked,
    ...change,
  };
}

export const findingOf = (change: Partial<FindingEvent> = {}): FindingEvent => ({
  kind: "finding",
  id: "fedcba9876543210fedcba9876543210",
  at: new Date("2026-11-24T08:00:00Z"),
  object: "v1/rec/20261124T08/x",
  request: "-",
  asked: undefined,
  code: "OBJECT_REPLACED",
  severity: "invalid",
  message: "the object has a later version with other bytes",
  writer: "AROAEXAMPLEEXAMPLE123:eve",
  ...change,
});
