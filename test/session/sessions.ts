import type { Identity } from "../../src/access/types.ts";
import { Secret, type Session } from "../../src/session/types.ts";

/** The moment at which the tests' sessions are issued. */
export const start = new Date("2026-11-24T08:00:00Z");

/** Seconds after `start`. */
export function after(seconds: number): Date {
  return new Date(start.getTime() + seconds * 1000);
}

export const alice: Identity = {
  arn: "arn:aws:iam::111122223333:user/people/alice",
  userid: "AIDAALICEALICEALICE0",
  account: "111122223333",
};

export const secretText = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
export const tokenText = "FwoGZXIvYXdzEJr//////////wEaDO+a=";

/** A session of half an hour whose credentials and grant end together; `change` replaces members. */
export function session(change: Partial<Session> = {}): Session {
  return {
    request: "01KAV7Q3Z00123456789ABCDEF",
    requestHash: "a".repeat(64),
    issueHash: "b".repeat(64),
    targets: ["customers:read"],
    role: "arn:aws:iam::444455556666:role/customers",
    region: "eu-central-1",
    issuedAt: start,
    notAfter: after(1800),
    lease: undefined,
    policy: '{"Version":"2012-10-17","Statement":[]}',
    identity: alice,
    organization: "f".repeat(64),
    catalog: "c".repeat(64),
    credentials: {
      accessKeyId: "ASIAEXAMPLEEXAMPLE00",
      secretAccessKey: new Secret(secretText),
      sessionToken: new Secret(tokenText),
      expiration: after(1800),
    },
    ...change,
  };
}

/** The session with credentials that end at another time. */
export function lapsingAt(expiration: Date, change: Partial<Session> = {}): Session {
  const base = session(change);
  return { ...base, credentials: { ...base.credentials, expiration } };
}
