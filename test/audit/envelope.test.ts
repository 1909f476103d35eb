import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { open, readEnvelope, seal } from "../../src/audit/envelope.ts";
import type { Signer } from "../../src/audit/ports.ts";
import type { StoredRecord } from "../../src/audit/types.ts";
import { codeOf } from "../../src/error.ts";
import { MemoryRecordStore } from "../support/memory-record-store.ts";
import { type TestWriter, testWriter } from "./writer.ts";

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const b64 = (value: string | Uint8Array) => Buffer.from(value).toString("base64url");

interface Parts {
  payload: string;
  protected: string;
  signature: string;
}

describe.each(["Ed25519", "ES256"] as const)("an envelope of %s", (algorithm) => {
  let writer: TestWriter;
  let stored: StoredRecord<"request">;
  let parts: Parts;
  const lookup = (kid: string) => (kid === writer.signer.thumbprint ? writer.signer.publicKey : undefined);
  const codeOfOpened = (bytes: Uint8Array) => {
    const opened = open(bytes, lookup);
    return opened.ok ? undefined : opened.code;
  };
  const write = (change: Partial<Parts>) => {
    const all = { ...parts, ...change };
    return Buffer.from(
      `{"payload":"${all.payload}","protected":"${all.protected}","signature":"${all.signature}"}`,
    );
  };
  /** Signed by the right key, whatever it says. */
  const sign = async (change: { payload?: string; header?: string }, signer: Signer = writer.signer) => {
    const header = change.header === undefined ? parts.protected : b64(change.header);
    const payload = change.payload === undefined ? parts.payload : b64(change.payload);
    const signature = b64(await signer.sign(Buffer.from(`${header}.${payload}`)));
    return write({ payload, protected: header, signature });
  };
  const payloadText = () => Buffer.from(parts.payload, "base64url").toString();

  beforeAll(async () => {
    writer = testWriter(new MemoryRecordStore(), "alice", { algorithm });
    stored = await writer.request();
    parts = JSON.parse(text(stored.bytes));
  });

  test("opens to what was sealed", () => {
    const opened = open(stored.bytes, lookup);
    expect(opened).toMatchObject({ ok: true, record: stored.record, sha256: stored.sha256, algorithm });
    expect(opened.ok && opened.kid).toBe(writer.signer.thumbprint);
  });

  test("is canonical JSON all through, with exactly the header of the format", () => {
    expect(Object.keys(JSON.parse(text(stored.bytes)))).toEqual(["payload", "protected", "signature"]);
    expect(Buffer.from(parts.protected, "base64url").toString()).toBe(
      `{"alg":"${algorithm}","kid":"${writer.signer.thumbprint}","typ":"jit-record+jws"}`,
    );
    expect(Object.keys(JSON.parse(payloadText()))).toEqual(Object.keys(JSON.parse(payloadText())).sort());
  });

  test("an enrolment brings its key", async () => {
    const [enrol] = [...writer.store.objects.entries()].find(([key]) => key.includes("enrol"))?.[1] ?? [];
    expect(open(enrol?.bytes ?? new Uint8Array(), () => undefined)).toMatchObject({ ok: true });
  });

  test("no bit of it can change", () => {
    const bits = fc.tuple(fc.nat(stored.bytes.length - 1), fc.nat(7));
    fc.assert(
      fc.property(bits, ([at, bit]) => {
        const changed = Uint8Array.from(stored.bytes);
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        expect(codeOfOpened(changed)).toBeDefined();
      }),
      { numRuns: 300 },
    );
  });

  test("whatever the bytes, they are a record or have a code", async () => {
    const payloads = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.json(),
      fc.nat(payloadText().length).map((at) => payloadText().slice(0, at)),
      fc
        .tuple(fc.nat(payloadText().length), fc.constantFrom('"', "{", "\\", "0", ",", "\ud800"))
        .map(([at, add]) => payloadText().slice(0, at) + add + payloadText().slice(at)),
    );
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(codeOfOpened(bytes)).toBeDefined();
      }),
    );
    fc.assert(
      fc.property(payloads, (payload) => {
        fc.pre(payload !== payloadText());
        expect(codeOfOpened(write({ payload: b64(payload) }))).toBeDefined();
      }),
    );
  });

  test.each<[string, () => Uint8Array | Promise<Uint8Array>, string]>([
    ["nothing", () => new Uint8Array(), "ENVELOPE_SHAPE"],
    ["white space", () => Buffer.from(`${text(stored.bytes)}\n`), "ENVELOPE_SHAPE"],
    ["a byte order mark", () => Buffer.from(`\ufeff${text(stored.bytes)}`), "ENVELOPE_SHAPE"],
    [
      "other order of members",
      () =>
        Buffer.from(
          JSON.stringify({ protected: parts.protected, payload: parts.payload, signature: parts.signature }),
        ),
      "ENVELOPE_SHAPE",
    ],
    ["an unprotected header", () => Buffer.from(JSON.stringify({ header: {}, ...parts })), "ENVELOPE_SHAPE"],
    [
      "general serialization",
      () =>
        Buffer.from(
          JSON.stringify({
            payload: parts.payload,
            signatures: [{ protected: parts.protected, signature: parts.signature }],
          }),
        ),
      "ENVELOPE_SHAPE",
    ],
    [
      "compact serialization",
      () => Buffer.from(`${parts.protected}.${parts.payload}.${parts.signature}`),
      "ENVELOPE_SHAPE",
    ],
    [
      "an escape",
      () => Buffer.from(text(stored.bytes).replace("payload", "p\\u0061yload")),
      "ENVELOPE_SHAPE",
    ],
    ["padding", () => write({ signature: `${parts.signature}==` }), "ENVELOPE_SHAPE"],
    ["standard base64", () => write({ signature: `+/${parts.signature.slice(2)}` }), "ENVELOPE_SHAPE"],
    [
      "a member twice",
      () => Buffer.from(text(stored.bytes).replace("}", `,"signature":"${parts.signature}"}`)),
      "ENVELOPE_SHAPE",
    ],
    [
      "stray bits",
      () =>
        write({ signature: `${parts.signature.slice(0, -1)}${parts.signature.endsWith("B") ? "C" : "B"}` }),
      "ENVELOPE_ENCODING",
    ],
    ["a signature cut short", () => write({ signature: parts.signature.slice(0, -2) }), "ENVELOPE_ENCODING"],
    ["a signature of 63 bytes", () => write({ signature: b64(new Uint8Array(63)) }), "ENVELOPE_ENCODING"],
    ["49 KiB", () => write({ payload: "A".repeat(49 * 1024) }), "ENVELOPE_TOO_LARGE"],
    [
      "a payload over 32 KiB",
      () => write({ payload: b64(new Uint8Array(32 * 1024 + 1)) }),
      "PAYLOAD_TOO_LARGE",
    ],
    [
      "no algorithm",
      () => sign({ header: `{"alg":"none","kid":"${writer.signer.thumbprint}","typ":"jit-record+jws"}` }),
      "ENVELOPE_HEADER",
    ],
    [
      "EdDSA for Ed25519",
      () => sign({ header: `{"alg":"EdDSA","kid":"${writer.signer.thumbprint}","typ":"jit-record+jws"}` }),
      "ENVELOPE_HEADER",
    ],
    [
      "another type",
      () => sign({ header: `{"alg":"${algorithm}","kid":"${writer.signer.thumbprint}","typ":"JWT"}` }),
      "ENVELOPE_HEADER",
    ],
    [
      "a key in the header",
      () =>
        sign({
          header: `{"alg":"${algorithm}","jwk":{},"kid":"${writer.signer.thumbprint}","typ":"jit-record+jws"}`,
        }),
      "ENVELOPE_HEADER",
    ],
    [
      "crit",
      () =>
        sign({
          header: `{"alg":"${algorithm}","crit":["b64"],"kid":"${writer.signer.thumbprint}","typ":"jit-record+jws"}`,
        }),
      "ENVELOPE_HEADER",
    ],
    [
      "a space in the header",
      () =>
        sign({
          header: `{"alg": "${algorithm}","kid":"${writer.signer.thumbprint}","typ":"jit-record+jws"}`,
        }),
      "ENVELOPE_HEADER",
    ],
    [
      "a kid that is no thumbprint",
      () => sign({ header: `{"alg":"${algorithm}","kid":"alice","typ":"jit-record+jws"}` }),
      "ENVELOPE_HEADER",
    ],
    ["a payload that is no JSON", () => sign({ payload: "{" }), "PAYLOAD_NOT_JSON"],
    ["deep nesting", () => sign({ payload: "[".repeat(32_000) }), "PAYLOAD_NOT_JSON"],
    [
      "a payload that is no UTF-8",
      () => write({ payload: b64(Uint8Array.from([0x22, 0xff, 0x22])) }),
      "PAYLOAD_NOT_JSON",
    ],
    [
      "a payload member twice",
      () => sign({ payload: payloadText().replace("{", '{"v":1,') }),
      "PAYLOAD_NOT_JSON",
    ],
    ["another format", () => sign({ payload: payloadText().replace('"v":1', '"v":2') }), "RECORD_INVALID"],
    [
      "a member too many",
      () => sign({ payload: payloadText().replace('"v":1', '"v":1,"z":1') }),
      "RECORD_INVALID",
    ],
    [
      "a space in the payload",
      () => sign({ payload: payloadText().replace('"v":1', '"v": 1') }),
      "PAYLOAD_NOT_CANONICAL",
    ],
    [
      "another spelling of a number",
      () => sign({ payload: payloadText().replace('"v":1', '"v":1e0') }),
      "PAYLOAD_NOT_CANONICAL",
    ],
    [
      "another spelling of a text",
      () => sign({ payload: payloadText().replace("wrong", "wr\\u006fng") }),
      "PAYLOAD_NOT_CANONICAL",
    ],
    [
      "a name that the schema's library steps over",
      () => sign({ payload: payloadText().replace('"claimed":{', '"claimed":{"constructor":"x",') }),
      "PAYLOAD_NOT_CANONICAL",
    ],
    [
      "a member of Object.prototype",
      () => sign({ payload: payloadText().replace('"client"', '"__proto__":{},"client"') }),
      "RECORD_INVALID",
    ],
    [
      "an id of another time",
      () => sign({ payload: payloadText().replace(":36Z", ":37Z") }),
      "RECORD_ID_TIME",
    ],
    [
      "another nonce",
      () => sign({ payload: payloadText().replace(/"nonce":"./, '"nonce":"_') }),
      "RECORD_ID_HASH",
    ],
    [
      "a request that is the first record",
      () => sign({ payload: payloadText().replace('"n":1', '"n":0') }),
      "RECORD_HEAD",
    ],
    [
      "a sealing key that is missing",
      () => sign({ payload: payloadText().replace('"requester"', '"broker"') }),
      "RECORD_BODY",
    ],
    [
      "a text changed",
      () => write({ payload: b64(payloadText().replace("wrong", "right")) }),
      "SIGNATURE_INVALID",
    ],
    [
      "a signature of something else",
      () => write({ signature: b64(new Uint8Array(64).fill(1)) }),
      "SIGNATURE_INVALID",
    ],
    [
      "another's signature",
      () => sign({}, testWriter(new MemoryRecordStore(), "bob", { algorithm }).signer),
      "SIGNATURE_INVALID",
    ],
  ])("%s is refused", async (_, make, code) => {
    expect(codeOfOpened(await make())).toBe(code);
  });

  test("a key that nobody knows, or another under its name", () => {
    expect(open(stored.bytes, () => undefined)).toEqual({ ok: false, code: "KEY_UNKNOWN" });
    const bob = testWriter(new MemoryRecordStore(), "bob", { algorithm }).signer;
    expect(open(stored.bytes, () => bob.publicKey)).toEqual({ ok: false, code: "KEY_UNKNOWN" });
  });

  test("the other algorithm's name", async () => {
    const other = algorithm === "ES256" ? "Ed25519" : "ES256";
    const header = `{"alg":"${other}","kid":"${writer.signer.thumbprint}","typ":"jit-record+jws"}`;
    expect(codeOfOpened(await sign({ header }))).toBe("KEY_ALGORITHM");
  });

  test("nothing is sealed that would not open", async () => {
    const bob = testWriter(new MemoryRecordStore(), "bob", { algorithm }).signer;
    expect(await seal(stored.record, bob).then(() => undefined, codeOf)).toBe("RECORD_ID_HASH");
    const wrong = { ...stored.record, v: 2 } as unknown as typeof stored.record;
    expect(await seal(wrong, writer.signer).then(() => undefined, codeOf)).toBe("RECORD_INVALID");
    const silent = { ...stored.record, claimed: { constructor: "x" } };
    expect(await seal(silent, writer.signer).then(() => undefined, codeOf)).toBe("RECORD_INVALID");
  });
});

test("high s of ES256 is refused, though it verifies", async () => {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const writer = testWriter(new MemoryRecordStore(), "alice", { algorithm: "ES256" });
  const { bytes } = await writer.request();
  const { payload, protected: header, signature } = JSON.parse(text(bytes)) as Parts;
  const raw = Buffer.from(signature, "base64url");
  const s = order - BigInt(`0x${raw.subarray(32).toString("hex")}`);
  const twin = Buffer.concat([raw.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, "0"), "hex")]);
  const second = Buffer.from(`{"payload":"${payload}","protected":"${header}","signature":"${b64(twin)}"}`);
  expect(readEnvelope(second).ok).toBe(true);
  expect(open(second, () => writer.signer.publicKey)).toEqual({ ok: false, code: "SIGNATURE_HIGH_S" });
});
