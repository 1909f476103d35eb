import { parseCatalog } from "../../access/catalog/parse.ts";
import { ruleSchema } from "../../access/rules/schema.ts";
import { parseCases, runCases } from "../../access/rules/table.ts";
import { JitError } from "../../error.ts";
import { readFile } from "../compose/admin-files.ts";
import { checkedRules, openRules } from "../compose/rules.ts";
import { argument, type Context, isOn, printJson, text } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { counted } from "../render/counted.ts";
import { clean } from "../style.ts";

/** `jit rules check`: the rules of a catalog, each with what it speaks of. */
export async function rulesCheck(context: Context): Promise<number> {
  const { terminal, style } = context;
  if (isOn(context, "schema")) {
    terminal.print(ruleSchema.trimEnd());
    return 0;
  }
  const path = context.invocation.args[0] ?? "jit.yaml";
  const catalog = parseCatalog(readFile(path), path);
  const rules = await checkedRules(catalog, path);
  if (context.json) {
    const told = rules.map(({ tree: _, ...rule }) => rule);
    printJson(context, { file: path, digest: catalog.digest, rules: told });
    return 0;
  }
  if (rules.length === 0) {
    terminal.print(`${style.warn("!")} ${path} has no rules: whoever may assume a store's role may ask`);
    return 0;
  }
  terminal.print(`${style.good("✓")} ${path}: ${counted(rules.length, "rule")}`);
  for (const { id, effect, actions, advice } of rules) {
    terminal.print(`  ${style.name(clean(id))}  ${effect} ${actions.join(", ")}`);
    if (advice !== undefined) terminal.print(style.dim(`    ${clean(advice)}`));
  }
  return 0;
}

/** `jit rules test`: a table of cases against the rules of a catalog. */
export async function rulesTest(context: Context): Promise<number> {
  const { terminal, style } = context;
  const path = argument(context, 0, "the file of cases");
  const source = text(context, "catalog") ?? "jit.yaml";
  const catalog = parseCatalog(readFile(source), source);
  if (catalog.rules === undefined) throw new JitError("USAGE", `${source} has no rules to test`);
  await checkedRules(catalog, source);
  const results = await runCases(parseCases(readFile(path), path), openRules(source), catalog, new Date());
  const failed = results.filter(({ passed }) => !passed).length;
  if (context.json) printJson(context, { file: path, catalog: source, failed, cases: results });
  else {
    for (const { name, expected, found, message, passed } of results) {
      terminal.print(
        passed
          ? `${style.good("✓")} ${clean(name)}: ${clean(found)}`
          : `${style.bad("✗")} ${clean(name)}: expected ${clean(expected)}, found ${clean(found)}`,
      );
      if (!passed && message !== undefined) terminal.print(style.dim(`  ${clean(message)}`));
    }
    terminal.print(`${results.length - failed} of ${results.length} cases hold`);
  }
  return failed === 0 ? 0 : exitCodes.found.code;
}
