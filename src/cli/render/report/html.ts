import { createHash } from "node:crypto";
import { chartSvg } from "./charts.ts";
import type { Headline, ReportDocument, Section, Table } from "./document.ts";
import { html, type Markup } from "./markup.ts";
import { reportStyle } from "./page-style.ts";

/** Rows that stand open; longer tables are folded. */
const openRows = 15;

/**
 * The report as one page that needs nothing else: no script, nothing fetched, and a policy that lets the browser do neither.
 */
export function reportHtml(report: ReportDocument): string {
  const policy = `default-src 'none'; style-src 'sha256-${digest(reportStyle)}'; base-uri 'none'; form-action 'none'`;
  const contents = report.sections.map(({ id, title }) => html`<a href="#${id}">${title}</a>`);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<title>${report.title}</title>
<style>${{ markup: reportStyle }}</style>
</head>
<body>
<header>
<h1>${report.title}</h1>
<dl>${report.facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
<ul class="caveats">${report.caveats.map((caveat) => html`<li>${prose(caveat)}</li>`)}</ul>
<div class="headlines">${report.headlines.map(headline)}</div>
<nav>${contents}</nav>
</header>
<main>
${report.sections.map(section)}
</main>
</body>
</html>
`;
  return page.markup;
}

function headline({ label, value, tone }: Headline): Markup {
  return html`<div class="headline ${tone}"><b>${value}</b><span>${label}</span></div>`;
}

function section({ id, title, about, rules, chart, tables }: Section): Markup {
  const tags = rules.map((rule) => html`<span class="rule">${rule}</span>`);
  return html`<section id="${id}">
<h2>${title}</h2>
${about === "" ? "" : html`<p>${prose(about)}</p>`}
${tags.length === 0 ? "" : html`<p class="rules">Speaks to ${tags}</p>`}
${chart === undefined ? "" : chartSvg(chart)}
${tables.map(table)}
</section>
`;
}

function table({ head, rows, none }: Table): Markup {
  if (rows.length === 0) return html`<p class="none">${none}</p>`;
  const numeric = head.map((_, column) => rows.every((row) => typeof row[column] === "number"));
  const kind = (column: number) => {
    const name = head[column] ?? "";
    if (numeric[column] === true) return "n";
    return name === "request" ? "id" : name.endsWith("(UTC)") ? "at" : "t";
  };
  const cells = (row: readonly (string | number)[]) =>
    row.map((cell, column) => html`<td class="${kind(column)}">${cell}</td>`);
  const whole = html`<div class="scroll"><table><thead><tr>${head.map((name, column) => html`<th class="${kind(column)}">${name}</th>`)}</tr></thead><tbody>${rows.map((row) => html`<tr>${cells(row)}</tr>`)}</tbody></table></div>`;
  return rows.length <= openRows
    ? whole
    : html`<details><summary>${rows.length} rows</summary>${whole}</details>`;
}

/** Our own sentences, in which backquotes set a command. */
function prose(text: string): readonly Markup[] {
  return text
    .split(/(`[a-z ]+`)/)
    .map((part) => (/^`[a-z ]+`$/.test(part) ? html`<code>${part.slice(1, -1)}</code>` : html`${part}`));
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}
