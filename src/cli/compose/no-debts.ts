import type { RecordStore } from "../../audit/ports.ts";
import type { OwnCache } from "../../local/own-cache.ts";
import { segmentOf } from "../../local/paths.ts";
import { debtPrefix } from "../../session/break-glass/debt.ts";
import { isRecent } from "./organization.ts";

/**
 * The audit bucket, which is asked for a requester's review debts once in five minutes where there were none, as for all that
 * counts as checked: a request is not to be slower for emergencies that hardly anybody has. One of this machine's own is known
 * at once.
 */
export function rememberNoDebts(store: RecordStore, own: OwnCache, log: string, userid: string): RecordStore {
  const debts = `${debtPrefix}${userid}/`;
  const name = `no-debts-${log}-${segmentOf(userid)}`;
  return {
    ...store,
    async create(key, bytes) {
      if (key.startsWith(debts)) own.set(name, "0");
      await store.create(key, bytes);
    },
    async *list(prefix, after) {
      if (prefix === debts && isRecent(Number(own.get(name) ?? Number.NaN))) return;
      let none = true;
      for await (const object of store.list(prefix, after)) {
        none = false;
        yield object;
      }
      if (prefix === debts && none) own.set(name, String(Date.now()));
    },
  };
}
