import { claimPrefix } from "../../audit/claim.ts";
import type { NamedObject } from "../../audit/first-of-each.ts";
import { idFloor, idTime } from "../../audit/id.ts";
import { readKey, recordPrefix } from "../../audit/key.ts";
import type { RecordReader } from "../../audit/record-reader.ts";
import { mapAtMost } from "../../audit/scan.ts";
import { hoursBetween } from "../../audit/time.ts";
import { isJitError } from "../../error.ts";
import type { Self } from "./approver.ts";
import { isOfCase, readCase } from "./case.ts";
import type { CasePorts } from "./ports.ts";
import { type Review, reviewCase } from "./review.ts";

export interface Pending {
  /** Oldest first. */
  readonly shown: readonly Review[];
  /** Further requests that may be open and were not read. */
  readonly left: number;
  /** Requests that cannot be judged: forged, damaged, of another catalog; by id, with the code of what is wrong. */
  readonly unclear: readonly { readonly request: string; readonly code: string }[];
}

const hour = 3_600_000;
const parallel = 12;
/** So many are read and shown; of one requester fewer, so that nobody fills the list. */
const most = 100;
const mostOfOne = 10;

/**
 * Requests that wait for approvals. Found by LIST: one for each hour in which one can have been made that still waits, and one
 * of the claims. A request is left out by names alone only where they cannot lie: its requester has issued or aborted it, or
 * an approver has claimed it. Only what is then to be shown is read, and each is verified whole.
 */
export async function pendingRequests(
  ports: CasePorts,
  reader: RecordReader,
  self: Self | undefined,
): Promise<Pending> {
  const now = ports.clock.now();
  const since = new Date(now.getTime() - longestWait(ports) * 1000);
  const [named, claimed] = await Promise.all([listSince(ports, since, now), claimsSince(ports, since)]);
  const candidates = [...named].filter(([request, objects]) => mayBeOpen(objects) && !claimed.has(request));
  const meant = withinBounds(candidates.filter(([request]) => idTime(request) >= since.getTime()));
  const unclear: { request: string; code: string }[] = [];
  const read = await mapAtMost(parallel, meant, async ([request, objects]) => {
    try {
      return await reviewCase(ports, self ?? nobody, await readCase(reader, request, objects));
    } catch (error) {
      if (!isJitError(error) || !/^(?:REQUEST_|REASONS_)/.test(error.code)) throw error;
      unclear.push({ request, code: error.code });
      return undefined;
    }
  });
  return {
    shown: read.filter((one) => one !== undefined && isPending(one)) as Review[],
    left: candidates.length - meant.length,
    unclear: unclear.sort((a, b) => (a.request < b.request ? -1 : 1)),
  };
}

/** Whoever looks without being attested: decides nothing, and is nobody's same. */
const nobody: Self = {
  identity: { arn: "-", userid: "-", account: "-" },
  person: { ids: [], principal: "-" },
  attested: {},
  thumbprint: "-",
};

function longestWait({ organization }: CasePorts): number {
  return Math.max(0, ...[...organization.catalog.stores.values()].map(({ approval }) => approval.expires));
}

async function listSince(
  { store }: CasePorts,
  since: Date,
  now: Date,
): Promise<ReadonlyMap<string, readonly NamedObject[]>> {
  const found = new Map<string, NamedObject[]>();
  await mapAtMost(parallel, [...hoursBetween(since, new Date(now.getTime() + hour))], async (at) => {
    for await (const object of store.list(`${recordPrefix}${at}/`)) {
      const key = readKey(object.key);
      if (key === undefined || !isOfCase(key)) continue;
      const known = found.get(key.request);
      if (known === undefined) found.set(key.request, [{ object, key }]);
      else known.push({ object, key });
    }
  });
  return found;
}

async function claimsSince({ store }: CasePorts, since: Date): Promise<ReadonlySet<string>> {
  const claimed = new Set<string>();
  for await (const { key } of store.list(claimPrefix, `${claimPrefix}${idFloor(since.getTime())}`))
    claimed.add(key.slice(claimPrefix.length));
  return claimed;
}

/** Whoever has put something by the name of a request record there; which of them asked, only reading tells. */
function requestersOf(objects: readonly NamedObject[]): readonly string[] {
  return [...new Set(objects.filter(({ key }) => key.type === "request").map(({ key }) => key.userid))];
}

function mayBeOpen(objects: readonly NamedObject[]): boolean {
  const isEndedBy = (userid: string) =>
    objects.some(({ key }) => (key.type === "issue" || key.type === "abort") && key.userid === userid);
  return requestersOf(objects).some((userid) => !isEndedBy(userid));
}

/** The oldest of each requester, the oldest of all. */
function withinBounds<T extends readonly [string, readonly NamedObject[]]>(candidates: readonly T[]): T[] {
  const counts = new Map<string, number>();
  return [...candidates]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .filter(([, objects]) => {
      const requesters = requestersOf(objects);
      for (const one of requesters) counts.set(one, (counts.get(one) ?? 0) + 1);
      return requesters.some((one) => (counts.get(one) ?? 0) <= mostOfOne);
    })
    .slice(0, most);
}

/** Still to be decided or issued by others; what the rules grant alone waits for nobody. */
function isPending({ standing, found }: Review): boolean {
  const { state, decision } = standing;
  if (state !== "open" && state !== "approved") return false;
  return found.request.record.issuer !== "requester" || decision.kind === "needsApproval";
}
