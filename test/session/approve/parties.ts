import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { brokenGlass } from "../../../src/access/break-glass.ts";
import { parseCatalog } from "../../../src/access/catalog/parse.ts";
import { cedarRules } from "../../../src/access/rules/decide.ts";
import { findTargets } from "../../../src/access/target.ts";
import type {
  ApprovalRules,
  Identity,
  Justification,
  Organization,
  Target,
  Trust,
} from "../../../src/access/types.ts";
import { appendRecord } from "../../../src/audit/append.ts";
import { generateKey, localSigner } from "../../../src/audit/signer.ts";
import type { Bodies, RecordType, StoredRecord } from "../../../src/audit/types.ts";
import { codeOf, JitError } from "../../../src/error.ts";
import { openCedar } from "../../../src/local/cedar.ts";
import { whoDecides } from "../../../src/session/approve/approver.ts";
import {
  type Approved,
  approveRequest,
  type DecidePorts,
  denyRequest,
} from "../../../src/session/approve/decide.ts";
import { pickUp } from "../../../src/session/approve/pick-up.ts";
import { readerOf } from "../../../src/session/approve/ports.ts";
import { reviewRequest } from "../../../src/session/approve/review.ts";
import { isOver, lookOnce } from "../../../src/session/approve/wait.ts";
import type { WaitingRequest, WaitingSecret } from "../../../src/session/approve/waiting.ts";
import { handedOver } from "../../../src/session/attempt.ts";
import { debtToSettle, settleDebt, settleEmpty } from "../../../src/session/break-glass/review-debt.ts";
import type { AccessInput } from "../../../src/session/plan.ts";
import type { AssumeRoleInput, Lock } from "../../../src/session/ports.ts";
import { type Outcome, type RequestPorts, requestAccess } from "../../../src/session/request-access.ts";
import { Secret, type Session } from "../../../src/session/types.ts";
import { MemoryChain, MemoryJournal } from "../../support/memory-chain.ts";
import { MemoryRecordStore } from "../../support/memory-record-store.ts";
import { fenceThat } from "../world.ts";

/** The code of what it fails with; `undefined` where it does not. */
export const failure = (work: Promise<unknown>) => work.then(() => undefined, codeOf);

const named = (target: string) => findTargets(organization.catalog, [target]);
const about = (what: string) => ({
  purpose: "support",
  reason: `a question about ${what}`,
  ticket: undefined,
});

/** Several people with a machine each, one bucket, Cedar as it is, and AWS's statements on their keys. */

const account = "111122223333";
const yaml = `version: 1
organization: example
audit: { bucket: example-audit, account: "444455556666", region: eu-central-1 }
groups:
  owners: { principals: ["arn:aws:iam::${account}:user/b*", "arn:aws:iam::${account}:user/c*", "arn:aws:iam::${account}:user/alice", "arn:aws:sts::${account}:assumed-role/owner/*"] }
  alone: { principals: ["arn:aws:iam::${account}:user/solo"] }
  platform: { tags: { team: [platform] } }
rules: |
  @id("platform-alone") permit(principal in Group::"platform", action == Action::"autoApprove", resource in Store::"customers");
  @id("solo-alone") permit(principal in Group::"alone", action == Action::"autoApprove", resource in Store::"customers");
  @id("all-ask") permit(principal, action == Action::"request", resource);
  @id("owners-agree") permit(principal in Group::"owners", action == Action::"approve", resource);
  @id("emergencies") permit(principal in Group::"owners", action == Action::"breakGlass", resource);
stores:
  payroll: &store
    title: Payroll
    classification: restricted
    dataCategories: [salary]
    role: arn:aws:iam::${account}:role/payroll
    issuer: approver
    approval: { quorum: 2, expires: 4h }
    breakGlass: { role: "arn:aws:iam::${account}:role/payroll-emergency", maximumDuration: 30m }
    maximumDuration: 2h
    accesses:
      read: { s3: [{ bucket: example-payroll, prefix: "", allow: [read] }] }
  customers:
    title: Customers
    classification: confidential
    dataCategories: [contact]
    role: arn:aws:iam::${account}:role/customers
    issuer: requester
    approval: { quorum: 2, expires: 4h }
    maximumDuration: 2h
    accesses:
      read: { s3: [{ bucket: example-customers, prefix: "", allow: [read] }] }
`.replace(" &store", "");

const issuer = "https://tokens.example";
const stsKey = generateKeyPairSync("ec", { namedCurve: "P-384" });
const trust: Trust = {
  v: 1,
  organization: "example",
  version: 1,
  previous: "-",
  threshold: 1,
  administrators: [],
  logKeys: [],
  witnesses: [],
  tokenIssuers: [
    {
      issuer,
      keys: [{ ...(stsKey.publicKey.export({ format: "jwk" }) as Record<string, string>), kid: "k" }],
    },
  ],
  sessionNameRoles: [],
  refusePathOnly: false,
};
export const organization: Organization = {
  fingerprint: "f".repeat(64),
  trust,
  catalog: parseCatalog(new TextEncoder().encode(yaml), "jit.yaml"),
};

const engine = Promise.resolve(openCedar());
let rules: ApprovalRules | undefined;
const sharedRules = () => (rules ??= cedarRules(() => engine, "jit.yaml", new Map()));

export const start = new Date("2026-11-24T08:16:36.250Z");

/** The bucket and the clock that all share. */
export class Town {
  time = start.getTime();
  readonly store = new MemoryRecordStore(() => this.now());
  /** Every session that STS made, with the request in its name. */
  readonly made: { readonly request: string; readonly by: string; readonly accessKeyId: string }[] = [];
  /** What STS was asked for each of them. */
  readonly assumed: AssumeRoleInput[] = [];
  now = () => new Date(this.time);

  pass(seconds: number): void {
    this.time += seconds * 1000;
  }

  user(name: string, options: Partial<PartyOptions> = {}): Party {
    const identity = {
      arn: `arn:aws:iam::${account}:user/${name}`,
      userid: `AIDA${name.toUpperCase().padEnd(16, "X")}`,
      account,
    };
    return new Party(this, { identity, attested: true, claims: {}, ...options });
  }

  /** A session of a role, with what AWS's statement says of it. */
  session(role: string, name: string, claims: Readonly<Record<string, string>>): Party {
    const identity = {
      arn: `arn:aws:sts::${account}:assumed-role/${role}/${name}`,
      userid: `AROA${role.toUpperCase().padEnd(16, "X")}:${name}`,
      account,
    };
    return new Party(this, { identity, attested: true, claims });
  }
}

interface PartyOptions {
  readonly identity: Identity;
  readonly attested: boolean;
  readonly claims: Readonly<Record<string, string>>;
}

let serial = 0;

export class Party {
  readonly town: Town;
  readonly identity: Identity;
  readonly signer = localSigner(generateKey());
  readonly chain = new MemoryChain();
  readonly journal = new MemoryJournal();
  readonly waiting = new Map<string, { waiting: WaitingRequest; secret: WaitingSecret }>();
  /** Codes that the next calls of AssumeRole fail with. */
  readonly assumeFaults: string[] = [];
  readonly sessions: Session[] = [];
  readonly #options: PartyOptions;
  #last: Promise<unknown> = Promise.resolve();

  constructor(town: Town, options: PartyOptions) {
    this.town = town;
    this.identity = options.identity;
    this.#options = options;
  }

  get ports(): RequestPorts & DecidePorts {
    const clock = { now: this.town.now };
    const records = {
      store: this.town.store,
      chain: this.chain,
      signer: this.signer,
      clock,
      random: { bytes: (count: number) => seeded(count) },
      writer: {
        log: organization.fingerprint,
        by: this.identity,
        client: "jit/0.1.0",
        catalog: organization.catalog.digest,
        seen: "-" as const,
      },
      statement: async (audience: string) => (this.#options.attested ? this.#statement(audience) : undefined),
      journal: this.journal,
    };
    const tokens = { assumeRole: (input: AssumeRoleInput) => this.#assume(input) };
    const shared = { rules: sharedRules(), clock, store: this.town.store, organization };
    const issue = { records, journal: this.journal, tokens, rules: shared.rules, cache: this.#cache };
    const lock: Lock = {
      hold: (_name, work) => {
        const turn = this.#last.then(() => work(fenceThat()));
        this.#last = turn.catch(() => undefined);
        return turn;
      },
    };
    const keep = async (of: Omit<WaitingRequest, "name" | "inputs">, secret: WaitingSecret) => {
      this.waiting.set(of.request, { waiting: { ...of, name: "n", inputs: "i" }, secret });
    };
    const read = { read: async () => "absent" as const };
    const ports = { ...shared, ...issue, reasons: undefined, waiting: { keep }, bucket: this.town.store };
    return { ...ports, issue, lock, reader: readerOf({ ...shared, reasons: read }) } as never;
  }

  readonly #cache = {
    list: async () => this.sessions.map((session, index) => ({ name: `${index}`, session })),
  };

  async asks(target = "payroll:read", duration = 1800): Promise<string> {
    const outcome = await this.#asks(named(target), duration, about("pay"));
    if (outcome.kind !== "pending") throw new Error(outcome.kind);
    return outcome.request;
  }

  /** Whatever comes of asking: for now, for a window, in another request's place. */
  async asksFor(
    target: string,
    duration: number,
    more: {
      notBefore?: Date;
      claimed?: Readonly<Record<string, string>>;
    } = {},
  ): Promise<Outcome> {
    const { notBefore, claimed = {} } = more;
    const circumstances = { attested: {}, claimed };
    return await this.#asks(named(target), duration, about("an order"), { circumstances, notBefore });
  }

  /** Opens the payroll in an emergency. */
  async breaksGlass(): Promise<Session> {
    const targets = brokenGlass(named("payroll:read"));
    const justification = { purpose: "incident", reason: "the payroll run fails", ticket: undefined };
    const outcome = await this.#asks(targets, 1800, justification);
    if (outcome.kind !== "granted") throw new Error(outcome.kind);
    return outcome.session;
  }

  /** A session that comes of it is kept as `jit` keeps it. */
  async #asks(
    targets: readonly Target[],
    duration: number,
    justification: Justification,
    more: Pick<Partial<AccessInput>, "circumstances" | "notBefore"> = {},
  ): Promise<Outcome> {
    const input = {
      organization,
      identity: this.identity,
      targets,
      duration,
      justification,
      circumstances: { attested: {}, claimed: {} },
      inheritedSourceIdentity: undefined,
      ...more,
    };
    const outcome = await requestAccess(this.ports, input, fenceThat());
    if (outcome.kind === "granted") {
      this.sessions.push(outcome.session);
      await handedOver(this.ports, outcome.session);
    }
    return outcome;
  }

  async settles(request: string): Promise<void> {
    const catalogOf = async () => organization.catalog;
    const ports = { ...this.ports, bucket: this.town.store, catalogOf };
    const self = await whoDecides({ records: ports.records, reader: ports.reader }, trust.sessionNameRoles);
    const found = await debtToSettle(ports, self, request);
    if (found.kind === "empty") return await settleEmpty(ports, found);
    await settleDebt(ports, found, { verdict: "justified", comment: "it had failed" });
  }

  async looks(request: string) {
    const ports = this.ports;
    const self = await whoDecides({ records: ports.records, reader: ports.reader }, trust.sessionNameRoles);
    return { ports, self, review: await reviewRequest(ports, self, request, ports.reader) };
  }

  async approves(request: string): Promise<Approved> {
    const { ports, self, review } = await this.looks(request);
    return await approveRequest(ports, { self, review, comment: "", inheritedSourceIdentity: undefined });
  }

  async denies(request: string): Promise<void> {
    const { ports, self, review } = await this.looks(request);
    await denyRequest(ports, { self, review, comment: "no", inheritedSourceIdentity: undefined });
  }

  /** The session of a waiting request, or how it stands. */
  async picksUp(request: string): Promise<Session | string> {
    const kept = this.waiting.get(request);
    if (kept === undefined) return "not ours";
    const { ports } = this;
    const seen = await lookOnce({ ...ports, reasons: { read: async () => kept.secret } }, kept.waiting);
    if (seen === undefined || !isOver(seen)) return "open";
    const { state } = seen.standing;
    if (state !== "issued" && state !== "approved") return state;
    const input = { ...kept, ...seen, inheritedSourceIdentity: undefined };
    const { session } = await pickUp(ports, input, fenceThat());
    this.sessions.push(session);
    await handedOver(ports, session);
    this.waiting.delete(request);
    return session;
  }

  /** A request record by a client of the party's own, whatever anybody makes of it. */
  async records(target: string, reason: Bodies["request"]["reason"]): Promise<string> {
    const body = {
      targets: [target],
      role: `arn:aws:iam::${account}:role/${target.split(":")[0]}`,
      issuer: "requester",
      duration: 1800,
      purpose: "support",
      reason,
      ticket: "-" as const,
      attested: {},
      claimed: {},
      sealTo: "-" as const,
    };
    const stored = await appendRecord(this.ports.records, { type: "request", body: () => body });
    return stored.record.request;
  }

  /** Any record at all, signed with this party's key under its own prefix. */
  writes<T extends RecordType>(type: T, request: string, body: Bodies[T]): Promise<StoredRecord<T>> {
    return appendRecord(this.ports.records, { type, request, body: () => body });
  }

  async #assume(input: AssumeRoleInput) {
    const fault = this.assumeFaults.shift();
    if (fault !== undefined && fault !== "STS_REPLY_LOST") throw new JitError(fault, "as the test says");
    serial += 1;
    const accessKeyId = `ASIA${String(serial).padStart(16, "0")}`;
    this.town.assumed.push(input);
    this.town.made.push({
      request: input.sessionName.slice(4),
      by: this.identity.userid,
      accessKeyId,
    });
    if (fault !== undefined) throw new JitError(fault, "as the test says");
    return {
      credentials: {
        accessKeyId,
        secretAccessKey: new Secret(`secret-${serial}`),
        sessionToken: new Secret(`token-${serial}`),
        expiration: new Date(this.town.time + input.durationSeconds * 1000),
      },
      assumedRoleId: `AROAEXAMPLEEXAMPLE00:${input.sessionName}`,
      assumedRoleArn: `arn:aws:sts::${account}:assumed-role/payroll/${input.sessionName}`,
      packedPolicySize: 10,
    };
  }

  #statement(audience: string): string {
    const { arn } = this.identity;
    const role = /assumed-role\/([^/]+)\//.exec(arn)?.[1];
    const principal = role === undefined ? arn : `arn:aws:iam::${account}:role/${role}`;
    const iat = Math.floor(this.town.time / 1000);
    const head = b64({ alg: "ES384", kid: "k" });
    const body = b64({
      iss: issuer,
      sub: principal,
      aud: audience,
      iat,
      exp: iat + 3600,
      "https://sts.amazonaws.com/": {
        aws_account: account,
        principal_id: principal,
        ...this.#options.claims,
      },
    });
    const key = { key: stsKey.privateKey, dsaEncoding: "ieee-p1363" as const };
    return `${head}.${body}.${sign("sha384", Buffer.from(`${head}.${body}`), key).toString("base64url")}`;
  }
}

function b64(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function seeded(count: number): Uint8Array {
  serial += 1;
  return new Uint8Array(createHash("sha512").update(`random ${serial}`).digest().subarray(0, count));
}
