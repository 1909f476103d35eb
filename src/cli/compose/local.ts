import type { Organization } from "../../access/types.ts";
import type { JournalEntry, Random } from "../../audit/ports.ts";
import { filesIn, readPrivate } from "../../local/files.ts";
import { monotonic } from "../../local/monotonic.ts";
import { segmentOf } from "../../local/paths.ts";
import type { Settings } from "../../local/settings.ts";
import type { WaitingRequest } from "../../session/approve/waiting.ts";
import type { OwedEnds } from "../../session/end.ts";
import type { ExecPorts } from "../../session/exec.ts";
import type { SessionCache } from "../../session/ports.ts";
import type { Session } from "../../session/types.ts";
import { warmSession } from "../../session/warm.ts";
import type { Context } from "../context.ts";
import { isTerminal } from "../terminal.ts";
import { callerEnvironment, type Here, openHere } from "./here.ts";

/** What commands need that ask nobody: neither AWS's SDK nor a YAML parser is loaded for them. */

export const systemRandom: Random = {
  bytes: (count) => process.getBuiltinModule("crypto").randomBytes(count),
};

/** What is open on this machine. */
export interface OpenedCache {
  readonly cache: SessionCache;
  /** This machine's time. */
  readonly now: Date;
  /** The text of `current.json`: which catalogs are believed now. */
  current(): string;
  /** The catalog as it was last believed, where one is pinned and was read. */
  organization(): Promise<Organization | undefined>;
  pending(): Promise<readonly JournalEntry[]>;
  /** The userid of who calls now, where that can be told without AWS: by an access key whose owner AWS has told before. */
  presentUserid(): Promise<string | undefined>;
  /** Requests that wait for others. */
  waiting(): Promise<readonly WaitingRequest[]>;
}

export async function openCache(context: Context): Promise<OpenedCache> {
  const here = openHere(context);
  return {
    cache: here.cache,
    now: new Date(),
    current() {
      try {
        return Buffer.from(readPrivate(`${here.places.cache}/current.json`) ?? []).toString("utf8");
      } catch {
        // Somebody else's, or unreadable: nothing is known, and warm calls answer nothing.
        return "";
      }
    },
    async organization() {
      const { pinnedOf } = await import("./pinned.ts");
      const { lastBelieved } = await import("./organization.ts");
      try {
        return (await lastBelieved(context, here, pinnedOf(context, here)))?.organization;
      } catch {
        // Without a catalog that is believed, names are taken as they are typed.
        return undefined;
      }
    },
    async presentUserid() {
      const { callerFingerprint, isStatic } = await import("../../session/caller-fingerprint.ts");
      const files = process.getBuiltinModule("fs");
      const caller = callerFingerprint(callerEnvironment(context, here), context.home, files);
      const key = caller.split(" ").at(-1);
      if (key === undefined || !isStatic(caller)) return undefined;
      const { readIdentity } = await import("../../local/believed.ts");
      return readIdentity(here.places, key)?.identity.userid;
    },
    async pending() {
      const root = `${here.paths.state}/journal`;
      const users = filesIn(root).flatMap((one) =>
        filesIn(`${root}/${one}`).map((user) => `${root}/${one}/${user}`),
      );
      const busy = users.filter((folder) => filesIn(folder).length > 0);
      if (busy.length === 0) return [];
      const { fileJournal } = await import("../../local/journal.ts");
      return (await Promise.all(busy.map((folder) => fileJournal(folder).list()))).flat();
    },
    async waiting() {
      if (filesIn(here.waiting).length === 0) return [];
      const { waitingRequests } = await import("../../local/waiting-requests.ts");
      const all = await waitingRequests(here.waiting, here.vault, Date.now).list();
      return all.filter(({ closesAt }) => closesAt.getTime() > Date.now());
    },
  };
}

/** A session that is here and works: no AWS, no network. Anything out of the ordinary is `undefined`. */
export async function warmSessionHere(
  context: Context,
  targets: readonly string[],
): Promise<Session | undefined> {
  if (targets.length === 0) return undefined;
  const here = openHere(context);
  const key = await here.vault.key();
  const cipher = key === undefined ? undefined : await import("../../session/cache-cipher.ts");
  return warmSession(
    targets,
    {
      env: context.env,
      platform: context.platform,
      uid: process.getuid?.(),
      now: Date.now(),
      files: process.getBuiltinModule("fs"),
      ...(key === undefined || cipher === undefined
        ? {}
        : { open: (name, encrypted) => cipher.decryptEntry(key, name, encrypted) }),
    },
    here.profile,
  );
}

export async function execPorts(context: Context): Promise<Omit<ExecPorts, "ending">> {
  const here = openHere(context);
  const { childProcesses } = await import("../../local/child-processes.ts");
  return {
    children: childProcesses(() => isTerminal(0)),
    monotonic,
    async forget(session) {
      for (const { name, session: one } of await here.cache.list()) {
        if (one.request === session.request) await here.cache.remove(name);
      }
    },
  };
}

/** Where ends wait that could not be recorded; only their own caller's records of them count. */
export function endsFolder({ paths }: Here, fingerprint: string, userid: string): string {
  return `${paths.state}/ends/${segmentOf(fingerprint)}/${segmentOf(userid)}`;
}

export async function owedEndsOf(context: Context, fingerprint: string, userid: string): Promise<OwedEnds> {
  const { fileOwedEnds } = await import("../../local/owed-ends.ts");
  return fileOwedEnds(endsFolder(openHere(context), fingerprint, userid));
}

export function openSettings(context: Context): Settings {
  return openHere(context).settings;
}

export function settingsFile(context: Context): string {
  return openHere(context).settingsFile;
}

export async function changeSetting(
  context: Context,
  name: keyof Settings,
  value: Settings[keyof Settings],
): Promise<void> {
  const { changeSettings } = await import("../../local/settings.ts");
  await changeSettings(openHere(context).settingsFile, { [name]: value });
}
