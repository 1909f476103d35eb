import { createPrivateKey, sign } from "node:crypto";
import { thumbprint } from "../../../src/access/jwk.ts";
import type { GeneralSigner } from "../../../src/access/trust/jws.ts";
import type { PublicJwk } from "../../../src/access/types.ts";

/** A key pair that is the same in every run. */
export interface TestKey extends GeneralSigner {
  readonly publicKey: PublicJwk;
}

/** The Ed25519 key whose seed is 32 times this byte. */
export function testKey(seed: number): TestKey {
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32, seed)]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const { x } = key.export({ format: "jwk" });
  if (x === undefined) throw new Error("no public half");
  const publicKey: PublicJwk = { kty: "OKP", crv: "Ed25519", x };
  return {
    algorithm: "Ed25519",
    publicKey,
    thumbprint: thumbprint(publicKey),
    sign: async (message) => new Uint8Array(sign(null, message, key)),
  };
}

export const [ada, bob, cyd, mallory] = [testKey(1), testKey(2), testKey(3), testKey(66)] as const;

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
