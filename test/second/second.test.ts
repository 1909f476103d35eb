import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeBase64url } from "../../src/access/base64url.ts";
import { canonicalJson } from "../../src/access/canonical.ts";
import { sha256Hex } from "../../src/access/digest.ts";
import { makeId } from "../../src/audit/id.ts";
import { formatKey, recordPrefix } from "../../src/audit/key.ts";
import { hourOf } from "../../src/audit/time.ts";
import type { RecordType, StoredRecord } from "../../src/audit/types.ts";
import { type Judged, World } from "../audit/threats/world.ts";
import { issueBody, requestBody, type TestWriter, time } from "../audit/writer.ts";
import { hasSecondVerifier, judgedTwice } from "./second-verifier.ts";

/**
 * A second verifier, written from docs/record-format.md alone, and jit: on records that no jit would sign. Where the two say something
 * else, the document decides; where it is silent, it is mended. The attacks of docs/threats.md are compared in threats.test.ts.
 */

type Made = Awaited<ReturnType<typeof World.make>>;
type Members = Record<string, unknown>;
const types = [
  "enrol",
  "request",
  "approval",
  "denial",
  "issue",
  "end",
  "abort",
  "revoke",
  "review",
  "notice",
] as const;
const role = "arn:aws:iam::444455556666:role/jit-customers";
const digest = sha256Hex("x");
const none = "01M86A5EZ2S33HY3B7WG4GSRYN";

/** A good body of each type, about a request. */
function bodyOf(
  type: RecordType,
  who: TestWriter,
  asked: StoredRecord<"request">,
  issueHash: string,
): Members {
  const now = who.clock.now();
  const requestHash = asked.sha256;
  switch (type) {
    case "enrol":
      return { key: who.signer.publicKey, statement: "-" };
    case "request":
      return { ...requestBody, role };
    case "issue":
      return { ...issueBody(asked, now) };
    case "end":
      return { requestHash, issueHash, outcome: "completed", exitCode: 0, seconds: 1, command: "-" };
    case "abort":
      return { requestHash, code: "X", step: "request", accessKeyId: "-" };
    case "revoke":
      return { requestHash, role, sessionName: "jit-x", reason: "because" };
    case "review":
      return { requestHash, verdict: "justified", comment: { text: "good" } };
    case "notice":
      return { requestHash, event: "issued", to: "host", code: "X" };
    default:
      return { requestHash, comment: "-" };
  }
}

interface Place {
  readonly type: RecordType;
  readonly request: string;
  readonly n: number;
  readonly prev: string;
  /** Seconds that the writer's clock is before the bucket's. */
  readonly ahead?: number;
}

let nonces = 0;

/** The members of a record that nothing is wrong with but, perhaps, where it is. */
function recordBy(who: TestWriter, { type, request, n, prev, ahead = 0 }: Place, body: Members): Members {
  const now = new Date(who.clock.now().getTime() + ahead * 1000);
  const nonce = encodeBase64url(Buffer.from(sha256Hex(String(nonces++)), "hex").subarray(0, 16));
  const id = makeId(now.getTime(), who.signer.thumbprint, nonce);
  const { log, by, client, catalog, seen } = who.writer;
  const asked = type === "request" ? id : request;
  return {
    v: 1,
    log,
    type,
    id,
    nonce,
    request: asked,
    n,
    prev,
    at: time(now),
    by,
    client,
    catalog,
    seen,
    ...body,
  };
}

/** Members in the order of RFC 8785, whatever else they are. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => [name, inOrder(member)] as const);
  return Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1)));
}

interface Spelling {
  readonly payload?: (text: string) => string | Uint8Array;
  readonly envelope?: (text: string) => string;
}

/** Signs whatever it is given, and puts it where it says. */
async function put(
  w: World,
  who: TestWriter,
  place: Place,
  record: Members,
  spelling: Spelling = {},
): Promise<string> {
  const { payload: spell = (text: string) => text, envelope = (text: string) => text } = spelling;
  const { algorithm: alg, thumbprint } = who.signer;
  const head = encodeBase64url(canonicalJson({ alg, kid: thumbprint, typ: "jit-record+jws" }));
  const payload = Buffer.from(spell(JSON.stringify(inOrder(record)))).toString("base64url");
  const signature = encodeBase64url(await who.signer.sign(Buffer.from(`${head}.${payload}`)));
  const text = Buffer.from(canonicalJson({ payload, protected: head, signature })).toString();
  const bytes = Buffer.from(envelope(text));
  const { type, n } = place;
  const at = time(new Date(who.clock.now().getTime() + (place.ahead ?? 0) * 1000));
  const request = type === "request" ? String(record["id"]) : place.request;
  const { userid } = who.writer.by;
  const name = formatKey({
    hour: hourOf(at),
    request: /^[0-7]/.test(request) ? request : "-",
    userid,
    thumbprint,
    n,
    type,
  });
  if (!w.store.objects.has(name)) w.store.put(name, bytes);
  return sha256Hex(bytes);
}

const long = (length: number) => "x".repeat(length);
const many = (length: number) => Object.fromEntries(Array.from({ length }, (_, i) => [`a${i}`, ""]));
/** What some member may be, and no other. */
const values: readonly unknown[] = [
  ...[
    "",
    "-",
    "x",
    null,
    true,
    0,
    1,
    -1,
    -2,
    1.5,
    1e21,
    2 ** 53,
    31_622_400,
    31_622_401,
    1000,
    1001,
    2 ** 32,
    [],
    {},
  ],
  ...[2, 64, 65, 128, 129, 256, 257, 1024, 1025, 2048, 2049, 8192, 8193].map(long),
  ...[
    "\0",
    "a\nb",
    "\u00ad",
    "\u200b",
    "\ufeff",
    "é",
    "😀",
    "\u{1bca0}",
    "\u{e0001}",
    "\u{1ffff}",
    "\u3164",
    "\ufdd0",
    "\u00a0",
  ],
  ...[
    "2026-02-30T00:00:00Z",
    "2026-11-24T24:00:00Z",
    "2026-11-24T08:16:60Z",
    "2024-02-29T00:00:00Z",
    "0000-01-01T00:00:00Z",
  ],
  ...[
    "arn:aws-cn:iam::111111111111:role/a/b",
    "arn:aws:sts::111111111111:assumed-role/R/alice",
    "arn:AWS:iam::1:role/x",
  ],
  ...[
    "arn:aws:iam::111111111111:user/alice",
    "arn:aws:sts::111111111111:x/alice",
    "arn:aws:iam::111111111111:root",
  ],
  ...[
    "a.b.c",
    "a.b.c.d.e",
    "a....",
    ".b.c.d.e",
    "a.b.",
    `${long(24_569)}.a.b.c`,
    "123456789012",
    "JIT/1",
    "broker",
    digest,
  ],
  ...[
    { text: "ok" },
    { text: "" },
    { text: long(1025) },
    { text: "a", salt: "b" },
    { salt: "AAECAwQFBgcICQoLDA0ODx", sha256: digest },
  ],
  ...[
    [digest, digest],
    [digest],
    ["a:b"],
    ["b:c", "a:b"],
    ["A:b", "a:b"],
    { constructor: "x" },
    { prototype: "x" },
    { "a b": "x" },
  ],
  ...[
    { "😀": "x", "\uffee": "y" },
    { a: 1 },
    { a: long(2048) },
    { a: long(2049) },
    many(64),
    many(65),
    many(51),
  ],
  ...[0, -1, 8.5].map((size) => ({ size, root: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" })),
  ...["AAAA", "AQAA", "7v__", "AgAA", "BQAA", "11qY"].map((x) => ({
    crv: "Ed25519",
    kty: "OKP",
    x: x.padEnd(43, x.at(-1)),
  })),
  { crv: "P-256", kty: "EC", x: `${long(42)}8`, y: `${long(42)}8` },
  { crv: "X25519", kty: "OKP", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" },
];
const payloads: readonly ((text: string) => string | Uint8Array)[] = [
  (text) => ` ${text}`,
  (text) => text.slice(0, -3),
  (text) => `\ufeff${text}`,
  () => "null",
  (text) => text.replace('"type":"', '"type":"\\u0072'),
  (text) => text.replace("alice", "\\u0061lice"),
  (text) => text.replace('"by":{', '"by":{"z":1,'),
  (text) => Buffer.concat([Buffer.from(text.slice(0, 30)), Buffer.of(255), Buffer.from(text.slice(30))]),
  ...[
    "1.0",
    "1e0",
    '1,"v":1',
    "01",
    "NaN",
    "-0",
    "1e400",
    `${"[".repeat(40)}${"]".repeat(40)}`,
    `"${long(33_000)}"`,
  ].map((spelt) => (text: string) => text.replace('"v":1', `"v":${spelt}`)),
];
const envelopes: readonly ((text: string) => string)[] = [
  (text) => `${text}\n`,
  (text) => text.replace("payload", "\\u0070ayload"),
  (text) => text.replace('","protected"', '=","protected"'),
  (text) => text.replace('","protected"', 'A","protected"'),
  (text) => text.replace(/"payload":"[^"]*"/, '"payload":""'),
  (text) => text.replace(/"signature":"[^"]*"/, '"signature":"AA"'),
  (text) => text.replace(/"protected":"[^"]*","signature":"[^"]*"/, '"protected":"e30","signature":"AA"'),
  (text) => text.replace(/"protected":"[^"]*","signature":"[^"]*"/, '"protected":"e30","signature":"AB"'),
  (text) => text.replace('{"payload":"', `{"payload":"${long(50_000)}`),
  () => "[]",
];

async function expectAgreement(judged: ReadonlyMap<string, Judged>): Promise<void> {
  for (const [name, { first, second }] of await judgedTwice(judged))
    expect([name, second]).toEqual([name, first]);
}

test.skipIf(!hasSecondVerifier)("members, payloads and envelopes that break their form", async () => {
  const world = await World.make();
  const { asked, issue } = world.records;
  const choice = fc.record({
    who: fc.nat(2),
    type: fc.constantFrom(...types),
    at: fc.nat(),
    value: fc.nat(),
    how: fc.nat(9),
  });
  for (const [index, one] of fc.sample(choice, { seed: 1, numRuns: 700 }).entries()) {
    const { alice, bob, carol } = world.people;
    const who = [alice, bob, carol][one.who] ?? alice;
    const { type } = one;
    const n = type === "enrol" ? 0 : 100 + index;
    const place = {
      type,
      request: type === "enrol" ? "-" : asked.record.id,
      n,
      prev: type === "enrol" ? "-" : digest,
    };
    // A second enrolment would lie under the name of the first.
    if (type === "enrol") world.clock.pass(3600);
    const body = bodyOf(type, who, asked, issue.sha256);
    const record = recordBy(who, place, body);
    if (one.how === 0) await put(world, who, place, record, { payload: pick(payloads, one.value) });
    else if (one.how === 1) await put(world, who, place, record, { envelope: pick(envelopes, one.value) });
    else {
      const members = one.how < 6 ? body : one.how < 9 ? record : { arn: "", userid: "", account: "" };
      const member = pick(Object.keys(members), one.at);
      const changed = { [member]: pick(values, one.value) };
      const by = { ...(record["by"] as Members), ...changed };
      await put(world, who, place, one.how < 9 ? { ...record, ...changed } : { ...record, by });
    }
  }
  await expectAgreement(new Map([["forms", await world.judge()]]));
});

test.skipIf(!hasSecondVerifier)("records that are well signed, and wrong about one another", async () => {
  const judged = new Map<string, Judged>();
  for (const [index, choices] of fc
    .sample(fc.array(fc.nat(), { minLength: 900, maxLength: 900 }), { seed: 2, numRuns: 16 })
    .entries())
    judged.set(`log ${index}`, await (await wrongLog(choices)).judge());
  await expectAgreement(judged);
});

function pick<T>(list: readonly T[], at: number): T {
  const found = list[at % list.length];
  if (found === undefined) throw new Error("nothing to pick from");
  return found;
}

/** A sound log, and two dozen records besides of which each has something wrong with it, more often than not. */
async function wrongLog(choices: readonly number[]): Promise<Made> {
  let turn = 0;
  const next = (below: number) => (choices[turn++ % choices.length] ?? 0) % below;
  const often = <T>(good: T, odds: number, ...others: readonly T[]): T =>
    next(odds) > 0 ? good : pick(others, next(99));
  const w = await World.make();
  const { asked, other, last, issue, byCarol, approval } = w.records;
  const writers = Object.values(w.people);
  const requests = [asked, other, last];
  const issues = [issue.sha256, byCarol.sha256];
  const keys = [issue.record.accessKeyId];
  const chains = new Map(writers.map((who) => [who, { n: who === w.people.bob ? 2 : 4, prev: digest }]));
  for (let step = 0; step < 24; step++) {
    w.clock.pass(often(next(30), 6, -400, 400, 2000, 20_000));
    if (next(8) === 0) await w.seal();
    const who = pick(writers, next(99));
    const type = pick(types, next(99));
    const chain = chains.get(who) ?? { n: 1, prev: digest };
    const own = requests.filter(({ record }) => record.by.userid === who.writer.by.userid);
    const target = pick(next(3) > 0 && own.length > 0 ? own : requests, next(99));
    const at = (seconds: number) => time(new Date(w.clock.now().getTime() + seconds * 1000));
    const body = bodyOf(type, who, target, pick(issues, next(99)));
    if ("requestHash" in body) body["requestHash"] = often(target.sha256, 10, digest);
    if (type === "request") {
      const claimed = [
        {},
        { extends: pick(requests, next(99)).record.id },
        { extends: none },
        { notBefore: at(-61) },
        { notBefore: at(100) },
        { notBefore: "x" },
      ];
      body["claimed"] = pick(claimed, next(99));
      body["attested"] = often({}, 5, { account: "1" });
    }
    if (type === "issue") {
      Object.assign(body, {
        role: often(role, 12, `${role}-other`),
        renews: often("-", 3, pick(issues, next(99)), digest),
        decisions: often<readonly string[]>([], 4, [approval.sha256], [digest]),
        accessKeyId: often(`${body["accessKeyId"]}${step}`, 8, pick(keys, next(99))),
        notAfter: often(body["notAfter"], 4, at(-60), at(-59), at(1860), at(1861)),
        expiration: often(body["expiration"], 8, at(1861)),
        tags: often(body["tags"], 10, {}),
        sealed: often("-", 10, "a.b.c.d.e"),
      });
    }
    if (type === "abort") body["accessKeyId"] = often("-", 4, "ASIA1234567890123456");
    const n = type === "enrol" ? 0 : often(chain.n, 10, chain.n + 1, chain.n - 1);
    const request = type === "enrol" ? "-" : often(target.record.id, 20, none);
    const prev = type === "enrol" ? "-" : often(chain.prev, 12, digest);
    const place = { type, request, n, prev, ahead: often(0, 8, -1000, 1000, -301) };
    const seen = often<unknown>(
      "-",
      6,
      { root: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", size: 8 },
      (await w.head()).seen,
    );
    const changed = {
      seen,
      log: often(who.writer.log, 30, digest),
      catalog: often(who.writer.catalog, 25, digest),
    };
    const record = { ...recordBy(who, place, body), ...changed };
    const sha256 = await put(w, who, place, record);
    chains.set(who, { n: n + 1, prev: sha256 });
    if (type === "request")
      requests.push({ ...asked, record: record as unknown as typeof asked.record, sha256 });
    if (type === "issue") {
      issues.push(sha256);
      keys.push(String(body["accessKeyId"]));
    }
  }
  const names = [...w.store.objects.keys()].filter((name) => name.startsWith(recordPrefix));
  if (next(3) === 0) w.store.erase(pick(names, next(999)));
  if (next(3) === 0)
    w.store.spoil(pick(names, next(999)), (bytes) => bytes.map((byte, i) => (i === 300 ? byte ^ 1 : byte)));
  if (next(3) === 0) {
    const { thumbprint } = pick(writers, next(99)).signer;
    await w.renewTrust({
      revokedKeys: [{ thumbprint, at: at0(w, -next(300)), ...(next(2) > 0 ? { size: next(12) } : {}) }],
    });
  }
  return w;
}

function at0(w: World, seconds: number): string {
  return time(new Date(w.clock.now().getTime() + seconds * 1000));
}
