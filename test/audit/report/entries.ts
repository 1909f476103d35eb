import type { Identity } from "../../../src/access/types.ts";
import type { AskedFacts } from "../../../src/audit/log/asked.ts";
import type { Answer, LogEntry } from "../../../src/audit/log/entry.ts";

/** Entries of a log as its reader gives them, with as much said as a test needs. */

export function identity(name: string): Identity {
  return {
    arn: `arn:aws:sts::111111111111:assumed-role/Developer/${name}`,
    userid: `AROAEXAMPLEEXAMPLE123:${name}`,
    account: "111111111111",
  };
}

const act = (name: string, at: string) => ({
  at,
  by: identity(name),
  grade: "attested" as const,
  sha256: "0".repeat(64),
});

export function answer(verdict: Answer["verdict"], by: string, at: string, counts = true): Answer {
  return { ...act(by, at), verdict, counts };
}

/** @param minutes how long the session lasts */
export function session(at: string, minutes = 30) {
  const notAfter = `${new Date(Date.parse(at) + minutes * 60_000).toISOString().slice(0, 19)}Z`;
  return { ...act("alice", at), accessKeyId: "ASIAEXAMPLE000000000", notAfter, isRenewal: false };
}

export function ended(at: string) {
  return { ...act("alice", at), outcome: "completed" as const, exitCode: 0, seconds: 3 };
}

export function revoked(by: string, at: string, reason = "lost laptop") {
  return { ...act(by, at), reason };
}

export function reviewed(by: string, at: string, verdict: "justified" | "unjustified" = "justified") {
  return { ...act(by, at), verdict };
}

let made = 0;

export function entry(at: string, change: Partial<LogEntry> = {}, asked: Partial<AskedFacts> = {}): LogEntry {
  made += 1;
  const by = asked.by ?? identity("alice");
  return {
    request: `01M86A1MWT${String(made).padStart(16, "0")}`,
    at: new Date(at),
    userid: by.userid,
    grade: "attested",
    personIds: [],
    outcome: "granted",
    answers: [],
    sessions: [],
    ends: [],
    revocations: [],
    reviews: [],
    aborts: [],
    records: [],
    problems: [],
    notices: [],
    asked: {
      by,
      targets: ["customers:read"],
      stores: [{ name: "customers", classification: "restricted", dataCategories: ["name", "email"] }],
      role: "arn:aws:iam::222222222222:role/jit-customers-read",
      issuer: "requester",
      duration: 1800,
      purpose: "support",
      texts: { state: "kept", reason: "Customer cannot log in" },
      breakGlass: false,
      attested: {},
      claimed: {},
      closesAt: undefined,
      ...asked,
    },
    ...change,
  };
}
