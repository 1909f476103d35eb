import { generateKeyPairSync } from "node:crypto";

/** A one-time key to which a session is sealed: P-256 (RFC 7518, section 6.2). */
export interface SealKey {
  readonly kty: "EC";
  readonly crv: "P-256";
  readonly x: string;
  readonly y: string;
  readonly d: string;
}

export function makeSealKey(): SealKey {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x = "", y = "", d = "" } = privateKey.export({ format: "jwk" });
  return { kty: "EC", crv: "P-256", x, y, d };
}

/** What of it stands in the request. */
export function publicHalf({ kty, crv, x, y }: SealKey): Readonly<Record<string, string>> {
  return { crv, kty, x, y };
}
