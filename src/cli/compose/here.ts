import { join } from "node:path";
import type { BelievedPlaces } from "../../local/believed.ts";
import { fileLock } from "../../local/lock.ts";
import { type Paths, pathsOf } from "../../local/paths.ts";
import { fileSessionCache } from "../../local/session-cache.ts";
import { readSettings, type Settings } from "../../local/settings.ts";
import { type KeyringVault, keyringVault } from "../../local/vault.ts";
import type { Lock, SessionCache } from "../../session/ports.ts";
import { withProfile } from "../../session/warm.ts";
import { type Context, text } from "../context.ts";

/** What is on this machine: nothing here asks AWS or loads its SDK. */
export interface Here {
  readonly paths: Paths;
  readonly places: BelievedPlaces;
  readonly settings: Settings;
  readonly settingsFile: string;
  readonly lock: Lock;
  readonly vault: KeyringVault;
  readonly cache: SessionCache;
  /** Folder of the requests that wait for others. */
  readonly waiting: string;
  /** ARN of a key in KMS that signs records, where one is named; else this machine has a key of its own. */
  readonly signingKey: string | undefined;
  /** AWS profile to use, where one is named other than by AWS's own variable. */
  readonly profile: string | undefined;
}

export function openHere(context: Context): Here {
  const paths = pathsOf(context.env, context.home, context.platform);
  const settingsFile = join(paths.config, "config.json");
  const settings = readSettings(settingsFile);
  const lock = fileLock(join(paths.state, "locks"));
  const vault = keyringVault({
    lock,
    state: paths.state,
    env: context.env,
    platform: context.platform,
    now: Date.now,
  });
  return {
    paths,
    places: { state: paths.state, cache: paths.cache },
    settings,
    settingsFile,
    lock,
    vault,
    cache: fileSessionCache(join(paths.cache, "sessions"), vault, Date.now),
    waiting: join(paths.state, "waiting"),
    signingKey: context.env["JIT_KEY"] || settings.key,
    profile: text(context, "profile") ?? settings.profile,
  };
}

/** Environment in which the SDK finds the chosen profile, and by which warm calls name their files. */
export function callerEnvironment(
  context: Context,
  here: Here,
): Readonly<Record<string, string | undefined>> {
  return withProfile(context.env, here.profile);
}
