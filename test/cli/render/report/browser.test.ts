import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import { reportHtml } from "../../../../src/cli/render/report/html.ts";
import { hostile, sampleReport } from "./sample.ts";

/** The report in a real browser, where there is one. */

const chromium = ["chromium", "chromium-browser", "google-chrome"].find(
  (name) => spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0,
);
const folder = mkdtempSync(join(tmpdir(), "jit-report-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The page's elements after the browser has read it, and what its console said. */
function open(page: string): { readonly dom: string; readonly said: string } {
  const file = join(folder, "report.html");
  writeFileSync(file, page);
  const flags = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--enable-logging=stderr",
    `--user-data-dir=${folder}/profile`,
  ];
  const run = spawnSync(chromium ?? "", [...flags, "--dump-dom", pathToFileURL(file).href], {
    encoding: "utf8",
    timeout: 60_000,
  });
  return {
    dom: run.stdout,
    said: run.stderr
      .split("\n")
      .filter((line) => line.includes("CONSOLE"))
      .join("\n"),
  };
}

test.skipIf(chromium === undefined)(
  "a browser finds the charts' numbers, and its console is silent",
  { timeout: 90_000 },
  () => {
    const { dom, said } = open(reportHtml(sampleReport()));
    expect(said).toBe("");
    expect(dom.match(/<svg/g)).toHaveLength(7);
    const persons = dom.slice(dom.indexOf('<section id="persons"'));
    const values = [...persons.slice(0, persons.indexOf("</svg>")).matchAll(/data-value="(\d+)"/g)];
    expect(values.map(([, value]) => value)).toEqual(["2", "1", "1", "1", "1", "0"]);
  },
);

test.skipIf(chromium === undefined)("a browser sees hostile text as text", { timeout: 90_000 }, () => {
  const { dom, said } = open(reportHtml(sampleReport((plain) => `${hostile.join(" ")}${plain}`)));
  expect(said).toBe("");
  expect(dom).not.toMatch(/<script|<img|<b>(?!\d|–|[0-9a-z]+<)/);
  expect(dom.match(/<section/g)).toHaveLength(14);
});
