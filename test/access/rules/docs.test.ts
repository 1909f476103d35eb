import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { parseCatalog } from "../../../src/access/catalog/parse.ts";
import { checkRules } from "../../../src/access/rules/check.ts";
import { cedarRules } from "../../../src/access/rules/decide.ts";
import { parseCases, runCases } from "../../../src/access/rules/table.ts";
import { sandboxCatalog } from "../../../src/cli/sandbox-catalog.ts";
import { engine } from "./fixture.ts";

const text = readFileSync(resolve(import.meta.dirname, "../../../docs/rules.md"), "utf8");
const blocks = (language: string) =>
  [...text.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g"))].map(([, body = ""]) => body);
const [catalogPart = "", casesPart = ""] = blocks("yaml");
const more = catalogPart.replace(
  "timeZone",
  `  analysts: { principals: ["arn:aws:iam::111122223333:user/dave"] }
  owners: { principals: ["arn:aws:iam::111122223333:user/bob"] }
timeZone`,
);
const bytes = (yaml: string) => new TextEncoder().encode(yaml);

test("the examples of docs/rules.md are good rules", () => {
  const examples = blocks("cedar")
    .join("\n")
    .replace(/^(?=.)/gm, "  ");
  const catalog = parseCatalog(bytes(`${sandboxCatalog}${more}${examples}`), "docs/rules.md");
  expect(checkRules(engine, catalog, "docs/rules.md").length).toBe(10);
});

test("its table of cases holds", async () => {
  const catalog = parseCatalog(bytes(`${sandboxCatalog}${catalogPart}`), "docs/rules.md");
  const rules = cedarRules(async () => engine, "docs/rules.md", new Map());
  const results = await runCases(parseCases(bytes(casesPart), "docs/rules.md"), rules, catalog, new Date(0));
  expect(results.map(({ passed }) => passed)).toEqual([true, true]);
});
