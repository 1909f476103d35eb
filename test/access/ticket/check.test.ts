import { describe, expect, test } from "vitest";
import { judgeTicket, parseTicketAnswer, type TicketAnswer } from "../../../src/access/ticket/check.ts";
import type { TicketCheck } from "../../../src/access/types.ts";
import { codeOf } from "../../../src/error.ts";

const check: TicketCheck = {
  url: "https://t.example/{ticket}",
  onDown: "refuse",
  timeout: 3,
  assigned: true,
  networks: [],
};
const open: TicketAnswer = { kind: "known", open: true, assignees: ["alice"], used: false };

function codeFrom(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    return codeOf(error);
  }
  return undefined;
}

const bytes = (text: string) => new TextEncoder().encode(text);

describe("an answer", () => {
  test.each<[string, TicketAnswer]>([
    ['{"exists":false}', { kind: "unknown" }],
    ['{"exists":false,"open":true}', { kind: "unknown" }],
    ['{"exists":true,"open":true,"assignee":"alice"}', open],
    ['{"exists":true,"open":true,"assignee":["alice"],"used":false,"more":{"x":1.5}}', open],
    [
      '{"exists":true,"open":false,"assignee":null,"used":true}',
      { kind: "known", open: false, assignees: [], used: true },
    ],
  ])("%s", (text, answer) => {
    expect(parseTicketAnswer(bytes(text))).toEqual(answer);
  });

  test.each([
    ["nothing", ""],
    ["a page", "<html>Log in</html>"],
    ["null", "null"],
    ["a list", '[{"exists":true,"open":true}]'],
    ["a word for yes", '{"exists":"true","open":true}'],
    ["a number for yes", '{"exists":1,"open":1}'],
    ["no word on open", '{"exists":true}'],
    ["a word for used", '{"exists":true,"open":true,"used":"no"}'],
    ["a person as an object", '{"exists":true,"open":true,"assignee":{"name":"alice"}}'],
    ["a name too long", `{"exists":true,"open":true,"assignee":"${"a".repeat(257)}"}`],
    ["too many names", `{"exists":true,"open":true,"assignee":[${Array(65).fill('"a"').join()}]}`],
    ["a member twice", '{"exists":false,"exists":true,"open":true}'],
    ["an inherited member", '{"__proto__":{"exists":true,"open":true}}'],
  ])("that is %s is none", (_what, text) => {
    expect(codeFrom(() => parseTicketAnswer(bytes(text)))).toBe("TICKET_CHECK_INVALID");
  });

  test("that is no UTF-8 is none", () => {
    expect(codeFrom(() => parseTicketAnswer(Uint8Array.of(0x22, 0xff, 0x22)))).toBe("TICKET_CHECK_INVALID");
  });
});

describe("a request", () => {
  test.each<[string, TicketAnswer, readonly string[], string | undefined]>([
    ["goes on with one's own open ticket", open, ["Alice"], undefined],
    ["goes on by any of one's names", open, ["90677268-1071", "alice"], undefined],
    ["needs the ticket to exist", { kind: "unknown" }, ["alice"], "TICKET_UNKNOWN"],
    ["needs it open", { ...open, open: false }, ["alice"], "TICKET_CLOSED"],
    ["needs it unused", { ...open, used: true }, ["alice"], "TICKET_USED"],
    ["needs it assigned to who asks", open, ["mallory"], "TICKET_NOT_ASSIGNED"],
    ["needs it assigned at all", { ...open, assignees: [] }, ["alice"], "TICKET_NOT_ASSIGNED"],
    ["takes no part of a name", { ...open, assignees: ["alice2"] }, ["alice"], "TICKET_NOT_ASSIGNED"],
    ["needs an answer", { kind: "down", why: "it answers 503" }, ["alice"], "TICKET_CHECK_DOWN"],
  ])("%s", (_what, answer, names, code) => {
    expect(codeFrom(() => judgeTicket(check, answer, names))).toBe(code);
  });

  test("notes what was checked, and names nobody", () => {
    expect(judgeTicket(check, open, ["alice"])).toEqual({
      claimed: { "ticket.check": "open, assigned" },
      warning: undefined,
    });
    expect(judgeTicket({ ...check, assigned: false }, open, ["mallory"]).claimed).toEqual({
      "ticket.check": "open",
    });
  });

  test("goes on without an answer where the catalog says so, with a warning or without", () => {
    const down: TicketAnswer = { kind: "down", why: "it answers 503" };
    const claimed = { "ticket.check": "unavailable" };
    expect(judgeTicket({ ...check, onDown: "allow" }, down, ["alice"])).toEqual({
      claimed,
      warning: undefined,
    });
    const warned = judgeTicket({ ...check, onDown: "warn" }, down, ["alice"]);
    expect(warned.claimed).toEqual(claimed);
    expect(warned.warning).toContain("503");
  });
});
