import { isBrokenGlass } from "../access/break-glass.ts";
import type { Target } from "../access/types.ts";
import { codeOf } from "../error.ts";
import { targetNames } from "../session/assume-input.ts";
import type { CacheName } from "../session/cache-name.ts";
import type { Notice } from "../session/types.ts";
import type { Connection } from "./compose.ts";
import { clockTime } from "./render/session.ts";

/** What else is there for the same targets when a session is asked for. */
export async function besideNotices(
  connection: Connection,
  targets: readonly Target[],
  name: CacheName,
): Promise<readonly Notice[]> {
  try {
    return [...(await leftBehind(connection, targets)), ...(await laterWindows(connection, name))];
  } catch (error) {
    // A note holds nobody up: what is wrong with this machine's folders, the work itself says.
    if (codeOf(error)?.startsWith("LOCAL_")) return [];
    throw error;
  }
}

/** Windows that open later: whoever asks for now may have forgotten them. */
async function laterWindows({ waiting, identity, clock }: Connection, name: CacheName): Promise<Notice[]> {
  return (await waiting.list()).flatMap((one): Notice[] => {
    const { request, notBefore, quorum, userid } = one;
    if (notBefore === undefined || notBefore <= clock.now()) return [];
    if (one.name !== name.name || one.inputs !== name.inputs || userid !== identity.userid) return [];
    const once = quorum === 0 ? "" : ", once it is approved";
    const message = `a window of the same opens at ${clockTime(notBefore)}${once}, and this asks for now: jit watch ${request} waits for it`;
    return [{ code: "WINDOW_LATER", message }];
  });
}

/**
 * What a catalog that is no longer believed left behind for the same targets: a session that is handed out no more, requests of
 * which nothing comes. Those are forgotten once that is told; the session stays, since a process may hold its keys.
 */
async function leftBehind(connection: Connection, targets: readonly Target[]): Promise<readonly Notice[]> {
  const { organization, identity, flight, waiting, clock } = connection;
  const names = targetNames(targets).join(" ");
  const isSame = (of: { readonly targets: readonly string[]; readonly organization: string }) =>
    of.organization === organization.fingerprint && [...of.targets].sort().join(" ") === names;
  const changed = "the catalog has changed since";
  const sessions = (await flight.cache.list()).flatMap(({ session }): Notice[] => {
    const isLeft =
      isSame(session) &&
      session.catalog !== organization.catalog.digest &&
      session.identity.userid === identity.userid &&
      (session.breakGlass === true) === isBrokenGlass(targets) &&
      session.notAfter > clock.now();
    if (!isLeft) return [];
    const message = `the session from ${clockTime(session.issuedAt)} (${session.request}) is handed out no more: ${changed}; jit revoke ${session.request} ends its keys`;
    return [{ code: "CATALOG_CHANGED", message }];
  });
  const requests: Notice[] = [];
  for (const one of await waiting.list()) {
    const { request, catalog, userid } = one;
    if (!isSame(one) || catalog === organization.catalog.digest || userid !== identity.userid) continue;
    if (!(await isOfPast(connection, catalog))) continue;
    await waiting.remove(request);
    const message = `nothing comes of the request ${request}: ${changed} it was made`;
    requests.push({ code: "CATALOG_CHANGED", message });
  }
  return [...sessions, ...requests];
}

/**
 * Whether a catalog came before the one that is believed here. Another process may have heard of a newer one meanwhile, and what
 * was asked for under that is not over.
 */
export async function isOfPast({ catalogOf, organization }: Connection, digest: string): Promise<boolean> {
  const catalog = await catalogOf(digest).catch(() => undefined);
  return catalog !== undefined && catalog.version < organization.catalog.version;
}
