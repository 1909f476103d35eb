import { describe, expect, test } from "vitest";
import { findPersonal } from "../../src/access/personal.ts";

/** What is found, as the text itself. */
const found = (text: string) =>
  findPersonal("reason", text).map(({ kind, start, end }) => [kind, text.slice(start, end)]);

describe("findPersonal", () => {
  test.each<[string, string[][]]>([
    ["ask ann.smith+x@mail.example.co.uk now", [["email", "ann.smith+x@mail.example.co.uk"]]],
    ["<bob@example.com>", [["email", "bob@example.com"]]],
    // Test numbers of card networks, ISO 13616's and the Social Security Administration's own examples.
    ["card 4111111111111111", [["cardNumber", "4111111111111111"]]],
    ["card 5500-0000-0000-0004.", [["cardNumber", "5500-0000-0000-0004"]]],
    ["amex 3782 822463 10005", [["cardNumber", "3782 822463 10005"]]],
    ["order 12345 4111 1111 1111 1111 99", [["cardNumber", "4111 1111 1111 1111"]]],
    ["to GB82 WEST 1234 5698 7654 32 today", [["iban", "GB82 WEST 1234 5698 7654 32"]]],
    ["DE89370400440532013000", [["iban", "DE89370400440532013000"]]],
    ["DE89 3704 0044 0532 0130 00 PLEASE CHECK", [["iban", "DE89 3704 0044 0532 0130 00"]]],
    ["ssn 078-05-1120", [["socialSecurityNumber", "078-05-1120"]]],
  ])("%j", (text, expected) => {
    expect(found(text)).toEqual(expected);
  });

  test.each([
    "order 4111111111111112",
    "0000 0000 0000 0000",
    "at 2026-11-24 10:15:30",
    "arn:aws:iam::111122223333:role/x",
    "GB82 WEST 1234 5698 7654 33",
    "000-12-3456",
    "666-12-3456",
    "912-12-3456",
    "phone 555-1234",
    "user@host",
    "@ann",
    "",
  ])("nothing in %j", (text) => {
    expect(found(text)).toEqual([]);
  });

  test("is done soon with a hostile text", () => {
    const started = performance.now();
    for (const part of ["a@", "1 ", "DE12 ", "a.", "1-", "AA00"]) findPersonal("reason", part.repeat(500));
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
