import { closeSync, openSync, readFileSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { checkEndpoints } from "../../access/endpoints.ts";
import { type Location, parsePin } from "../../access/location.ts";
import { type ProjectFile, parseProjectFile } from "../../access/project.ts";
import { codeOf, JitError } from "../../error.ts";
import type { BelievedPlaces } from "../../local/believed.ts";
import { fileLock } from "../../local/lock.ts";
import { type Paths, pathsOf } from "../../local/paths.ts";
import { fileSessionCache } from "../../local/session-cache.ts";
import { readSettings, type Settings } from "../../local/settings.ts";
import { type KeyringVault, keyringVault } from "../../local/vault.ts";
import type { PinnedOrganization } from "../../session/current-catalog.ts";
import type { Lock, SessionCache } from "../../session/ports.ts";
import { pinnedHere, withProfile } from "../../session/warm.ts";
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
  /** AWS profile to use, where one is named other than by AWS's own variable. */
  readonly profile: string | undefined;
}

export function openHere(context: Context): Here {
  const paths = pathsOf(context.env, context.home, context.platform);
  const settingsFile = join(paths.config, "config.json");
  const settings = readSettings(settingsFile);
  const vault = keyringVault({
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
    lock: fileLock(join(paths.state, "locks")),
    vault,
    cache: fileSessionCache(join(paths.cache, "sessions"), vault, Date.now),
    profile: text(context, "profile") ?? settings.profile,
  };
}

/** The organization that is pinned, as text and parsed. */
export interface Pinned {
  readonly text: PinnedOrganization;
  readonly location: Location;
  readonly fingerprint: string;
}

/** @throws JitError `NOT_PINNED`, `LOCATION_INVALID` */
export function pinnedOf(context: Context, here: Here): Pinned {
  const found = pinnedHere(context.env, () => JSON.stringify({ organization: here.settings.organization }));
  if (found === undefined) {
    throw new JitError("NOT_PINNED", "no organization is pinned on this machine", {
      hint: "your security team has the line: jit use LOCATION#FINGERPRINT   (to try it out: jit sandbox)",
    });
  }
  const pin = parsePin(`${found.location}#${found.fingerprint}`);
  if (pin.location.kind === "path" && !isAbsolute(pin.location.catalog)) {
    throw new JitError("LOCATION_INVALID", "JIT_ORGANIZATION needs an absolute path", {
      hint: `write ${resolve(context.cwd, pin.location.catalog)}`,
    });
  }
  return { text: found, location: pin.location, fingerprint: pin.fingerprint };
}

/** Environment in which the SDK finds the chosen profile, and by which warm calls name their files. */
export function callerEnvironment(
  context: Context,
  here: Here,
): Readonly<Record<string, string | undefined>> {
  return withProfile(context.env, here.profile);
}

/**
 * Hosts beyond AWS's own that requests may go to: those of a catalog that was believed, and what the environment says
 * where that is allowed.
 * @throws JitError `ENDPOINT_REFUSED`, `TLS_DISABLED`
 */
export function allowedHosts(context: Context, known: readonly string[]): readonly string[] {
  checkEndpoints(context.env, known);
  const own = Object.entries(context.env).flatMap(([name, value]) =>
    /^AWS_ENDPOINT_URL/i.test(name) && value ? [new URL(value).host] : [],
  );
  return [...known, ...own];
}

const noProject: ProjectFile = { targets: [], duration: undefined, purpose: undefined };

/** `.jit/config.yaml`, found upwards; it may pick targets and defaults and nothing else. */
export function projectOf(context: Context): ProjectFile {
  for (let folder = resolve(context.cwd); ; folder = dirname(folder)) {
    const path = join(folder, ".jit", "config.yaml");
    const found = readProject(path);
    if (found !== undefined) return parseProjectFile(found, path);
    if (dirname(folder) === folder) return noProject;
  }
}

function readProject(path: string): string | undefined {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EACCES", "EPERM"].includes(codeOf(error) ?? "")) return undefined;
    throw new JitError("PROJECT_FILE_INVALID", `cannot read ${path} (${codeOf(error) ?? "unknown"})`);
  }
  try {
    if (!statSync(path).isFile()) throw new JitError("PROJECT_FILE_INVALID", `${path} is not a file`);
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}
