import { type RecordKey, readKey, recordPrefix } from "../../audit/key.ts";
import type { Clock, ListedObject, RecordStore } from "../../audit/ports.ts";
import { type ReaderOptions, RecordReader } from "../../audit/record-reader.ts";
import { mapAtMost } from "../../audit/scan.ts";
import { hoursBetween } from "../../audit/time.ts";
import { parseDenials } from "./denials.ts";
import type { LiveSession } from "./live-sessions.ts";
import { readPolicyName } from "./policy-name.ts";
import type { RolePolicies } from "./ports.ts";
import { readInline } from "./role-changes.ts";

interface EarlyPorts {
  readonly store: Pick<RecordStore, "list" | "listPrefixes" | "read">;
  readonly policies: RolePolicies;
}

/**
 * Of live sessions those whose requester has forgotten them: their credentials are on that machine no longer, and whoever
 * has a copy should not have it. An end of another's hand counts for nothing, nor one of credentials that were renewed
 * since. The end of a command is none: its session goes on for the next. Those that a policy denies already are left out.
 * @param options `hours` to look back, as for `findLiveSessions`
 */
export async function endedEarly(
  { store, policies }: EarlyPorts,
  sessions: readonly LiveSession[],
  options: ReaderOptions & { readonly clock: Clock; readonly hours: number },
): Promise<readonly LiveSession[]> {
  if (sessions.length === 0) return [];
  const live = new Map(sessions.map((session) => [session.request, session]));
  const now = options.clock.now().getTime();
  const hours = [...hoursBetween(new Date(now - options.hours * 3_600_000), new Date(now + 3_600_000))];
  const named = (await mapAtMost(16, hours, (hour) => endsIn(store, `${recordPrefix}${hour}/`, live))).flat();
  const reader = new RecordReader(store, options);
  const forgotten = new Set<string>();
  await mapAtMost(16, named, async ({ object, key }) => {
    const { record, reason } = await reader.readOne(object, key);
    const session = live.get(key.request);
    if (record?.type !== "end" || reason !== undefined || session === undefined) return;
    const { outcome, requestHash, issueHash, by } = record;
    const fits =
      outcome === "forgotten" &&
      by.userid === session.userid &&
      requestHash === session.requestHash &&
      issueHash === session.issueHash;
    if (fits) forgotten.add(session.request);
  });
  const early = sessions.filter(({ request }) => forgotten.has(request));
  const denied = await deniedOn(policies, [...new Set(early.map(({ role }) => role))]);
  return early.filter(({ role, sessionName }) => denied.get(role)?.has(sessionName.slice(-13)) !== true);
}

async function endsIn(
  store: Pick<RecordStore, "list">,
  prefix: string,
  live: ReadonlyMap<string, LiveSession>,
): Promise<readonly { readonly object: ListedObject; readonly key: RecordKey }[]> {
  const found: { readonly object: ListedObject; readonly key: RecordKey }[] = [];
  for await (const object of store.list(prefix)) {
    const key = readKey(object.key);
    if (key?.type === "end" && live.has(key.request)) found.push({ object, key });
  }
  return found;
}

/** What jit's policies on these roles deny already. */
async function deniedOn(
  policies: RolePolicies,
  roles: readonly string[],
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const each = await Promise.all(
    roles.map(async (role) => {
      const texts = [...(await readInline(policies, role))].filter(
        ([name]) => readPolicyName(name) !== undefined,
      );
      const endings = texts.flatMap(
        ([, text]) => parseDenials(text)?.sessions.map(({ ending }) => ending) ?? [],
      );
      return [role, new Set(endings)] as const;
    }),
  );
  return new Map(each);
}
