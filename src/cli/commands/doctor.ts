import { codeOf, isJitError } from "../../error.ts";
import { examine } from "../compose/examine.ts";
import { connect } from "../compose.ts";
import { type Context, printJson } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { counted } from "../render/counted.ts";
import { clean, table, wrap } from "../style.ts";

interface Check {
  readonly name: string;
  readonly state: "good" | "warning" | "bad";
  readonly found: string;
  readonly hint?: string | undefined;
}

/** `jit doctor`: this machine, the catalog, AWS, all asked now and nothing remembered; each line says what was found, and what to do about it. */
export async function doctor(context: Context): Promise<number> {
  const { local, remote } = await examine(context);
  const checks: Check[] = [...local];
  const world = await attempt("organization", async () => await connect(context, true));
  checks.push(world.check);
  if (world.value !== undefined) {
    const { organization, identity, clock, inheritedSourceIdentity } = world.value;
    const { catalog, trust } = organization;
    checks.push(
      {
        name: "catalog",
        state: "good",
        found: `${catalog.organization}, version ${catalog.version}, ${counted(catalog.stores.size, "store")}`,
      },
      trust === undefined
        ? { name: "trust", state: "warning", found: "unsigned: good for trying only" }
        : {
            name: "trust",
            state: "good",
            found: `version ${trust.version}, ${trust.threshold} of ${trust.administrators.length} administrators sign`,
          },
      { name: "AWS identity", state: "good", found: identity.arn },
      ...(inheritedSourceIdentity === undefined
        ? []
        : [{ name: "source identity", state: "good" as const, found: inheritedSourceIdentity }]),
      ...(await remote(world.value)),
      clockCheck(clock.now().getTime() - Date.now()),
    );
  }
  const bad = checks.some(({ state }) => state === "bad");
  if (context.json) printJson(context, { ok: !bad, checks });
  else print(context, checks);
  return bad ? exitCodes.failed.code : 0;
}

async function attempt<T>(
  name: string,
  work: () => Promise<T>,
): Promise<{ check: Check; value: T | undefined }> {
  try {
    return {
      value: await work(),
      check: { name, state: "good", found: "pinned, and believed as it is published now" },
    };
  } catch (error) {
    const known = isJitError(error);
    const found = known ? `${error.message} [${error.code}]` : `unexpected ${codeOf(error) ?? "error"}`;
    return { value: undefined, check: { name, state: "bad", found, hint: known ? error.hint : undefined } };
  }
}

function clockCheck(skew: number): Check {
  const seconds = Math.round(Math.abs(skew) / 1000);
  if (seconds < 2) return { name: "clock", state: "good", found: "as AWS's" };
  const found = `${seconds} s ${skew > 0 ? "behind" : "ahead of"} AWS's; corrected`;
  return {
    name: "clock",
    state: "warning",
    found,
    hint: "set this machine's clock (WSL and containers drift)",
  };
}

function print({ terminal, style }: Context, checks: readonly Check[]): void {
  const marks = { good: style.good("✓"), warning: style.warn("!"), bad: style.bad("✗") };
  const rows = checks.map(({ name, found }) => [name, clean(found)]);
  const paint = (cell: string, _row: number, column: number) => (column === 0 ? style.dim(cell) : cell);
  const width = Math.max(...rows.map(([name = ""]) => name.length));
  for (const [index, check] of checks.entries()) {
    const [name = "", found = ""] = rows[index] ?? [];
    // One row at a time, since a mark stands before each: two columns less, and all names equally wide.
    const row = table([[name.padEnd(width), found]], paint, terminal.columns - 2);
    terminal.print(`${marks[check.state]} ${row.replaceAll("\n", "\n  ")}`);
    if (check.hint !== undefined)
      terminal.print(`    ${style.dim("→")} ${wrap(clean(check.hint), terminal.columns, "      ")}`);
  }
}
