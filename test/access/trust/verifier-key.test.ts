import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { isVerifierKey } from "../../../src/access/trust/verifier-key.ts";
import { ada } from "./keys.ts";

function verifierKey(name: string, type: number, key: Uint8Array): string {
  const typed = Buffer.concat([Buffer.of(type), key]);
  const hash = createHash("sha256").update(`${name}\n`).update(typed).digest("hex").slice(0, 8);
  return `${name}+${hash}+${typed.toString("base64")}`;
}

const point = Buffer.from(ada.publicKey.x, "base64url");

describe("verifier keys", () => {
  test("the one of Go's golang.org/x/mod/sumdb/note and of the Go checksum database", () => {
    expect(isVerifierKey("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")).toBe(true);
    expect(isVerifierKey("sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8")).toBe(true);
  });

  test("log keys and witnesses", () => {
    expect(isVerifierKey(verifierKey("example.org/log", 1, point))).toBe(true);
    expect(isVerifierKey(verifierKey("example.org/witness", 4, point))).toBe(true);
  });

  test.each([
    ["no key", ""],
    ["another name", verifierKey("example.org/log", 1, point).replace("log", "lag")],
    ["another hash", verifierKey("a", 1, point).replace(/\+[0-9a-f]/, "+x")],
    ["a point of small order", verifierKey("a", 1, Buffer.concat([Buffer.of(1), Buffer.alloc(31)]))],
    ["a short key", verifierKey("a", 1, point.subarray(1))],
    ["a long key", verifierKey("a", 4, Buffer.concat([point, point]))],
    ["a name with a space", verifierKey("a b", 1, point)],
    ["a name with a plus", verifierKey("a+b", 1, point)],
    ["a line end", `${verifierKey("a", 1, point)}\n`],
    ["loose base64", verifierKey("a", 1, point).replace(/.$/, "=")],
  ])("refuses %s", (_, text) => {
    expect(isVerifierKey(text)).toBe(false);
  });
});
