import fc from "fast-check";
import { expect, test } from "vitest";
import { checkTicketUrl, ticketUrl } from "../../../src/access/ticket/url.ts";

test.each([
  ["https://tickets.acme.example/jit", true],
  ["https://tickets.acme.example:8443/jit?key={ticket}&v=1", true],
  ["https://tickets.acme.example/api/{ticket}", true],
  ["https://tickets.acme.example/api/{ticket}/state?x=1", true],
  ["http://127.0.0.1:9/{ticket}", true],
  ["http://tickets.acme.example/{ticket}", false],
  ["http://169.254.169.254/", false],
  ["ftp://tickets.acme.example/", false],
  ["https://ann:secret@tickets.acme.example/", false],
  ["https://{ticket}.acme.example/", false],
  ["https://tickets.acme.example:{ticket}/", false],
  ["https://tickets.acme.example/a{ticket}", false],
  ["https://tickets.acme.example/{ticket}.json", false],
  ["https://tickets.acme.example/{ticket}/{ticket}", false],
  ["https://tickets.acme.example/{key}", false],
  ["https://tickets.acme.example/?a={ticket}&b={ticket}", false],
  ["https://tickets.acme.example/#{ticket}", false],
  ["HTTPS:tickets.acme.example/", false],
  ["tickets.acme.example", false],
])("%s is taken: %s", (url, good) => {
  expect(checkTicketUrl(url) === undefined).toBe(good);
});

test("whatever a ticket holds, it stays one segment of the path or one value of the query", () => {
  const ticket = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(ticket, (text) => {
      const inPath = ticketUrl("https://t.example/api/{ticket}/state", text);
      if (/^\.{1,2}$/.test(text)) expect(inPath).toBeUndefined();
      else {
        expect(inPath?.host).toBe("t.example");
        expect(inPath?.pathname.split("/").length).toBe(4);
        expect(decodeURIComponent(inPath?.pathname.split("/")[2] ?? "")).toBe(text);
        expect(inPath?.search).toBe("");
      }
      const inQuery = ticketUrl("https://t.example/?a=1&t={ticket}&b=2", text);
      expect(inQuery?.pathname).toBe("/");
      expect([...(inQuery?.searchParams.keys() ?? [])]).toEqual(["a", "t", "b"]);
    }),
  );
});

test("what stands for a match in replacements stands for itself", () => {
  expect(ticketUrl("https://t.example/{ticket}", "$&$'")?.pathname).toBe("/%24%26%24'");
});
