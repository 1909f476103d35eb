import { generateKeyPairSync, sign } from "node:crypto";
import { parseCatalog } from "../../../src/access/catalog/parse.ts";
import { sha256Hex } from "../../../src/access/digest.ts";
import { believe } from "../../../src/access/load.ts";
import { compileSessionPolicy } from "../../../src/access/policy/compile.ts";
import { findTargets } from "../../../src/access/target.ts";
import { signCatalog } from "../../../src/access/trust/catalog-file.ts";
import {
  addTrustSignature,
  makeTrust,
  signTrust,
  trustDigest,
} from "../../../src/access/trust/trust-file.ts";
import { formatVerifierKey } from "../../../src/access/trust/verifier-key.ts";
import type { Trust } from "../../../src/access/types.ts";
import { archivedCatalogs } from "../../../src/audit/archived-catalogs.ts";
import type { Finding } from "../../../src/audit/finding.ts";
import { mirrorLog } from "../../../src/audit/mirror/copy.ts";
import { openMirror } from "../../../src/audit/mirror/open.ts";
import type { TreeHead } from "../../../src/audit/tree/checkpoint.ts";
import { treeKeysOf } from "../../../src/audit/tree/keys.ts";
import { seal } from "../../../src/audit/tree/seal.ts";
import { SealedLog } from "../../../src/audit/tree/sealed-log.ts";
import { newestCheckpoint } from "../../../src/audit/tree/stored.ts";
import { witness as cosign } from "../../../src/audit/tree/witness.ts";
import type { IssueBody, StoredRecord } from "../../../src/audit/types.ts";
import { verifyLog } from "../../../src/audit/verify.ts";
import { codeOf } from "../../../src/error.ts";
import { ada, bob as bea, type TestKey } from "../../access/trust/keys.ts";
import { MemoryFolder } from "../../support/memory-folder.ts";
import { MemoryRecordStore } from "../../support/memory-record-store.ts";
import { log, sealPorts, witness } from "../tree/sealing.ts";
import { issueBody, StandingClock, type TestWriter, testWriter } from "../writer.ts";

/** A whole organization with a sealed, cosigned log, copied and verified as an auditor does who has its fingerprint alone. */

export const issuer = "https://abc123.tokens.sts.global.api.aws";
const issuerKey = generateKeyPairSync("ec", { namedCurve: "P-384" });
const role = "arn:aws:iam::444455556666:role/jit-customers";

const yamlOf = (version: number) =>
  Buffer.from(`version: ${version}
organization: example
audit: { bucket: example-audit, account: "111122223333", region: eu-central-1 }
stores:
  customers:
    title: Customers
    classification: confidential
    dataCategories: [contact]
    role: ${role}
    issuer: requester
    maximumDuration: 1h
    approval:
      quorum: 1
      approvers: ["arn:aws:sts::111111111111:assumed-role/Developer/bob"]
    accesses:
      read:
        s3: [{ bucket: example-customers, prefixes: [customers/], allow: [read] }]
`);

const contentOf = (admin: TestKey): Parameters<typeof makeTrust>[0] => ({
  organization: "example",
  threshold: 1,
  administrators: [{ name: "admin", key: admin.publicKey }],
  logKeys: [formatVerifierKey(log.key)],
  witnesses: [formatVerifierKey(witness.key)],
  tokenIssuers: [
    {
      issuer,
      keys: [{ ...issuerKey.publicKey.export({ format: "jwk" }), kid: "k" } as Record<string, string>],
    },
  ],
});
const firstTrust = makeTrust(contentOf(ada));
const fingerprint = trustDigest(firstTrust);

/** AWS's statement whose key it is. */
function statementOf(name: string, at: Date): (audience: string) => Promise<string> {
  return async (aud) => {
    const seconds = Math.floor(at.getTime() / 1000);
    const claims = {
      aws_account: "111111111111",
      principal_id: "arn:aws:iam::111111111111:role/Developer",
      source_identity: name,
    };
    const body = {
      iss: issuer,
      aud,
      sub: claims.principal_id,
      iat: seconds - 10,
      exp: seconds + 890,
      "https://sts.amazonaws.com/": claims,
    };
    return signToken(body);
  };
}

/** A JWT by the issuer that the trust file names. */
export function signToken(claims: object, head: object = { alg: "ES384", kid: "k", typ: "JWT" }): string {
  const b64 = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const input = `${b64(head)}.${b64(claims)}`;
  const key = { key: issuerKey.privateKey, dsaEncoding: "ieee-p1363" } as const;
  return `${input}.${sign("sha384", Buffer.from(input), key).toString("base64url")}`;
}

export class World {
  readonly clock = new StandingClock();
  readonly store = new MemoryRecordStore(() => this.clock.now());
  /** What this auditor has seen of the organization before. */
  seen = { trust: 0, catalog: 0 };
  /** The checkpoint that this auditor verified last. */
  since: TreeHead | undefined;
  readonly people: Record<"alice" | "bob" | "carol", TestWriter>;
  trust: Trust = firstTrust;
  #digest = "";

  private constructor() {
    const writer = (name: string, algorithm: "Ed25519" | "ES256" = "Ed25519") => {
      const statement = statementOf(name, this.clock.now());
      const made = testWriter(this.store, name, { clock: this.clock, algorithm, statement });
      Object.assign(made.writer, { log: fingerprint });
      return made;
    };
    this.people = { alice: writer("alice"), bob: writer("bob"), carol: writer("carol", "ES256") };
  }

  /** Two requests with a session each, the first with bob's approval, sealed and cosigned; a third that is sealed alone. */
  static async make(): Promise<World & { readonly records: Records }> {
    const world = new World();
    const { alice, bob, carol } = world.people;
    world.store.put("v1/trust/1.json", await signTrust(firstTrust, ada));
    await world.publish(1, ada);
    const asked = await world.ask(alice);
    const approval = await bob.append({
      type: "approval",
      request: asked.record.id,
      body: () => ({ requestHash: asked.sha256, comment: "-" }),
    });
    world.clock.pass(5);
    const issue = await world.issue(alice, asked, [approval.sha256]);
    const other = await world.ask(carol);
    const byCarol = await world.issue(carol, other);
    await world.seal();
    await world.cosign();
    world.clock.pass(60);
    const last = await world.ask(alice);
    await world.seal();
    world.clock.pass(60);
    return Object.assign(world, { records: { asked, approval, issue, other, byCarol, last } });
  }

  async ask(who: TestWriter): Promise<StoredRecord<"request">> {
    return await who.request({ role, targets: ["customers:read"] });
  }

  /** A session with the very policy that the catalog gives. */
  async issue(
    who: TestWriter,
    asked: StoredRecord<"request">,
    decisions: readonly string[] = [],
  ): Promise<StoredRecord<"issue">> {
    const body: IssueBody = issueBody(asked, this.clock.now());
    const catalog = parseCatalog(yamlOf(1), "jit.yaml");
    const targets = findTargets(catalog, asked.record.targets);
    const policy = compileSessionPolicy({ targets, notAfter: new Date(body.notAfter) }).text;
    const given = { policy, policySha256: sha256Hex(Buffer.from(policy)), decisions: [...decisions] };
    return await who.issue(asked, given);
  }

  async publish(version: number, by: TestKey): Promise<void> {
    const signed = await signCatalog(yamlOf(version), by);
    this.#digest = parseCatalog(yamlOf(version), "jit.yaml").digest;
    await this.store.create(`v1/catalog/${this.#digest}.jws`, signed);
    await this.store.replace("v1/catalog/current.jws", signed);
    for (const who of Object.values(this.people)) Object.assign(who.writer, { catalog: this.#digest });
    this.seen = { ...this.seen, catalog: version };
  }

  /** The next trust file, signed by both; the administrator of the first goes. */
  async renewTrust(change: Partial<Trust> = {}): Promise<void> {
    this.trust = makeTrust({ ...contentOf(bea), ...change }, firstTrust);
    const file = await addTrustSignature(await signTrust(this.trust, bea), ada);
    this.store.put("v1/trust/2.json", file);
    this.seen = { ...this.seen, trust: 2 };
    this.clock.pass(1);
    await this.publish(2, bea);
  }

  async seal(): Promise<void> {
    await seal(sealPorts(this.store, this.clock));
  }

  async cosign(): Promise<void> {
    const { store, clock } = this;
    const memory = { read: async () => undefined, write: async () => undefined };
    await cosign({ store, clock, signer: witness.signer, key: witness.key, logKeys: [log.key], memory });
  }

  /** The newest checkpoint, as a client or auditor remembers it. */
  async head(): Promise<TreeHead & { readonly seen: { size: number; root: string } }> {
    const head = await newestCheckpoint(this.store, [log.key]);
    if (head === undefined) throw new Error("no checkpoint");
    return { ...head, seen: { size: head.size, root: Buffer.from(head.root).toString("base64") } };
  }

  /** All findings' codes as `jit audit verify --mirror` has them, or the code of what it refuses to begin with. */
  async codes(): Promise<readonly string[]> {
    return codesOf(await this.judge());
  }

  /** A copy, and what `jit audit verify --mirror` says of it. */
  async judge(): Promise<Judged> {
    const folder = new MemoryFolder();
    await mirrorLog(this.store, folder);
    const copy = openMirror(folder);
    const trustFiles: Uint8Array[] = [];
    for (let n = 1; ; n++) {
      const file = await copy.read(`v1/trust/${n}.json`);
      if (file === undefined) break;
      trustFiles.push(file);
    }
    try {
      const organization = await believe({
        trustFiles,
        catalog: { signed: await copy.readCurrent("v1/catalog/current.jws"), yaml: undefined },
        fingerprint,
        seen: this.seen,
        allowUnsigned: false,
        source: "the mirror",
      });
      const catalogOf = archivedCatalogs(copy, organization);
      const { findings } = await verifyLog(copy, {
        log: fingerprint,
        trust: organization.trust,
        catalogOf,
        knowsCatalog: async (digest) => (await catalogOf(digest)) !== undefined,
        approvals: {},
        sealed: await SealedLog.open(copy, treeKeysOf(organization.trust), this.since),
      });
      return { folder, fingerprint, findings };
    } catch (error) {
      const code = codeOf(error);
      if (code === undefined) throw error;
      return { folder, fingerprint, error: code };
    }
  }
}

export interface Judged {
  readonly folder: MemoryFolder;
  readonly fingerprint: string;
  readonly findings?: readonly Finding[];
  /** Code of what it refused to begin with. */
  readonly error?: string;
}

export function codesOf({ findings = [], error }: Judged): readonly string[] {
  return error === undefined ? [...new Set(findings.map(({ code }) => code))].sort() : [error];
}

export interface Records {
  readonly asked: StoredRecord<"request">;
  readonly approval: StoredRecord<"approval">;
  readonly issue: StoredRecord<"issue">;
  readonly other: StoredRecord<"request">;
  readonly byCarol: StoredRecord<"issue">;
  readonly last: StoredRecord<"request">;
}
