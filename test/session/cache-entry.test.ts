import fc from "fast-check";
import { expect, test } from "vitest";
import { decryptEntry, encryptEntry } from "../../src/session/cache-cipher.ts";
import { parseEntry, printEncrypted, printEntry } from "../../src/session/cache-entry.ts";
import type { Session } from "../../src/session/types.ts";
import { secretText, session } from "./sessions.ts";

/** A session with its secrets in the clear, so that `toEqual` compares them. */
function bare(of: Session | undefined) {
  if (of === undefined) return undefined;
  const { secretAccessKey, sessionToken } = of.credentials;
  return {
    ...of,
    credentials: { ...of.credentials, secret: secretAccessKey.reveal(), token: sessionToken.reveal() },
  };
}

function plain(text: string): Session | undefined {
  const entry = parseEntry(text);
  return entry?.kind === "plain" ? entry.session : undefined;
}

const full = session({ inputs: "[1]", clockSkew: -1200_000, lease: 300 });

test.each([
  ["with everything", full],
  ["with the least", session({ region: undefined })],
])("a session %s comes back as it was", (_what, of) => {
  expect(bare(plain(printEntry(of)))).toEqual(bare(of));
});

/** The entry's JSON with one member replaced; `undefined` removes it. */
function damaged(path: readonly string[], value: unknown): string {
  const file = JSON.parse(printEntry(full));
  const parent = path.slice(0, -1).reduce((at, name) => at[name], file);
  parent[path.at(-1) ?? ""] = value;
  return JSON.stringify(file);
}

const members = [
  ...["request", "requestHash", "issueHash", "targets", "role", "issuedAt", "notAfter", "policy"],
  ...["identity", "organization", "catalog", "credentials"],
].map((name) => ["session", name]);
const deeper = [
  ...["arn", "userid", "account"].map((name) => ["session", "identity", name]),
  ...["accessKeyId", "secretAccessKey", "sessionToken", "expiration"].map((name) => [
    "session",
    "credentials",
    name,
  ]),
];

test.each([["v"], ["session"], ...members, ...deeper])("without %s %s %s it is a miss", (...path) => {
  for (const value of [undefined, null, "", 7, [], {}, [7], [""], "2026-13-01T00:00:00Z"]) {
    const isText = value === "2026-13-01T00:00:00Z";
    if (isText && !/At$|After$|expiration$/.test(path.at(-1) ?? "")) continue;
    expect(parseEntry(damaged(path, value))).toBeUndefined();
  }
});

test.each([
  [["session", "lease"], "5"],
  [["session", "lease"], 0],
  [["session", "region"], 5],
  [["session", "inputs"], 5],
  [["session", "clockSkew"], 0.5],
  [["v"], 2],
  [["encrypted"], { iv: "a", ciphertext: "b" }],
])("with a bad %s it is a miss", (path, value) => {
  expect(parseEntry(damaged(path, value))).toBeUndefined();
});

test("whatever the file holds, parsing does not throw", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(parseEntry(text)).toBeUndefined();
    }),
  );
});

test("a file that was cut off anywhere is a miss", () => {
  const text = printEntry(full).trimEnd();
  for (let length = 0; length < text.length; length += 1) {
    expect(parseEntry(text.slice(0, length))).toBeUndefined();
  }
});

const key = new Uint8Array(32).fill(7);
const iv = new Uint8Array(12).fill(9);

test("an encrypted entry holds no secret in the clear, and opens with key and name", () => {
  const text = printEncrypted(encryptEntry(key, "s-a.json", iv, full));
  expect(text).not.toContain(secretText);
  expect(text).not.toContain("customers");
  const entry = parseEntry(text);
  if (entry?.kind !== "encrypted") throw new Error("not encrypted");
  expect(bare(decryptEntry(key, "s-a.json", entry.encrypted))).toEqual(bare(full));
});

test("another key, another name, another byte or a cut tag do not open", () => {
  const sealed = encryptEntry(key, "s-a.json", iv, full);
  const flipped = (text: string) => {
    const bytes = Buffer.from(text, "base64url");
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    return bytes.toString("base64url");
  };
  expect(decryptEntry(new Uint8Array(32), "s-a.json", sealed)).toBeUndefined();
  expect(decryptEntry(key, "s-b.json", sealed)).toBeUndefined();
  expect(decryptEntry(key, "s-a.json", { ...sealed, iv: flipped(sealed.iv) })).toBeUndefined();
  expect(
    decryptEntry(key, "s-a.json", { ...sealed, ciphertext: flipped(sealed.ciphertext) }),
  ).toBeUndefined();
  expect(decryptEntry(key, "s-a.json", { ...sealed, tag: flipped(sealed.tag) })).toBeUndefined();
  expect(decryptEntry(key, "s-a.json", { ...sealed, tag: sealed.tag.slice(0, 8) })).toBeUndefined();
  expect(decryptEntry(key, "s-a.json", { ...sealed, iv: "" })).toBeUndefined();
});
