import { beforeEach, describe, expect, test } from "vitest";
import { canonicalJson } from "../../../src/access/canonical.ts";
import { signGeneral } from "../../../src/access/trust/jws.ts";
import {
  addTrustSignature,
  makeTrust,
  signTrust,
  trustDigest,
} from "../../../src/access/trust/trust-file.ts";
import { acknowledgementName, signAcknowledgement } from "../../../src/audit/acknowledge/acknowledgement.ts";
import {
  canBeAcknowledged,
  evidenceOf,
  findingHash,
  nameFinding,
} from "../../../src/audit/acknowledge/evidence.ts";
import { readAcknowledgements } from "../../../src/audit/acknowledge/read.ts";
import { type JudgedReport, judgeReport } from "../../../src/audit/acknowledge/report.ts";
import type { Finding } from "../../../src/audit/finding.ts";
import type { StoredRecord } from "../../../src/audit/types.ts";
import { verifyLog } from "../../../src/audit/verify.ts";
import { ada, bob, cyd, mallory, type TestKey } from "../../access/trust/keys.ts";
import { MemoryRecordStore } from "../../support/memory-record-store.ts";
import { StandingClock, type TestWriter, testWriter } from "../writer.ts";

const name = (key: TestKey) => (key === ada ? "Ada" : key === bob ? "Bob" : key === cyd ? "Cyd" : "Mallory");
const trustOf = (threshold: number, ...keys: readonly TestKey[]) => ({
  organization: "example",
  threshold,
  administrators: keys.map((key) => ({ name: name(key), key: key.publicKey })),
});

/** Ada alone decides; two hours later Bob and Cyd together. */
const first = makeTrust(trustOf(1, ada));
const second = makeTrust(trustOf(2, bob, cyd), first);
const fingerprint = trustDigest(first);
const file1 = await signTrust(first, ada);
const file2 = await addTrustSignature(await addTrustSignature(await signTrust(second, bob), cyd), ada);

let store: MemoryRecordStore;
let clock: StandingClock;
let alice: TestWriter;
let issue: StoredRecord<"issue">;
let end: StoredRecord<"end">;

beforeEach(async () => {
  clock = new StandingClock();
  store = new MemoryRecordStore(() => clock.now());
  alice = testWriter(store, "alice", { clock });
  store.put("v1/trust/1.json", file1);
  const request = await alice.request();
  issue = await alice.issue(request);
  end = await alice.append({
    type: "end",
    request: request.record.id,
    body: () => ({
      requestHash: request.sha256,
      issueHash: issue.sha256,
      outcome: "completed",
      exitCode: 0,
      seconds: 3,
      command: "-",
    }),
  });
  clock.pass(60);
});

let trust = first;
beforeEach(() => {
  trust = first;
});
function change(): void {
  clock.pass(7200);
  store.put("v1/trust/2.json", file2);
  trust = second;
  clock.pass(60);
}

async function verify(strict = false): Promise<JudgedReport> {
  const report = await verifyLog(store, { log: "ab".repeat(32), trust: undefined, strict });
  const acknowledgements = await readAcknowledgements(store, { fingerprint, trust });
  return await judgeReport(store, report, acknowledgements, { strict, isWhole: true });
}
const codes = ({ findings }: JudgedReport) => findings.map(({ code }) => code).sort();
async function only(code: string): Promise<Finding> {
  const found = (await verify()).findings.find((one) => one.code === code);
  if (found === undefined) throw new Error(`no ${code}`);
  return found;
}
async function acknowledge(
  found: Finding,
  by: TestKey,
  change: { log?: string; reason?: string } = {},
): Promise<string> {
  const named = nameFinding(found, await evidenceOf(store, found.object));
  const said = { v: 1 as const, log: fingerprint, reason: "a disk died", ...named, severity: found.severity };
  const place = acknowledgementName(findingHash(named), by.thumbprint);
  store.put(place, await signAcknowledgement({ ...said, ...change }, by));
  return place;
}

test("an administrator's word takes a finding out of the verdict, and leaves it in the list", async () => {
  store.erase(issue.key);
  const found = await only("CHAIN_GAP");
  expect(await verify()).toMatchObject({ ok: false, bySeverity: { invalid: 2 } });
  for (const one of (await verify()).findings) await acknowledge(one, ada);
  const report = await verify(true);
  expect(report).toMatchObject({
    ok: true,
    bySeverity: { invalid: 2 },
    acknowledged: { invalid: 2, noise: 0, notice: 0 },
  });
  expect(codes(report)).toEqual(["CHAIN_GAP", "ISSUE_HASH"]);
  expect(report.findings.find(({ object }) => object === found.object)?.acknowledged).toEqual([
    { name: "Ada", thumbprint: ada.thumbprint, at: "2026-11-24T08:17:36Z", reason: "a disk died" },
  ]);
});

describe("what changes afterwards is another finding", () => {
  const reopened = async () => {
    const report = await verify();
    expect(report.ok).toBe(false);
    return codes(report);
  };

  test("a later version more", async () => {
    store.put(end.key, issue.bytes);
    await acknowledge(await only("OBJECT_REPLACED"), ada);
    expect((await verify()).ok).toBe(true);
    store.put(end.key, Buffer.from("x"));
    expect(await reopened()).toEqual(["ACKNOWLEDGEMENT_UNUSED", "OBJECT_REPLACED", "OBJECT_REPLACED"]);
  });

  test("other bytes in place", async () => {
    store.spoil(end.key, () => Buffer.from("{}"));
    await acknowledge(await only("ENVELOPE_SHAPE"), ada);
    expect((await verify()).ok).toBe(true);
    store.spoil(end.key, () => Buffer.from("[]"));
    expect(await reopened()).toEqual(["ACKNOWLEDGEMENT_UNUSED", "ENVELOPE_SHAPE"]);
  });

  test("a gap that grows", async () => {
    const request = await alice.request();
    const renewed = await alice.issue(request);
    store.erase(request.key);
    for (const one of (await verify()).findings) await acknowledge(one, ada);
    expect((await verify()).ok).toBe(true);
    store.erase(end.key);
    expect(await reopened()).toContain("CHAIN_GAP");
    expect(renewed.record.n).toBe(5);
  });

  test("noise that turns out to lie where a record was", async () => {
    const last = await alice.request();
    store.put(last.key.replace(".4.request", ".4.abort"), Buffer.from("{}"));
    const noise = await only("ENVELOPE_SHAPE");
    expect(noise.severity).toBe("noise");
    await acknowledge(noise, ada);
    expect((await verify(true)).ok).toBe(true);
    store.erase(last.key);
    expect(await reopened()).toEqual(["ACKNOWLEDGEMENT_UNUSED", "ENVELOPE_SHAPE"]);
  });
});

describe("who is believed", () => {
  beforeEach(() => store.mark(end.key));
  const outcome = async () => {
    const report = await verify();
    return [report.ok, ...codes(report).filter((code) => code !== "OBJECT_DELETED")];
  };
  const found = () => only("OBJECT_DELETED");

  test("nobody but an administrator", async () => {
    await acknowledge(await found(), mallory);
    expect(await outcome()).toEqual([false, "ACKNOWLEDGEMENT_STRANGER"]);
  });

  test("an administrator of then, now that there are others", async () => {
    await acknowledge(await found(), ada);
    change();
    expect(await outcome()).toEqual([true]);
  });

  test("no administrator who no longer is one", async () => {
    change();
    await acknowledge(await found(), ada);
    expect(await outcome()).toEqual([false, "ACKNOWLEDGEMENT_STRANGER"]);
  });

  test("no administrator who is none yet", async () => {
    await acknowledge(await found(), bob);
    change();
    expect(await outcome()).toEqual([false, "ACKNOWLEDGEMENT_STRANGER"]);
  });

  test("as many as must sign a catalog, each once", async () => {
    change();
    await acknowledge(await found(), bob);
    expect(await outcome()).toEqual([false, "ACKNOWLEDGEMENT_MISSING"]);
    await acknowledge(await found(), bob, { reason: "once more" });
    expect(await outcome()).toEqual([false, "ACKNOWLEDGEMENT_MISSING"]);
    await acknowledge(await found(), cyd);
    expect(await outcome()).toEqual([true]);
  });

  test("no key that was revoked before", async () => {
    trust = { ...first, revokedKeys: [{ thumbprint: ada.thumbprint, at: "2026-11-24T08:17:36Z" }] };
    await acknowledge(await found(), ada);
    expect(await outcome()).toEqual([false, "ACKNOWLEDGEMENT_STRANGER"]);
    trust = { ...first, revokedKeys: [{ thumbprint: ada.thumbprint, at: "2026-11-24T08:17:37Z" }] };
    expect(await outcome()).toEqual([true]);
  });
});

describe("what is no acknowledgement", () => {
  let place: string;
  beforeEach(async () => {
    store.mark(end.key);
    place = await acknowledge(await only("OBJECT_DELETED"), ada);
    expect((await verify()).ok).toBe(true);
  });
  const refused = async () => {
    const report = await verify();
    expect(report.ok).toBe(false);
    return codes(report).filter((code) => code !== "OBJECT_DELETED");
  };
  const edit = (from: string, to: string) =>
    store.spoil(place, (bytes) => Buffer.from(Buffer.from(bytes).toString().replace(from, to)));

  test("of another log", async () => {
    await store.erase(place);
    await acknowledge(await only("OBJECT_DELETED"), ada, { log: "ab".repeat(32) });
    expect(await refused()).toEqual(["ACKNOWLEDGEMENT_INVALID"]);
  });

  test.each<[string, () => unknown]>([
    ["a forged signature", () => edit('"signature":"', '"signature":"AAAA')],
    ["another spelling", () => edit("{", "{ ")],
    ["under another finding's name", () => move(place.replace(/\/[0-9a-f]{8}/, "/00000000"))],
    ["under another key's name", () => move(place.replace(ada.thumbprint, bob.thumbprint))],
    ["too large", () => store.spoil(place, () => Buffer.alloc(20_000, "{"))],
    ["no JWS", () => store.spoil(place, () => Buffer.from("yes"))],
    ["a name of its own", () => move("v1/acknowledged/everything")],
  ])("%s", async (_, spoil) => {
    spoil();
    expect(await refused()).toEqual(["ACKNOWLEDGEMENT_INVALID"]);
  });

  function move(to: string): void {
    const bytes = store.objects.get(place)?.[0]?.bytes;
    store.erase(place);
    store.put(to, bytes);
  }

  test("a signature of a valid one over a changed word", async () => {
    const bytes = Buffer.from(store.objects.get(place)?.[0]?.bytes ?? "").toString();
    const { payload, signatures } = JSON.parse(bytes);
    const said = JSON.parse(Buffer.from(payload, "base64url").toString());
    const other = Buffer.from(canonicalJson({ ...said, reason: "nothing happened" })).toString("base64url");
    store.spoil(place, () => canonicalJson({ payload: other, signatures }));
    expect(await refused()).toEqual(["ACKNOWLEDGEMENT_INVALID"]);
  });

  test("a file of another kind with the same payload", async () => {
    const bytes = Buffer.from(store.objects.get(place)?.[0]?.bytes ?? "").toString();
    const payload = Buffer.from(JSON.parse(bytes).payload, "base64url");
    const other = await signGeneral("jit-catalog+jws", payload, ada);
    store.spoil(place, () => other);
    expect(await refused()).toEqual(["ACKNOWLEDGEMENT_INVALID"]);
  });
});

test("nobody can acknowledge that the tree was damaged, or what cannot be read", async () => {
  const grave = [
    "CHECKPOINT_INVALID",
    "CHECKPOINT_MISSING",
    "CHECKPOINT_ROOT",
    "BATCH_MISSING",
    "BATCH_INVALID",
    "TILE_INVALID",
    "TREE_FORKED",
    "SEALED_REMOVED",
    "SEALED_CHANGED",
    "SEALED_TIME",
    "SEALED_WITHOUT",
    "OBJECT_UNREADABLE",
    "ACKNOWLEDGEMENT_INVALID",
  ];
  expect(grave.filter(canBeAcknowledged)).toEqual([]);
  const found: Finding = {
    code: "SEALED_REMOVED",
    severity: "invalid",
    object: end.key,
    message: "",
    writer: "-",
  };
  await acknowledge(found, ada);
  const report = { ...(await verify()), findings: [found], bySeverity: { invalid: 1, noise: 0, notice: 0 } };
  const judged = await judgeReport(store, report, await readAcknowledgements(store, { fingerprint, trust }), {
    strict: false,
    isWhole: true,
  });
  expect(judged).toMatchObject({ ok: false, acknowledged: { invalid: 0 } });
  expect(judged.findings[0]).not.toHaveProperty("hash");
  expect(codes(judged)).toEqual(["ACKNOWLEDGEMENT_INVALID", "SEALED_REMOVED"]);
});

test("where the bucket has no trust files, the one that is believed decides", async () => {
  store.mark(end.key);
  await acknowledge(await only("OBJECT_DELETED"), ada);
  store.erase("v1/trust/1.json");
  expect((await verify()).ok).toBe(true);
});
