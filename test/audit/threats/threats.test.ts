import { beforeEach, describe, expect, test } from "vitest";
import { decodeBase64url, encodeBase64url } from "../../../src/access/base64url.ts";
import { canonicalJson } from "../../../src/access/canonical.ts";
import { formatKey, parseKey, type RecordKey } from "../../../src/audit/key.ts";
import { hourOf } from "../../../src/audit/time.ts";
import { readBatch, writeBatch } from "../../../src/audit/tree/batch.ts";
import type { Leaf } from "../../../src/audit/tree/leaf.ts";
import {
  batchName,
  checkpointName,
  cosignatureName,
  keptCheckpoint,
  tileName,
  treePrefix,
} from "../../../src/audit/tree/places.ts";
import type { AuditRecord, StoredRecord } from "../../../src/audit/types.ts";
import { ada, mallory } from "../../access/trust/keys.ts";
import { expectAgreement, hasSecondVerifier } from "../../second/second-verifier.ts";
import { MemoryRecordStore } from "../../support/memory-record-store.ts";
import { witness } from "../tree/sealing.ts";
import { issueBody, StandingClock, type TestWriter, testWriter, time } from "../writer.ts";
import { codesOf, type Judged, World } from "./world.ts";

/**
 * Every attack of docs/threats.md on the log itself: a sound log, one change, and the codes that an auditor gets who has a copy and
 * the organization's fingerprint.
 */

type Made = Awaited<ReturnType<typeof World.make>>;
let world: Made;
const judged = new Map<string, Judged>();
beforeEach(async () => {
  world = await World.make();
});

test("a sound log has no findings, nor has one that goes on under another trust file", async () => {
  expect(await world.codes()).toEqual([]);
  await world.renewTrust();
  await world.issue(world.people.alice, await world.ask(world.people.alice));
  await world.seal();
  expect(await world.codes()).toEqual([]);
});

test("nor has what is new of it, whatever the record before belongs to", async () => {
  const { alice, bob } = world.people;
  await world.issue(alice, await world.ask(alice));
  await world.seal();
  world.since = await world.head();
  for (const who of [alice, bob]) await world.issue(who, await world.ask(who));
  await world.cosign();
  expect(await world.codes()).toEqual([]);
});

type Attack = readonly [name: string, attack: (world: Made) => unknown, codes: readonly string[]];

const flip = (bytes: Uint8Array, at: number) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString();

/** A record with another signature. */
function resigned(bytes: Uint8Array, change: (signature: Uint8Array) => Uint8Array): Uint8Array {
  const { payload, protected: head, signature } = JSON.parse(textOf(bytes));
  return canonicalJson({
    payload,
    protected: head,
    signature: encodeBase64url(change(decodeBase64url(signature))),
  });
}

/** (r, n − s): verifies wherever (r, s) does. */
function twin(signature: Uint8Array): Uint8Array {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).toString("hex")}`);
  return Buffer.concat([
    signature.subarray(0, 32),
    Buffer.from((order - s).toString(16).padStart(64, "0"), "hex"),
  ]);
}

/** Sets one of the bits of the last character of a base64url text that carry nothing. */
function otherTail(bytes: Uint8Array): Uint8Array {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return Buffer.from(
    textOf(bytes).replace(/(.)"}$/, (_, last: string) => `${alphabet[alphabet.indexOf(last) ^ 1]}"}`),
  );
}

function move({ store }: World, stored: StoredRecord, part: Partial<RecordKey>): void {
  store.erase(stored.key);
  store.put(formatKey({ ...parseKey(stored.key), ...part }), stored.bytes);
}

const rebatch = ({ store }: World, first: number, change: (leaves: Leaf[]) => unknown) =>
  store.spoil(batchName(first), (bytes) => {
    const leaves = (readBatch(bytes) ?? []).map(({ leaf }) => leaf);
    change(leaves);
    return writeBatch(leaves);
  });

function arrived({ store }: World, name: string, at: Date): void {
  store.objects.set(
    name,
    (store.objects.get(name) ?? []).map((version) => ({ ...version, lastModified: at })),
  );
}

/** What a writer's own key signs, without any check of ours. */
async function forge(world: World, by: TestWriter, record: AuditRecord): Promise<void> {
  const header = encodeBase64url(
    canonicalJson({ alg: by.signer.algorithm, kid: by.signer.thumbprint, typ: "jit-record+jws" }),
  );
  const payload = encodeBase64url(canonicalJson(record));
  const signature = encodeBase64url(await by.signer.sign(Buffer.from(`${header}.${payload}`)));
  const { request, n, type, at, by: who } = record;
  const name = { hour: hourOf(at), request, userid: who.userid, n, type };
  world.store.put(
    formatKey({ ...name, thumbprint: by.signer.thumbprint }),
    canonicalJson({ payload, protected: header, signature }),
  );
}

/** Everything from some moment on is undone: batch, tiles, checkpoint. */
function cutTree({ store }: World, from: number): void {
  for (const name of [batchName(from), keptCheckpoint(from + 1), checkpointName]) store.erase(name);
}

const alteration: readonly Attack[] = [
  [
    "a bit of a signature is changed",
    ({ store, records }) => store.spoil(records.issue.key, (b) => resigned(b, (s) => flip(s, 9))),
    ["SEALED_CHANGED", "SIGNATURE_INVALID"],
  ],
  [
    "a word of a record is changed",
    ({ store, records }) =>
      store.spoil(records.asked.key, (b) => {
        const { payload, ...rest } = JSON.parse(textOf(b));
        const other = Buffer.from(decodeBase64url(payload)).toString().replace("incident", "incidenT");
        return canonicalJson({ ...rest, payload: encodeBase64url(Buffer.from(other)) });
      }),
    ["REQUEST_MISSING", "SEALED_CHANGED", "SIGNATURE_INVALID"],
  ],
  [
    "an ES256 signature's s becomes n − s",
    ({ store, records }) => store.spoil(records.byCarol.key, (b) => resigned(b, twin)),
    ["SEALED_CHANGED", "SIGNATURE_HIGH_S"],
  ],
  [
    "a bit that carries nothing, of base64url's last character",
    ({ store, records }) => store.spoil(records.last.key, otherTail),
    ["ENVELOPE_ENCODING", "SEALED_CHANGED"],
  ],
  [
    "white space",
    ({ store, records }) => store.spoil(records.last.key, (b) => Buffer.concat([b, Buffer.from("\n")])),
    ["ENVELOPE_SHAPE", "SEALED_CHANGED"],
  ],
  [
    "two records change places",
    ({ store, records: { issue, byCarol } }) => [
      store.spoil(issue.key, () => byCarol.bytes),
      store.spoil(byCarol.key, () => issue.bytes),
    ],
    ["KEY_ALGORITHM", "KID_DIFFERS", "NAME_DIFFERS", "SEALED_CHANGED", "USERID_DIFFERS"],
  ],
  [
    "a record is moved to another hour",
    (w) => move(w, w.records.issue, { hour: "20261124T09" }),
    ["HOUR_DIFFERS", "SEALED_REMOVED"],
  ],
];

const removal: readonly Attack[] = [
  [
    "a sealed record is deleted, all versions of it",
    ({ store, records }) => store.erase(records.issue.key),
    ["CHAIN_GAP", "SEALED_REMOVED"],
  ],
  [
    "a record that is not sealed yet is deleted, and others follow it",
    async (w) => {
      const lost = await w.ask(w.people.alice);
      await w.ask(w.people.alice);
      w.store.erase(lost.key);
    },
    ["CHAIN_GAP"],
  ],
  [
    "a delete marker is put over a record",
    ({ store, records }) => store.mark(records.issue.key),
    ["OBJECT_DELETED"],
  ],
  [
    "a record is replaced by a newer version",
    ({ store, records }) => store.put(records.issue.key, records.asked.bytes),
    ["OBJECT_REPLACED"],
  ],
  [
    "a record is deleted, and written anew",
    ({ store, records }) => [
      store.erase(records.issue.key),
      store.put(records.issue.key, records.issue.bytes),
    ],
    ["SEALED_REMOVED"],
  ],
  [
    "the sealed tail is cut off, records alone",
    ({ store, records }) => store.erase(records.last.key),
    ["SEALED_REMOVED"],
  ],
  [
    "the sealed tail is cut off, the tree with it, after somebody has written who saw it",
    async (w) => {
      const { seen } = await w.head();
      Object.assign(w.people.carol.writer, { seen });
      await w.ask(w.people.carol);
      w.store.erase(w.records.last.key);
      cutTree(w, 8);
    },
    ["SEEN_DIFFERS"],
  ],
  [
    "the sealed tail is cut off, the tree with it, before an auditor who has verified it",
    async (w) => {
      w.since = await w.head();
      w.store.erase(w.records.last.key);
      cutTree(w, 8);
    },
    ["TREE_FORKED"],
  ],
  [
    "the whole tree is deleted",
    async (w) => {
      const { seen } = await w.head();
      Object.assign(w.people.carol.writer, { seen });
      await w.ask(w.people.carol);
      for (const key of [...w.store.objects.keys()]) if (key.startsWith(treePrefix)) w.store.erase(key);
    },
    ["SEEN_DIFFERS"],
  ],
  [
    "checkpoints are deleted, cosignatures forgotten",
    ({ store }) => [checkpointName, keptCheckpoint(8), keptCheckpoint(9)].map((name) => store.erase(name)),
    ["CHECKPOINT_MISSING"],
  ],
  [
    "an enrolment is deleted",
    ({ store }) => {
      for (const key of [...store.objects.keys()])
        if (key.startsWith("v1/rec/") && key.includes("carol") && key.includes(".enrol.")) store.erase(key);
    },
    ["KEY_NOT_ENROLLED", "SEALED_REMOVED"],
  ],
];

const insertion: readonly Attack[] = [
  [
    "a record is put under another's prefix",
    ({ store, records, people }) =>
      store.put(
        formatKey({ ...parseKey(records.last.key), userid: people.bob.writer.by.userid }),
        records.last.bytes,
      ),
    ["USERID_DIFFERS"],
  ],
  [
    "garbage is put where another's next record belongs",
    ({ store, records }) => store.put(formatKey({ ...parseKey(records.last.key), n: 4 }), Buffer.from("{}")),
    ["ENVELOPE_SHAPE"],
  ],
  [
    "a session is told of by a key that nobody enrolled",
    async (w) => {
      const stray = testWriter(w.store, "mallory", { clock: w.clock });
      Object.assign(stray.writer, { log: w.people.alice.writer.log, catalog: w.people.alice.writer.catalog });
      await w.issue(stray, await w.ask(stray));
      for (const key of [...w.store.objects.keys()])
        if (key.includes("mallory") && key.includes(".enrol.")) w.store.erase(key);
    },
    ["KEY_NOT_ENROLLED"],
  ],
  [
    "a record is inserted under an old arrival",
    async (w) => {
      w.clock.pass(3 * 86_400);
      await w.ask(w.people.bob);
      await w.seal();
      const old = new MemoryRecordStore(() => new StandingClock().now());
      const dora = testWriter(old, "dora", { clock: new StandingClock() });
      Object.assign(dora.writer, { log: w.people.alice.writer.log, catalog: w.people.alice.writer.catalog });
      await w.ask(dora);
      for (const [key, [version]] of old.objects) w.store.put(key, version?.bytes, version?.lastModified);
    },
    ["SEALED_WITHOUT"],
  ],
  [
    "a record of another organization's log is put in",
    async (w) => {
      Object.assign(w.people.bob.writer, { log: "ff".repeat(32) });
      await w.ask(w.people.bob);
    },
    ["LOG_DIFFERS"],
  ],
];

const order: readonly Attack[] = [
  [
    "a writer dates a record back",
    async (w) => {
      w.clock.pass(7200);
      const now = w.clock.now();
      const back = new StandingClock();
      const late = testWriter(new MemoryRecordStore(() => now), "dora", { clock: back });
      Object.assign(late.writer, { log: w.people.alice.writer.log, catalog: w.people.alice.writer.catalog });
      await w.ask(late);
      for (const [key, [version]] of late.store.objects) w.store.put(key, version?.bytes, now);
    },
    ["LATE_ARRIVAL"],
  ],
  [
    "a writer dates a record before the one that it follows",
    async (w) => {
      w.clock.pass(-900);
      await w.ask(w.people.alice);
    },
    ["CHAIN_TIME"],
  ],
  [
    "who keeps the bucket, or a copy, gives a sealed record an earlier arrival",
    (w) => arrived(w, w.records.last.key, new Date(w.clock.now().getTime() - 3_600_000)),
    ["SEALED_TIME", "TIME_AHEAD"],
  ],
  [
    "leaves of a batch change places",
    (w) => rebatch(w, 0, (leaves) => leaves.reverse()),
    ["CHECKPOINT_ROOT"],
  ],
  [
    "a chain is forked: a key signs two records of one number",
    async (w) => {
      const { record } = w.records.last;
      await forge(w, w.people.alice, {
        ...record,
        at: time(w.clock.now()),
        ...(await anotherId(w)),
      } as AuditRecord);
    },
    ["CHAIN_FORK"],
  ],
];

/** Id, nonce and request of a record that alice's key could sign. */
async function anotherId(w: World): Promise<Pick<AuditRecord, "id" | "nonce" | "request">> {
  const aside = new MemoryRecordStore(() => w.clock.now());
  const twinOf = testWriter(aside, "alice", { clock: w.clock });
  const { id, nonce, request } = (await w.ask(twinOf)).record;
  return { id, nonce, request };
}

const tree: readonly Attack[] = [
  [
    "a leaf says another digest",
    (w) => rebatch(w, 0, (all) => Object.assign(all[1] ?? {}, { sha256: "00".repeat(32) })),
    ["CHECKPOINT_ROOT", "SEALED_CHANGED"],
  ],
  ["a leaf is left out", (w) => rebatch(w, 0, (all) => all.pop()), ["BATCH_MISSING"]],
  ["a batch is deleted", ({ store }) => store.erase(batchName(0)), ["BATCH_MISSING"]],
  [
    "a batch is garbage",
    ({ store }) => store.spoil(batchName(0), () => Buffer.from("{}\n")),
    ["BATCH_INVALID"],
  ],
  ["a batch is replaced", ({ store }) => store.put(batchName(0), Buffer.from("x")), ["OBJECT_REPLACED"]],
  [
    "a tile is another",
    ({ store }) => store.spoil(tileName({ level: 0, index: 0, width: 9 }), (b) => flip(b, 3)),
    ["TILE_INVALID"],
  ],
  [
    "a checkpoint that no log key signed",
    ({ store }) => store.put(checkpointName, Buffer.from("example\n1\nAAAA\n\n— x AAAA\n")),
    ["CHECKPOINT_INVALID"],
  ],
  [
    "the tree is forked: another one is sealed beside that which a witness cosigned",
    async (w) => {
      const kept = await w.store.read(keptCheckpoint(8));
      for (const key of [...w.store.objects.keys()])
        if (key.startsWith(treePrefix) && !key.includes("cosignatures/")) w.store.erase(key);
      w.store.put("v1/rec/20261124T08/first", Buffer.from("x"), new StandingClock().now());
      w.clock.pass(1);
      await w.seal();
      await w.ask(w.people.carol);
      await w.seal();
      w.store.put(keptCheckpoint(8), kept);
    },
    ["NAME_INVALID", "TREE_FORKED"],
  ],
  [
    "a cosignature is stripped",
    ({ store }) => store.erase(cosignatureName(8, witness.key.id)),
    ["COSIGNATURE_MISSING"],
  ],
  [
    "a cosignature is another's",
    ({ store }) =>
      store.spoil(cosignatureName(8, witness.key.id), (b) =>
        Buffer.from(textOf(b).replace(/[A-Za-z0-9+/]{8}(?==*\n$)/, "AAAAAAAA")),
      ),
    ["COSIGNATURE_MISSING"],
  ],
  [
    "GOVERNANCE in place of COMPLIANCE, from some record on",
    async (w) => {
      w.store.unlocked = () => true;
      await w.ask(w.people.bob);
      await w.seal();
    },
    ["LOCK_MISSING"],
  ],
  [
    "GOVERNANCE in place of COMPLIANCE, for an auditor who has verified all before",
    async (w) => {
      w.since = await w.head();
      w.store.unlocked = () => true;
      await w.ask(w.people.bob);
      await w.seal();
    },
    ["LOCK_MISSING"],
  ],
];

const authority: readonly Attack[] = [
  [
    "the trust file is rolled back",
    async (w) => {
      await w.renewTrust();
      w.store.erase("v1/trust/2.json");
    },
    ["TRUST_ROLLED_BACK"],
  ],
  [
    "the trust file is rolled back, for an auditor who never saw it: what the newer administrators signed does not count",
    async (w) => {
      await w.renewTrust();
      await w.issue(w.people.alice, await w.ask(w.people.alice));
      w.seen = { trust: 0, catalog: 0 };
      const [before] = [...w.store.objects.keys()].filter(
        (key) => key.startsWith("v1/catalog/") && !key.includes("current"),
      );
      w.store.erase("v1/trust/2.json");
      await w.store.replace("v1/catalog/current.jws", (await w.store.read(before ?? "")) ?? new Uint8Array());
    },
    ["CATALOG_UNKNOWN"],
  ],
  [
    "the catalog is rolled back",
    async (w) => {
      const before = await w.store.readCurrent("v1/catalog/current.jws");
      await w.publish(2, ada);
      await w.store.replace("v1/catalog/current.jws", before ?? new Uint8Array());
    },
    ["CATALOG_ROLLED_BACK"],
  ],
  [
    "a catalog that a stranger signed is published",
    async (w) => {
      await w.publish(2, mallory);
    },
    ["CATALOG_SIGNATURE_INVALID"],
  ],
  [
    "a record names a catalog that nobody signed",
    async (w) => {
      Object.assign(w.people.alice.writer, { catalog: "ee".repeat(32) });
      await w.ask(w.people.alice);
    },
    ["CATALOG_UNKNOWN"],
  ],
  [
    "the log begins with another organization's trust file",
    async (w) => {
      const file = await w.store.read("v1/trust/1.json");
      w.store.spoil("v1/trust/1.json", () =>
        Buffer.from(textOf(file ?? new Uint8Array()).replace('"payload":"ey', '"payload":"e0')),
      );
    },
    ["TRUST_FINGERPRINT"],
  ],
  [
    "a revoked key goes on signing",
    async (w) => {
      w.clock.pass(10);
      await w.renewTrust({
        revokedKeys: [{ thumbprint: w.people.carol.signer.thumbprint, at: time(w.clock.now()) }],
      });
      await w.issue(w.people.carol, await w.ask(w.people.carol));
    },
    ["KEY_REVOKED"],
  ],
  [
    "an approval is replayed for another request",
    async (w) => {
      const other = await w.ask(w.people.alice);
      await w.issue(w.people.alice, other, [w.records.approval.sha256]);
    },
    ["DECISION_UNKNOWN", "ISSUE_UNAPPROVED"],
  ],
  [
    "an approval's object is copied under another request",
    async (w) => {
      const { key, bytes } = w.records.approval;
      w.store.put(formatKey({ ...parseKey(key), request: w.records.last.record.id }), bytes);
    },
    ["NAME_DIFFERS"],
  ],
  [
    "a requester approves the own request",
    async (w) => {
      const asked = await w.ask(w.people.alice);
      const own = await w.people.alice.append({
        type: "approval",
        request: asked.record.id,
        body: () => ({ requestHash: asked.sha256, comment: "-" }),
      });
      await w.issue(w.people.alice, asked, [own.sha256]);
    },
    ["DECISION_OWN", "ISSUE_UNAPPROVED"],
  ],
  [
    "a session that is longer than what was granted",
    async (w) => {
      const asked = await w.ask(w.people.alice);
      const late = time(new Date(w.clock.now().getTime() + 7_200_000));
      await w.people.alice.issue(asked, {
        ...issueBody(asked, w.clock.now()),
        notAfter: late,
        expiration: late,
      });
    },
    ["EXPIRATION_LATE", "ISSUE_POLICY", "NOT_AFTER_LATE"],
  ],
];

describe.each<[string, readonly Attack[]]>([
  ["alteration", alteration],
  ["removal", removal],
  ["insertion", insertion],
  ["order and time", order],
  ["the tree", tree],
  ["who may", authority],
])("%s", (_, attacks) => {
  test.each(attacks)("%s", async (name, attack, codes) => {
    await attack(world);
    const found = await world.judge();
    expect(codesOf(found)).toEqual(codes);
    // A copy alone does not tell what an auditor has seen before.
    if (world.since === undefined && found.error?.endsWith("_ROLLED_BACK") !== true) judged.set(name, found);
  });
});

test.skipIf(!hasSecondVerifier)(
  "a second verifier, written from the document alone, finds the same",
  async () => {
    await expectAgreement(judged);
  },
);
