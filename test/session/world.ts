import type {
  Catalog,
  Decision,
  Identity,
  Organization,
  Rules,
  Store,
  Target,
} from "../../src/access/types.ts";
import { open } from "../../src/audit/envelope.ts";
import { generateKey, localSigner } from "../../src/audit/signer.ts";
import type { AuditRecord } from "../../src/audit/types.ts";
import { JitError } from "../../src/error.ts";
import type { AccessInput } from "../../src/session/plan.ts";
import type { Fence } from "../../src/session/ports.ts";
import type { RequestPorts } from "../../src/session/request-access.ts";
import { MemoryChain, MemoryJournal } from "../support/memory-chain.ts";
import { MemoryRecordStore } from "../support/memory-record-store.ts";
import { ScriptedTokenService } from "../support/scripted-token-service.ts";
import { alice, start } from "./sessions.ts";

function store(name: string, change: Partial<Store> = {}): Store {
  const access = (of: string) => ({
    name: of,
    title: undefined,
    maximumDuration: undefined,
    grants: [{ kind: "s3" as const, bucket: `${name}-bucket`, prefixes: [""], allow: ["read" as const] }],
  });
  return {
    name,
    title: name,
    classification: "confidential",
    dataCategories: ["contact"],
    owner: undefined,
    role: "arn:aws:iam::444455556666:role/customers",
    region: "eu-central-1",
    issuer: "requester",
    networks: { cidrs: [], vpcEndpoints: [], vpcs: [] },
    maximumDuration: 8 * 3600,
    lease: undefined,
    approval: { quorum: 1, expires: 8 * 3600, approvers: [] },
    accesses: new Map(["read", "export"].map((of) => [of, access(of)])),
    ...change,
  };
}

export function organizationOf(change: Partial<Catalog> = {}): Organization {
  const stores = [
    store("customers", { lease: 600 }),
    store("orders", { lease: 300 }),
    store("approved", { issuer: "approver" }),
    store("brokered", { issuer: "broker" }),
    store("elsewhere", { role: "arn:aws:iam::444455556666:role/elsewhere" }),
  ];
  return {
    fingerprint: "f".repeat(64),
    trust: undefined,
    catalog: {
      digest: "c".repeat(64),
      version: 1,
      organization: "Example",
      audit: { bucket: "audit", account: "999900001111", region: "eu-central-1", reasons: undefined },
      endpoints: [],
      justification: {
        purposes: new Map(),
        minimumLength: 1,
        ticket: { required: false, pattern: undefined, example: undefined },
      },
      defaults: { duration: 1800, region: undefined, purpose: undefined },
      stores: new Map(stores.map((one) => [one.name, one])),
      ...change,
    },
  };
}

export function targetOf(organization: Organization, name: string): Target {
  const [storeName = "", accessName = ""] = name.split(":");
  const found = organization.catalog.stores.get(storeName);
  const access = found?.accesses.get(accessName);
  if (found === undefined || access === undefined) throw new Error(`no ${name}`);
  return { store: found, access };
}

/** A fence that lets `passes` checks pass, and then says that the lock is lost. */
export function fenceThat(passes = Number.POSITIVE_INFINITY): Fence {
  let left = passes;
  return {
    check() {
      left -= 1;
      if (left < 0) throw new JitError("LOCK_LOST", "as the test says");
    },
  };
}

/** One writer with its bucket, chain and journal in memory; time moves by `tick` alone. */
export class World {
  readonly store: MemoryRecordStore;
  readonly chain = new MemoryChain();
  readonly journal = new MemoryJournal();
  readonly tokens: ScriptedTokenService;
  readonly organization: Organization;
  readonly identity: Identity;
  readonly signer = localSigner(generateKey());
  decision: Decision = { kind: "granted", by: "catalog" };
  #time = start.getTime();
  #bytes = 0;

  constructor(options: { organization?: Organization; identity?: Identity } = {}) {
    this.organization = options.organization ?? organizationOf();
    this.identity = options.identity ?? alice;
    this.store = new MemoryRecordStore(() => this.now());
    this.tokens = new ScriptedTokenService(this.identity, () => this.now());
  }

  now(): Date {
    return new Date(this.#time);
  }

  tick(seconds: number): void {
    this.#time += seconds * 1000;
  }

  get ports(): RequestPorts {
    const rules: Rules = { decide: async () => this.decision };
    const clock = { now: () => this.now() };
    const bytes = (count: number) => {
      this.#bytes += 1;
      return new Uint8Array(count).fill(this.#bytes % 256);
    };
    return {
      records: {
        store: this.store,
        chain: this.chain,
        signer: this.signer,
        clock,
        random: { bytes },
        writer: {
          log: this.organization.fingerprint,
          by: this.identity,
          client: "jit/0.1.0",
          catalog: this.organization.catalog.digest,
          seen: "-",
        },
        statement: async () => undefined,
        journal: this.journal,
      },
      journal: this.journal,
      tokens: this.tokens,
      rules,
      reasons: undefined,
    };
  }

  input(change: Partial<AccessInput> & { names?: readonly string[] } = {}): AccessInput {
    const { names = ["customers:read"], ...rest } = change;
    return {
      organization: this.organization,
      identity: this.identity,
      targets: names.map((name) => targetOf(this.organization, name)),
      duration: 1800,
      justification: { purpose: "support", reason: "a customer cannot log in", ticket: "T-1" },
      circumstances: { attested: {}, claimed: { host: "laptop" } },
      inheritedSourceIdentity: undefined,
      ...rest,
    };
  }

  /** The records of the bucket in the order of the chain, the enrolment left out. Each signature is verified. */
  records(): readonly AuditRecord[] {
    const records = [...this.store.objects.values()].map(([version]) => {
      const opened = open(version?.bytes ?? new Uint8Array(), () => this.signer.publicKey);
      if (!opened.ok) throw new Error(opened.code);
      return opened.record;
    });
    return records.sort((a, b) => a.n - b.n).filter(({ type }) => type !== "enrol");
  }

  /** `type` of each record, an abort with its step and code. */
  story(): readonly string[] {
    return this.records().map((record) =>
      record.type === "abort" ? `abort ${record.step} ${record.code}` : record.type,
    );
  }
}
