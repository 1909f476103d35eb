import { canonicalJson } from "../../access/canonical.ts";
import { isId } from "../../audit/id.ts";
import { isUserid } from "../../audit/key.ts";
import type { RecordStore } from "../../audit/ports.ts";

/**
 * Review debts: who breaks the glass leaves one, before there are credentials, under the own `aws:userid`, where the
 * bucket's policy lets nobody else write. What settles it lies under a prefix where approvers alone may. So two LISTs tell
 * what is open, without a GET.
 */

export const debtPrefix = "v1/debt/";
export const settledPrefix = "v1/settled/";

export interface Debt {
  /** `aws:userid` of who broke the glass. */
  readonly userid: string;
  readonly request: string;
}

type Bucket = Pick<RecordStore, "list">;

/** Leaves the debt of a request: durable when the promise resolves, and the same again is a success. */
export async function leaveDebt(
  store: Pick<RecordStore, "create">,
  { userid, request }: Debt,
  requestHash: string,
): Promise<void> {
  await store.create(`${debtPrefix}${userid}/${request}`, canonicalJson({ request, requestHash, v: 1 }));
}

/** Marks a debt as settled by the review record of that hash. Fails with `RECORD_CONFLICT` where another has. */
export async function settle(
  store: Pick<RecordStore, "create">,
  { userid, request }: Debt,
  reviewHash: string,
): Promise<void> {
  await store.create(`${settledPrefix}${userid}/${request}`, canonicalJson({ request, reviewHash, v: 1 }));
}

/**
 * Debts that nobody has settled, the oldest first. Names that are none are passed over.
 * @param userid of one writer; left out: everybody's
 */
export async function openDebts(bucket: Bucket, userid?: string): Promise<readonly Debt[]> {
  const under = userid === undefined ? "" : `${userid}/`;
  const debts = await namesUnder(bucket, debtPrefix, under);
  // So it is with most: nobody of theirs ever was an emergency.
  if (debts.length === 0) return [];
  const settled = await namesUnder(bucket, settledPrefix, under);
  const done = new Set(settled.map(keyOf));
  return debts.filter((debt) => !done.has(keyOf(debt))).sort((a, b) => (a.request < b.request ? -1 : 1));
}

async function namesUnder(bucket: Bucket, prefix: string, under: string): Promise<readonly Debt[]> {
  const found: Debt[] = [];
  for await (const { key } of bucket.list(`${prefix}${under}`)) {
    const [userid = "", request = "", ...more] = key.slice(prefix.length).split("/");
    if (more.length === 0 && isUserid(userid) && isId(request)) found.push({ userid, request });
  }
  return found;
}

function keyOf({ userid, request }: Debt): string {
  return `${userid}/${request}`;
}
