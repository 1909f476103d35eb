import { createHash } from "node:crypto";
import { type AppendPorts, appendRecord, type Draft } from "../../src/audit/append.ts";
import type { Clock, Random, Signer } from "../../src/audit/ports.ts";
import { generateKey, localSigner } from "../../src/audit/signer.ts";
import type { Bodies, IssueBody, RecordType, RequestBody, StoredRecord } from "../../src/audit/types.ts";
import { MemoryChain, MemoryJournal } from "../support/memory-chain.ts";
import type { MemoryRecordStore } from "../support/memory-record-store.ts";

export const log = "ab".repeat(32);
export const catalog = "cd".repeat(32);
export const start = new Date("2026-11-24T08:16:36.250Z");
export const storeRole = "arn:aws:iam::222222222222:role/jit-customers-read";

/** Bytes that are the same in every run. */
export function seededRandom(seed: string): Random {
  let turn = 0;
  return {
    bytes: (count) => {
      const chunks: Buffer[] = [];
      for (let have = 0; have < count; have += 32) {
        chunks.push(createHash("sha256").update(`${seed} ${turn++}`).digest());
      }
      return new Uint8Array(Buffer.concat(chunks).subarray(0, count));
    },
  };
}

/** A clock that stands until it is moved. */
export class StandingClock implements Clock {
  time: Date;
  constructor(time = start) {
    this.time = time;
  }
  now(): Date {
    return this.time;
  }
  pass(seconds: number): void {
    this.time = new Date(this.time.getTime() + seconds * 1000);
  }
}

export interface TestWriter extends AppendPorts {
  readonly store: MemoryRecordStore;
  readonly chain: MemoryChain;
  readonly journal: MemoryJournal;
  readonly clock: StandingClock;
  append<T extends RecordType>(draft: Draft<T>): Promise<StoredRecord<T>>;
  request(change?: Partial<RequestBody>): Promise<StoredRecord<"request">>;
  issue(request: StoredRecord<"request">, change?: Partial<IssueBody>): Promise<StoredRecord<"issue">>;
}

/** A writer whose key and nonces follow from its name. */
export function testWriter(
  store: MemoryRecordStore,
  name: string,
  options: {
    clock?: StandingClock;
    algorithm?: "Ed25519" | "ES256";
    statement?: AppendPorts["statement"];
  } = {},
): TestWriter {
  const random = seededRandom(name);
  const signer: Signer = localSigner(generateKey(options.algorithm ?? "Ed25519", random));
  const ports = {
    store,
    chain: new MemoryChain(),
    journal: new MemoryJournal(),
    signer,
    clock: options.clock ?? new StandingClock(),
    random,
    writer: { log, by: identityOf(name), client: "jit/0.1.0", catalog, seen: "-" as const },
    statement: options.statement ?? (async () => undefined),
  };
  const append = <T extends RecordType>(draft: Draft<T>) => appendRecord<T>(ports, draft);
  return {
    ...ports,
    append,
    request: (change = {}) => append({ type: "request", body: () => ({ ...requestBody, ...change }) }),
    issue: (request, change = {}) => {
      const body = { ...issueBody(request, ports.clock.now()), ...change };
      return append({ type: "issue", request: request.record.id, body: () => body });
    },
  };
}

export function identityOf(name: string) {
  return {
    arn: `arn:aws:sts::111111111111:assumed-role/Developer/${name}`,
    userid: `AROAEXAMPLEEXAMPLE123:${name}`,
    account: "111111111111",
  };
}

export const requestBody: Bodies["request"] = {
  targets: ["customers:read"],
  role: storeRole,
  issuer: "requester",
  duration: 1800,
  purpose: "incident",
  reason: { text: "Order 1042 shows the wrong address" },
  ticket: { text: "OPS-7" },
  attested: {},
  claimed: { host: "laptop" },
  sealTo: "-",
};

/** What a client writes that issues for itself at `now`. */
export function issueBody(request: StoredRecord<"request">, now: Date): Bodies["issue"] {
  const { id, duration } = request.record;
  const second = Math.floor(now.getTime() / 1000) * 1000;
  const policy = '{"Version":"2012-10-17","Statement":[]}';
  return {
    requestHash: request.sha256,
    decisions: [],
    renews: "-",
    role: request.record.role,
    sessionName: `jit-${id}`,
    sourceIdentity: "alice",
    tags: { "jit:request": id, "jit:access": request.record.targets.join(" ") },
    accessKeyId: `ASIA${createHash("sha256").update(`${id}${second}`).digest("hex").slice(0, 16).toUpperCase()}`,
    assumedRoleId: `AROASTOREROLE00000001:jit-${id}`,
    durationSeconds: duration,
    expiration: time(new Date(second + duration * 1000)),
    notAfter: time(new Date(second + duration * 1000)),
    policy,
    policySha256: createHash("sha256").update(policy).digest("hex"),
    packed: 4,
    sealed: "-",
  };
}

export function time(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
