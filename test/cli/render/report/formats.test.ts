import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { reportCsv } from "../../../../src/cli/render/report/csv.ts";
import { reportHtml } from "../../../../src/cli/render/report/html.ts";
import { escapeMarkdown, reportMarkdown } from "../../../../src/cli/render/report/markdown.ts";
import { hostile, sampleReport } from "./sample.ts";

/** Tags with their attributes' names: all of a page but its text. */
function skeleton(page: string): string[] {
  const body = page.slice(page.indexOf("</style>"));
  return [...body.matchAll(/<[^>]*>/g)].map(([tag]) => tag.replace(/="[^"]*"/g, '=""'));
}

const policyOf = (page: string) =>
  /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1] ?? "";

describe("HTML", () => {
  const page = reportHtml(sampleReport());

  test("has no script, no style outside its one sheet, and names nothing to fetch", () => {
    expect(page).not.toMatch(
      /<script|\son[a-z]+=|\sstyle=|javascript:|url\(|@import|<link|<iframe|<img|<object|<base/i,
    );
    expect(
      [...page.matchAll(/\b(?:src|href|action)="([^"]*)"/g)].filter(([, to]) => !to?.startsWith("#")),
    ).toEqual([]);
    expect(page).not.toMatch(/https?:\/\//);
  });

  test("lets the browser fetch nothing, and use its own style alone", () => {
    const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? "";
    const digest = createHash("sha256").update(style).digest("base64");
    expect(policyOf(page).replaceAll("&#39;", "'")).toBe(
      `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'`,
    );
  });

  test("opens and closes its elements in order", () => {
    const open: string[] = [];
    for (const [, close, name = ""] of page.matchAll(/<(\/?)([a-z0-9]+)(?:\s[^>]*)?>/g)) {
      if (["meta"].includes(name)) continue;
      if (close === "") open.push(name);
      else expect(open.pop()).toBe(name);
    }
    expect(open).toEqual([]);
  });

  test.each(hostile.map((text) => [text]))("%j stays text: the page's elements are the same", (text) => {
    // With its own word behind each, so that texts that differ stay apart.
    const spoilt = reportHtml(sampleReport((plain) => `${text}${plain}`));
    expect(skeleton(spoilt)).toEqual(skeleton(page));
    expect(policyOf(spoilt)).toBe(policyOf(page));
  });

  test("every time of a table is on one line, to the minute", () => {
    const columns = [...page.matchAll(/<th class="(\w+)">[^<]*\(UTC\)<\/th>/g)].map(([, kind]) => kind);
    const times = [...page.matchAll(/<td class="at">([^<]+)<\/td>/g)].map(([, time]) => time);
    expect(new Set(columns)).toEqual(new Set(["at"]));
    expect(times).toContain("2026-11-10 08:00");
    expect(times.filter((time) => !/^\d{4}-\d\d-\d\d \d\d:\d\d$/.test(time ?? ""))).toEqual([]);
  });

  test("charts bear the numbers of the tables", () => {
    const values = (id: string) => {
      const section = page.slice(page.indexOf(`<section id="${id}"`));
      return [...section.slice(0, section.indexOf("</svg>")).matchAll(/data-value="(\d+)"/g)].map(
        ([, value]) => Number(value),
      );
    };
    expect(values("persons")).toEqual([2, 1, 1, 1, 1, 0]);
    expect(values("lengths")).toEqual([0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(values("officeHours")).toHaveLength(7 * 24);
    expect(values("officeHours").reduce((all, value) => all + value)).toBe(4);
    // Every day from the first to the last.
    expect(values("overview")).toEqual([1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
  });
});

describe("Markdown", () => {
  const plain = reportMarkdown(sampleReport());
  const cells = (line: string) => line.replace(/\\./g, "").split("|").length;

  test("says what could not be verified before anything is counted", () => {
    const headings = [...plain.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
    expect(headings[0]).toBe("What could not be verified");
    expect(plain.slice(plain.indexOf(headings[0] ?? ""))).toMatch(/CHAIN\\_GAP/);
  });

  test.each(hostile.map((text) => [text]))("%j stays text: lines and cells are the same", (text) => {
    const spoilt = reportMarkdown(sampleReport((word) => `${text}${word}`)).split("\n");
    const lines = plain.split("\n");
    expect(spoilt).toHaveLength(lines.length);
    expect(spoilt.map(cells)).toEqual(lines.map(cells));
    expect(spoilt.join("\n")).not.toMatch(/(?<!\\)(?:<|\]\(|!\[)|https?:\/\/|\bwww\./i);
  });

  test.each([
    ["# heading", "\\# heading"],
    ["- item", "\\- item"],
    ["1. item", "1\\. item"],
    ["a_b", "a\\_b"],
    ["https://x", "https\\:\\/\\/x"],
  ])("%j is %j", (text, escaped) => {
    expect(escapeMarkdown(text)).toBe(escaped);
  });
});

describe("CSV", () => {
  test("has a figure a row, and nothing that a spreadsheet computes", () => {
    const rows = reportCsv(sampleReport()).split("\r\n");
    expect(rows[0]).toBe("part,item,measure,value");
    expect(rows).toContain("persons,alice,requests,2");
    expect(rows).toContain('stores,restricted,"granted time",1h30m');
    const spoilt = reportCsv(sampleReport((plain) => `=${plain}`));
    expect(spoilt).not.toMatch(/(?:^|,|\n)"?[=+@-]/);
  });
});
