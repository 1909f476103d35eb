import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Happening } from "../../../src/session/notify/happening.ts";
import { jsonMessage } from "../../../src/session/notify/json-message.ts";
import { signatureHeader } from "../../../src/session/notify/signature.ts";
import { defused, slackMessage } from "../../../src/session/notify/slack-message.ts";
import { Secret } from "../../../src/session/types.ts";

const request = "01M86A1MWTZZA6F1Q12XEVP2V0";
const pending: Happening = {
  event: "pending",
  request,
  requestHash: "ab".repeat(32),
  requester: { name: "alice", arn: "arn:aws:sts::111122223333:assumed-role/Dev_Team/alice" },
  targets: ["customers:read"],
  role: "arn:aws:iam::111122223333:role/pii-customers",
  duration: 1800,
  purpose: "support",
  quorum: 2,
  approvers: ["owners"],
  texts: { reason: "Customer cannot log in", ticket: "SUP-1" },
};
const of = { organization: "acme", sentAt: 1_795_508_196 };
const textOf = (json: string): string => JSON.parse(json).text;

describe("a message for people", () => {
  test("says who, what, how long, the purpose, and the exact line to agree with", () => {
    const lines = textOf(slackMessage(pending, { texts: false }, of)).split("\n");
    expect(lines).toEqual([
      "alice asks for customers:read [jit, acme]",
      `For 30m, purpose support, request ${request}`,
      "Who: arn:aws:sts::111122223333:assumed-role/Dev_Team/alice",
      "Role: arn:aws:iam::111122223333:role/pii-customers",
      "Needs 2 of: owners",
      `To agree: jit approve ${request}`,
    ]);
  });

  test.each([
    "approved",
    "denied",
    "issued",
    "breakGlass",
    "revoked",
    "test",
  ] as const)("of %s asks nobody to agree", (event) => {
    expect(textOf(slackMessage({ ...pending, event }, { texts: false }, of))).not.toContain("jit approve");
  });

  test("holds reason and ticket only where the catalog says so", () => {
    expect(textOf(slackMessage(pending, { texts: false }, of))).not.toMatch(/log in|SUP-1/);
    expect(textOf(slackMessage(pending, { texts: true }, of))).toMatch(
      /Reason: Customer cannot log in\nTicket: SUP-1/,
    );
  });

  test.each([
    ["<!channel> now", "&lt;!channel&gt; now"],
    ["<@U123> & co", "&lt;＠U123&gt; &amp; co"],
    ["@here @channel", "＠here ＠channel"],
    ["*bold* `code` ~gone~ _it_", "∗bold∗ ˋcodeˋ ∼gone∼ ＿it＿"],
    ["[click](https://evil.example)", "［click］(https://evil.example)"],
    ["snake_case_name", "snake_case_name"],
    ["two\nlines\u202e", "two＼u{a}lines＼u{202e}"],
    ["x".repeat(400), `${"x".repeat(300)}…`],
  ])("%j stands as %j", (text, safe) => {
    expect(defused(text)).toBe(safe);
  });

  test("whatever the texts are, no line is theirs and nothing in them calls or links", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const happening = { ...pending, purpose: text, texts: { reason: text, ticket: text } };
        const message = textOf(slackMessage(happening, { texts: true }, of));
        expect(message.split("\n").length).toBe(8);
        expect(message.slice(message.indexOf("\n"))).not.toMatch(/[<>@`*~[\]|\\]|&(?!amp;|lt;|gt;)/);
      }),
    );
  });
});

describe("a message for programs", () => {
  test("holds everything but texts", () => {
    expect(JSON.parse(jsonMessage(pending, { texts: false }, of))).toEqual({
      v: 1,
      event: "pending",
      organization: "acme",
      sentAt: 1_795_508_196,
      request,
      requestHash: "ab".repeat(32),
      requester: pending.requester,
      by: null,
      targets: ["customers:read"],
      role: "arn:aws:iam::111122223333:role/pii-customers",
      breakGlass: false,
      seconds: 1800,
      notAfter: null,
      purpose: "support",
      quorum: 2,
      approvers: ["owners"],
      approve: `jit approve ${request}`,
      others: [],
      othersCount: 0,
    });
  });

  test("holds texts where the catalog says so", () => {
    expect(JSON.parse(jsonMessage(pending, { texts: true }, of))).toMatchObject({
      reason: "Customer cannot log in",
      ticket: "SUP-1",
      comment: null,
    });
  });
});

/** HMAC of RFC 2104 by its own words, over SHA-256. */
function hmac(key: string, text: string): string {
  const sha = (...parts: Uint8Array[]) => createHash("sha256").update(Buffer.concat(parts)).digest();
  const bytes = Buffer.from(key);
  const block = Buffer.concat([bytes.length > 64 ? sha(bytes) : bytes], 64);
  const inner = sha(
    block.map((byte) => byte ^ 0x36),
    Buffer.from(text),
  );
  return sha(
    block.map((byte) => byte ^ 0x5c),
    inner,
  ).toString("hex");
}

test("the signature is the HMAC of time and body", () => {
  // RFC 4231 has no key and text of this form: test case 2 shows that the test's own HMAC is right.
  expect(hmac("Jefe", "what do ya want for nothing?")).toBe(
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  );
  const body = '{"v":1,"name":"Straße"}';
  for (const secret of ["s3cret", "long ".repeat(40)]) {
    const header = signatureHeader(new Secret(secret), 1_795_508_196, body);
    expect(header).toBe(`t=1795508196,v1=${hmac(secret, `1795508196.${body}`)}`);
  }
});
