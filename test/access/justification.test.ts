import { describe, expect, test } from "vitest";
import {
  checkJustification,
  checkPurpose,
  checkReason,
  checkTicket,
  maximumReason,
  maximumTicket,
} from "../../src/access/justification.ts";
import type { JustificationRules } from "../../src/access/types.ts";
import { codeThrownBy } from "./support.ts";

const rules: JustificationRules = {
  purposes: new Map([
    ["support", "A customer asked for help"],
    ["incident", "Something is broken now"],
  ]),
  minimumLength: 12,
  ticket: { required: true, pattern: /^(?:[A-Z]+-[0-9]+)$/u, example: "SUP-1" },
};
const free: JustificationRules = {
  purposes: new Map(),
  minimumLength: 1,
  ticket: { required: false, pattern: undefined, example: undefined },
};
const good = { purpose: "support", reason: "Refund for order 5512 failed", ticket: "SUP-99" };

test("a good justification is taken as it is", () => {
  expect(checkJustification(rules, good)).toEqual({ justification: good, warnings: [] });
});

test("white space is folded before anything is counted", () => {
  const { justification } = checkJustification(rules, {
    purpose: " support ",
    reason: "  Refund   for order  5512 failed ",
    ticket: " SUP-99 ",
  });
  expect(justification).toEqual(good);
  expect(codeThrownBy(() => checkReason(rules, `a${" ".repeat(40)}b`))).toBe("REASON_TOO_SHORT");
});

describe("what is refused", () => {
  test.each<[string, Partial<Record<keyof typeof good, string | undefined>>, string]>([
    ["no purpose", { purpose: undefined }, "PURPOSE_MISSING"],
    ["a blank purpose", { purpose: " " }, "PURPOSE_MISSING"],
    ["an unknown purpose", { purpose: "suport" }, "PURPOSE_UNKNOWN"],
    ["a purpose that objects have", { purpose: "constructor" }, "PURPOSE_UNKNOWN"],
    ["no reason", { reason: undefined }, "REASON_MISSING"],
    ["a blank reason", { reason: "     " }, "REASON_MISSING"],
    ["a short reason", { reason: "a refund" }, "REASON_TOO_SHORT"],
    ["one character over and over", { reason: "xxxxxxxxxxxxxxxx" }, "REASON_EMPTY_WORDS"],
    ["keys over and over", { reason: "asdfasdfasdfasdf" }, "REASON_EMPTY_WORDS"],
    ["one word over and over", { reason: "test Test TEST test" }, "REASON_EMPTY_WORDS"],
    ["two words over and over", { reason: "need access, need access, need access" }, "REASON_EMPTY_WORDS"],
    ["what the prompt asks", { reason: "Why do you need it?" }, "REASON_EMPTY_WORDS"],
    ["dots", { reason: "................." }, "REASON_EMPTY_WORDS"],
    ["digits", { reason: "1234 5678 9012 34" }, "REASON_EMPTY_WORDS"],
    ["the prompt", { reason: "Reason for access?" }, "REASON_EMPTY_WORDS"],
    ["the purpose's meaning", { reason: "a customer asked for help." }, "REASON_EMPTY_WORDS"],
    ["a reason without end", { reason: "a b ".repeat(300) }, "TEXT_TOO_LONG"],
    ["no ticket", { ticket: undefined }, "TICKET_MISSING"],
    ["a blank ticket", { ticket: " " }, "TICKET_MISSING"],
    ["a bad ticket", { ticket: "sup-99" }, "TICKET_INVALID"],
    ["a ticket and more", { ticket: "SUP-99 and SUP-98" }, "TICKET_INVALID"],
    ["a ticket without end", { ticket: `S-${"1".repeat(200)}` }, "TEXT_TOO_LONG"],
    ["escape sequences", { reason: "Refund \u001b[31m for order 5512" }, "TEXT_HOSTILE"],
    ["a line end", { reason: "Refund for order\n5512 failed" }, "TEXT_HOSTILE"],
    ["a bidirectional mark", { reason: "Refund for \u202eorder 5512" }, "TEXT_HOSTILE"],
    ["a zero-width space", { ticket: "SUP\u200b-99" }, "TEXT_HOSTILE"],
    ["a lone surrogate", { reason: "Refund for order \ud800 5512" }, "TEXT_HOSTILE"],
    ["a byte order mark as white space", { purpose: "\ufeffsupport" }, "TEXT_HOSTILE"],
  ])("%s", (_, change, code) => {
    expect(codeThrownBy(() => checkJustification(rules, { ...good, ...change }))).toBe(code);
  });
});

describe("the edges", () => {
  test("lengths are taken up to the last character", () => {
    const words = "customer ".repeat(200).slice(0, maximumReason - 1);
    expect(checkReason(free, `${words.trim()}x`).length).toBeGreaterThan(900);
    expect(checkTicket(free, "T".repeat(maximumTicket))).toHaveLength(maximumTicket);
    expect(codeThrownBy(() => checkTicket(free, "T".repeat(maximumTicket + 1)))).toBe("TEXT_TOO_LONG");
  });

  test("characters are counted, not code units", () => {
    const twelve: JustificationRules = { ...rules, minimumLength: 12 };
    expect(codeThrownBy(() => checkReason(twelve, "refund 😀😀😀"))).toBe("REASON_TOO_SHORT");
  });

  test("without purposes any text is one; without need a ticket may be left out", () => {
    expect(checkPurpose(free, "Anything at all")).toBe("Anything at all");
    expect(checkTicket(free, undefined)).toBeUndefined();
    expect(checkTicket(free, "  ")).toBeUndefined();
  });

  test.each([
    "Kundin bat um Rückruf",
    "顧客からの返金依頼を確認する",
    "возврат по заказу 5512",
    "fix bug",
  ])("a reason in any language: %s", (reason) => {
    expect(checkReason(free, reason)).toBe(reason);
  });
});

test("personal data is shown and not refused", () => {
  const { warnings } = checkJustification(rules, {
    ...good,
    reason: "ann@example.com paid with 4111 1111 1111 1111",
  });
  expect(warnings.map(({ field, kind }) => [field, kind])).toEqual([
    ["reason", "email"],
    ["reason", "cardNumber"],
  ]);
});
