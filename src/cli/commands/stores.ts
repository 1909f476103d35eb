import { suggest } from "../../access/catalog/suggest.ts";
import { formatDuration } from "../../access/duration.ts";
import { describe } from "../../access/policy/describe.ts";
import type { Catalog, Store } from "../../access/types.ts";
import { JitError } from "../../error.ts";
import { openChecked, openOrganization } from "../compose/audit.ts";
import { argument, type Context, printJson } from "../context.ts";
import { openedLines } from "../render/opened.ts";
import { clockTime } from "../render/session.ts";
import { clean, table, wrap } from "../style.ts";

/** `jit stores`: what can be asked for. */
export async function stores(context: Context): Promise<number> {
  const { organization, checkedAt } = await openChecked(context);
  const { catalog } = organization;
  const all = [...catalog.stores.values()];
  if (context.json) {
    printJson(context, all.map(storeJson));
    return 0;
  }
  const { style, terminal } = context;
  const rows = all.map((store) => [
    store.name,
    [...store.accesses.keys()].join(", "),
    store.classification,
    formatDuration(store.maximumDuration),
    clean(store.title),
  ]);
  terminal.print(
    table(
      [["STORE", "ACCESSES", "CLASS", "UP TO", "WHAT IT IS"], ...rows],
      (cell, row, column) => (row === 0 ? style.dim(cell) : column === 0 ? style.name(cell) : cell),
      terminal.columns,
    ),
  );
  terminal.print(style.dim(`catalog v${catalog.version}, checked ${clockTime(checkedAt)}`));
  return 0;
}

/** `jit stores show NAME` */
export async function showStore(context: Context): Promise<number> {
  const { catalog } = await openOrganization(context);
  const store = findStore(catalog, argument(context, 0, "the store"));
  if (context.json) {
    printJson(context, storeJson(store));
    return 0;
  }
  const { style, terminal } = context;
  terminal.print(`${style.strong(style.name(store.name))}  ${clean(store.title)}`);
  terminal.print(
    table(
      [
        ["classification", clean(store.classification)],
        ["personal data", store.dataCategories.map(clean).join(", ")],
        ["owner", clean(store.owner ?? "nobody is named")],
        ["role", store.role],
        ["issuer", issuers[store.issuer]],
        ["at most", formatDuration(store.maximumDuration)],
        ...(store.lease === undefined
          ? []
          : [["lease", `${formatDuration(store.lease)} at a time for a command under jit exec`]]),
        ...(store.breakGlass === undefined
          ? []
          : [
              [
                "break-glass",
                `in an emergency (--break-glass), by ${store.breakGlass.role}, at most ${formatDuration(store.breakGlass.maximumDuration)}`,
              ],
            ]),
        ...networkRows(store),
      ].map(([name = "", value = ""]) => [`  ${name}`, value]),
      (cell, _row, column) => (column === 0 ? style.dim(cell) : cell),
      terminal.columns,
    ),
  );
  for (const access of store.accesses.values()) {
    const limit =
      access.maximumDuration === undefined ? "" : `, at most ${formatDuration(access.maximumDuration)}`;
    const title = `${style.name(`${store.name}:${access.name}`)}  ${clean(access.title ?? "")}${limit}`;
    terminal.print(`\n${wrap(title, terminal.columns, "  ")}`);
    for (const line of openedLines(describe([{ store, access }]), terminal.columns, "  "))
      terminal.print(line);
  }
  return 0;
}

const issuers = {
  requester: "requester: your own identity assumes the role",
  approver: "approver: somebody who approves issues it for you",
  broker: "broker: one workload of the organization issues it",
} as const;

function networkRows(store: Store): string[][] {
  const { cidrs, vpcEndpoints, vpcs } = store.networks;
  const from = [...cidrs, ...vpcEndpoints, ...vpcs];
  return from.length === 0 ? [] : [["only from", from.join(", ")]];
}

function findStore(catalog: Catalog, name: string): Store {
  const store = catalog.stores.get(name);
  if (store !== undefined) return store;
  const near = suggest(name, catalog.stores.keys());
  throw new JitError("STORE_UNKNOWN", `there is no store ${JSON.stringify(name)}`, {
    hint: near === undefined ? "`jit stores` lists them" : `did you mean ${near}?`,
  });
}

function storeJson(store: Store): Record<string, unknown> {
  const { breakGlass } = store;
  return {
    ...store,
    ...(breakGlass === undefined
      ? {}
      : { breakGlass: { role: breakGlass.role, maximumDuration: breakGlass.maximumDuration } }),
    accesses: [...store.accesses.values()].map((access) => ({
      ...access,
      target: `${store.name}:${access.name}`,
    })),
  };
}
