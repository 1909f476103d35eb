import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatKey, parseKey, type RecordKey, readKey, writerOf } from "../../src/audit/key.ts";
import { recordTypes } from "../../src/audit/types.ts";
import { codeOf } from "../../src/error.ts";

const id = "01ARYZ6S41TSV4RRFFQ69G5FAV";
const thumbprint = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
const good = `v1/rec/20261124T08/${id}/AROAEXAMPLEEXAMPLE123:alice@example.com/${thumbprint}.12.request.jws`;

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const userids = fc.oneof(
  fc.stringMatching(/^A(ID|RO)A[A-Z0-9]{12,30}$/),
  fc.stringMatching(/^AROA[A-Z0-9]{17}:[A-Za-z0-9_+=,.@-]{2,64}$/),
  fc.stringMatching(/^[0-9]{12}(:[a-z]{2,32})?$/),
);
const keys: fc.Arbitrary<RecordKey> = fc.record({
  hour: fc
    .date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 13).replaceAll("-", "")),
  request: fc.oneof(
    fc.constant("-"),
    fc
      .tuple(fc.nat(7), fc.array(fc.nat(31), { minLength: 25, maxLength: 25 }))
      .map(([first, rest]) => [first, ...rest].map((i) => alphabet.charAt(i)).join("")),
  ),
  userid: userids,
  thumbprint: fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .map((bytes) => Buffer.from(bytes).toString("base64url")),
  n: fc.maxSafeNat(),
  type: fc.constantFrom(...recordTypes),
});

describe("record names", () => {
  test("are written and read alike", () => {
    expect(parseKey(good)).toEqual({
      hour: "20261124T08",
      request: id,
      userid: "AROAEXAMPLEEXAMPLE123:alice@example.com",
      thumbprint,
      n: 12,
      type: "request",
    });
    fc.assert(
      fc.property(keys, (key) => {
        expect(parseKey(formatKey(key))).toEqual(key);
      }),
    );
  });

  test("any other text is refused, or is what formatKey writes", () => {
    const near = fc
      .tuple(keys, fc.nat(), fc.string({ unit: "binary", maxLength: 2 }))
      .map(([key, at, text]) => {
        const name = formatKey(key);
        const place = at % name.length;
        return name.slice(0, place) + text + name.slice(place + 1);
      });
    fc.assert(
      fc.property(fc.oneof(near, fc.string({ unit: "binary" })), (text) => {
        const key = readKey(text);
        if (key !== undefined) expect(formatKey(key)).toBe(text);
      }),
    );
  });

  test.each([
    ["another prefix", good.replace("v1/rec", "v1/tree")],
    ["no prefix", good.slice(7)],
    ["a 30 February", good.replace("20261124", "20260230")],
    ["a 29 February outside a leap year", good.replace("20261124", "20260229")],
    ["a month 13", good.replace("20261124", "20261324")],
    ["an hour 24", good.replace("T08", "T24")],
    ["an hour with minutes", good.replace("T08", "T0816")],
    ["a lower-case t", good.replace("T08", "t08")],
    ["a lower-case id", good.replace(id, id.toLowerCase())],
    ["no id", good.replace(id, "")],
    ["two hyphens for the id", good.replace(id, "--")],
    ["no userid", good.replace("AROAEXAMPLEEXAMPLE123:alice@example.com", "")],
    ["a parent folder", good.replace("AROAEXAMPLEEXAMPLE123:alice@example.com", "..")],
    ["an empty session name", good.replace("alice@example.com", "")],
    ["a session name with a star", good.replace("alice", "*")],
    ["two colons", good.replace("alice", "al:ice")],
    ["a thumbprint too short", good.replace(thumbprint, thumbprint.slice(1))],
    ["a thumbprint too long", good.replace(thumbprint, `a${thumbprint}`)],
    ["a thumbprint with stray bits", good.replace(thumbprint, `${thumbprint.slice(0, -1)}l`)],
    ["a thumbprint in standard base64", good.replace("_", "/")],
    ["a leading zero", good.replace(".12.", ".012.")],
    ["a sign", good.replace(".12.", ".-12.")],
    ["an exponent", good.replace(".12.", ".1e1.")],
    ["no number", good.replace(".12.", "..")],
    ["2^53", good.replace(".12.", ".9007199254740992.")],
    ["a type that is none", good.replace("request", "rescue")],
    ["a type in capitals", good.replace("request", "Request")],
    ["a type of Object.prototype", good.replace("request", "constructor")],
    ["another ending", good.replace(".jws", ".json")],
    ["a final slash", `${good}/`],
    ["a final line feed", `${good}\n`],
    ["a doubled slash", good.replace("rec/", "rec//")],
  ])("%s is refused", (_, name) => {
    expect(readKey(name)).toBeUndefined();
    let code: string | undefined;
    try {
      parseKey(name);
    } catch (error) {
      code = codeOf(error);
    }
    expect(code).toBe("KEY_NAME_INVALID");
  });

  test("2^53 − 1 is the last number", () => {
    expect(readKey(good.replace(".12.", ".9007199254740991."))?.n).toBe(Number.MAX_SAFE_INTEGER);
  });

  test("formatKey refuses parts that break the grammar", () => {
    const key = parseKey(good);
    const changes = [
      { hour: "20260230T08" },
      { request: "x" },
      { userid: "a/b" },
      { thumbprint: "t" },
      { n: -1 },
    ];
    for (const change of changes) expect(() => formatKey({ ...key, ...change })).toThrow();
  });

  test("the writer of a bad name is told by its userid segment", () => {
    expect(writerOf(good)).toBe("AROAEXAMPLEEXAMPLE123:alice@example.com");
    expect(writerOf("v1/rec/x/y/AROAEXAMPLEEXAMPLE123:alice@example.com/what/ever")).toBe(
      "AROAEXAMPLEEXAMPLE123:alice@example.com",
    );
    expect(writerOf("v1/rec/x/y/\u001b[2J/z")).toBe("-");
    expect(writerOf("else/where")).toBe("-");
  });
});
