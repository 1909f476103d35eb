import fc from "fast-check";
import { test } from "vitest";
import { recordTypes } from "../../src/audit/types.ts";
import { World } from "../audit/threats/world.ts";
import { bodyOf, digest, type Members, pick, put, recordBy } from "./forging.ts";
import { expectAgreement, hasSecondVerifier } from "./second-verifier.ts";

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

test.skipIf(!hasSecondVerifier)("members, payloads and envelopes that break their form", async () => {
  const world = await World.make();
  const { asked, issue } = world.records;
  const choice = fc.record({
    who: fc.nat(2),
    type: fc.constantFrom(...recordTypes),
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
