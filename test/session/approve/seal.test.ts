import { generateKeyPairSync } from "node:crypto";
import { decodeProtectedHeader } from "jose";
import { expect, test } from "vitest";
import { codeOf } from "../../../src/error.ts";
import { checkSealTo, openCredentials, sealCredentials } from "../../../src/session/approve/seal.ts";
import { makeSealKey, publicHalf } from "../../../src/session/approve/seal-key.ts";
import { type Credentials, Secret } from "../../../src/session/types.ts";

const credentials: Credentials = {
  accessKeyId: "ASIAEXAMPLEEXAMPLE00",
  secretAccessKey: new Secret("the secret"),
  sessionToken: new Secret("the/token+="),
  expiration: new Date("2026-11-24T09:00:00Z"),
};
const plain = { ...credentials, secretAccessKey: new Secret("the-secret"), sessionToken: new Secret("t/+=") };
const hash = "ab".repeat(32);
const failure = (work: Promise<unknown>) => work.then(() => undefined, codeOf);

test("what is sealed opens with the one key, for the one request, and shows nothing", async () => {
  const key = makeSealKey();
  const sealed = await sealCredentials(plain, publicHalf(key), hash);
  const opened = await openCredentials(sealed, key, hash);
  expect(opened.secretAccessKey.reveal()).toBe("the-secret");
  expect(opened.sessionToken.reveal()).toBe("t/+=");
  expect({ id: opened.accessKeyId, at: opened.expiration }).toEqual({
    id: plain.accessKeyId,
    at: plain.expiration,
  });
  expect(decodeProtectedHeader(sealed)).toMatchObject({
    alg: "ECDH-ES",
    enc: "A256GCM",
    apv: Buffer.from(hash, "hex").toString("base64url"),
  });
  expect(Buffer.from(sealed.split(".").join(""), "base64url").toString("latin1")).not.toContain("the-secret");
  expect(JSON.stringify(opened)).not.toContain("the-secret");
});

test("it opens for no other key, no other request, and not with a byte changed", async () => {
  const key = makeSealKey();
  const sealed = await sealCredentials(plain, publicHalf(key), hash);
  expect(await failure(openCredentials(sealed, makeSealKey(), hash))).toBe("SEAL_BROKEN");
  expect(await failure(openCredentials(sealed, key, "cd".repeat(32)))).toBe("SEAL_BROKEN");
  const parts = sealed.split(".");
  for (const part of [0, 2, 3, 4]) {
    const text = parts[part] ?? "";
    const changed = parts.with(part, `${text.slice(0, 4)}${text[4] === "A" ? "B" : "A"}${text.slice(5)}`);
    expect(await failure(openCredentials(changed.join("."), key, hash))).toBe("SEAL_BROKEN");
  }
});

test("what holds something else than credentials is none", async () => {
  const key = makeSealKey();
  const sealed = await sealCredentials(credentials, publicHalf(key), hash);
  // A secret with a space is none that AWS gives.
  expect(await failure(openCredentials(sealed, key, hash))).toBe("SEAL_BROKEN");
});

test("a request of another client may bring an X25519 key; what is no key is told before anything is issued", async () => {
  const { x = "", crv = "", kty = "" } = generateKeyPairSync("x25519").publicKey.export({ format: "jwk" });
  await checkSealTo({ x, crv, kty });
  const { y: _, ...half } = publicHalf(makeSealKey());
  expect(await failure(checkSealTo(half as Record<string, string>))).toBe("SEAL_KEY_INVALID");
  const off = { kty: "EC", crv: "P-256", x: "A".repeat(43), y: "A".repeat(43) };
  expect(await failure(checkSealTo(off))).toBe("SEAL_KEY_INVALID");
});
