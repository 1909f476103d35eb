import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeBase64url, encodeBase64url } from "../../src/access/base64url.ts";
import { codeOf } from "../../src/error.ts";

function code(text: string): string | undefined {
  try {
    decodeBase64url(text);
  } catch (error) {
    return codeOf(error);
  }
  return undefined;
}

describe("base64url", () => {
  test.each([
    // RFC 4648, section 10, without padding; RFC 7515, appendix C.
    ["", ""],
    ["Zg", "f"],
    ["Zm8", "fo"],
    ["Zm9v", "foo"],
    ["Zm9vYg", "foob"],
    ["Zm9vYmE", "fooba"],
    ["Zm9vYmFy", "foobar"],
  ])("%j is %j", (text, plain) => {
    expect(new TextDecoder().decode(decodeBase64url(text))).toBe(plain);
    expect(encodeBase64url(new TextEncoder().encode(plain))).toBe(text);
  });

  test("uses the alphabet of RFC 7515, appendix C", () => {
    expect(encodeBase64url(Uint8Array.of(3, 236, 255, 224, 193))).toBe("A-z_4ME");
  });

  test.each(["Zg==", "Zh", "Zm9", "Z", "Zm 8", "Zm8\n", "+/+/", "Zm8.", "Zg=", "é"])("refuses %j", (text) => {
    expect(code(text)).toBe("ENCODING_INVALID");
  });

  test("has one text for all bytes, and one only", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
        expect(decodeBase64url(encodeBase64url(bytes))).toEqual(bytes);
      }),
    );
    fc.assert(
      fc.property(fc.string({ maxLength: 8 }), (text) => {
        expect(code(text) === "ENCODING_INVALID" || encodeBase64url(decodeBase64url(text)) === text).toBe(
          true,
        );
      }),
    );
  });
});
