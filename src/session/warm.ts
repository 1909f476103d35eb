import { type Encrypted, fieldsOf, parseEntry, parseJson } from "./cache-entry.ts";
import { type CacheName, cacheName } from "./cache-name.ts";
import {
  callerFingerprint,
  type Environment,
  isStatic,
  readIfThere,
  type WarmFiles,
} from "./caller-fingerprint.ts";
import { currentCatalog, type PinnedOrganization, parsePinned } from "./current-catalog.ts";
import { isFresh } from "./freshness.ts";
import { printProcess } from "./process-output.ts";
import type { Session } from "./types.ts";

/**
 * The hot path: `jit credentials STORE:ACCESS…` answered from the cache. `bin/jit.js` runs this before anything else
 * is loaded, so neither this file nor what it imports may import a builtin. The cold path takes its cache names from
 * `sessionName` too.
 */
export interface WarmMachine {
  readonly env: Environment;
  readonly platform: string;
  /** User who runs this; `undefined` where the platform has none. */
  readonly uid: number | undefined;
  /** Unix milliseconds by this machine's clock. */
  readonly now: number;
  readonly files: WarmFiles;
  /** Opens an encrypted entry, loading what that takes; absent: such an entry is not warm. */
  readonly open?: (name: string, encrypted: Encrypted) => Session | undefined;
}

/** Variables of ours that the name covers, or that change nothing about which session is meant. */
const harmless = new Set([
  "JIT_ORGANIZATION",
  "JIT_PROFILE",
  "JIT_REASON",
  "JIT_PURPOSE",
  "JIT_TICKET",
  "JIT_FOR",
]);

/**
 * @param argv what follows the program's name
 * @returns the text for stdout, or `undefined` where anything at all is out of the ordinary: the cold path decides then
 */
export function answerWarm(argv: readonly string[], machine: WarmMachine): string | undefined {
  const asked = parseArguments(argv);
  if (asked === undefined) return undefined;
  if (!onlyHarmless(machine.env)) return undefined;
  const session = warmSession(asked.targets, machine, asked.profile);
  return session === undefined ? undefined : printProcess(session);
}

/** Whether no variable of ours asks for anything out of the ordinary. */
export function onlyHarmless(env: Environment): boolean {
  return Object.keys(env).every((name) => !name.startsWith("JIT_") || harmless.has(name));
}

/** The words as targets; `undefined` where there are none, or one is none. */
export function parseTargets(words: readonly string[]): readonly string[] | undefined {
  return words.length > 0 && words.every(isTarget) ? words : undefined;
}

/** `credentials [--profile NAME] TARGET…`, and nothing else. */
function parseArguments(
  argv: readonly string[],
): { targets: readonly string[]; profile?: string } | undefined {
  if (argv[0] !== "credentials") return undefined;
  const named = argv[1] === "--profile" ? 3 : argv[1]?.startsWith("--profile=") === true ? 2 : 1;
  const targets = parseTargets(argv.slice(named));
  if (targets === undefined) return undefined;
  if (named === 1) return { targets };
  const profile = named === 3 ? argv[2] : argv[1]?.slice("--profile=".length);
  return profile ? { targets, profile } : undefined;
}

/** The AWS profile that a flag, `JIT_PROFILE` or the settings name, as the SDK would find it. */
export function withProfile(env: Environment, profile: string | undefined): Environment {
  return profile === undefined ? env : { ...env, AWS_PROFILE: profile };
}

/** The session of these targets, if the cache holds it and it is fresh. */
export function warmSession(
  targets: readonly string[],
  machine: WarmMachine,
  profile?: string,
): Session | undefined {
  try {
    const { files } = machine;
    const places = warmPlaces(machine.env, machine.platform);
    if (places === undefined) return undefined;
    // A person may have no settings: a pipeline says all by variables.
    const config = readIfThere(places.config, files) || "{}";
    const organization = pinnedByVariable(machine.env) ?? parsePinned(config);
    if (organization === undefined) return undefined;
    const env = withProfile(machine.env, profile ?? (machine.env["JIT_PROFILE"] || profileIn(config)));
    const catalog = currentCatalog(files.readFileSync(places.current, "utf8"), organization);
    if (catalog === undefined) return undefined;
    const { name, inputs } = sessionName(
      { organization, catalog, targets, only: [] },
      { env, home: places.home, files },
    );
    const file = places.sessions + name;
    const { uid, mode, mtimeMs } = files.statSync(file);
    // What somebody else could have written is not answered from: the cold path says what is wrong with it.
    if (machine.uid !== undefined && (uid !== machine.uid || (mode & 0o022) !== 0)) return undefined;
    const isKnown = isStatic(callerFingerprint(env, places.home, files));
    if (!isKnown && !isRecentlyConfirmed(mtimeMs, machine.now)) return undefined;
    const entry = parseEntry(files.readFileSync(file, "utf8"));
    const session = entry?.kind === "encrypted" ? machine.open?.(name, entry.encrypted) : entry?.session;
    if (session === undefined || session.inputs !== inputs) return undefined;
    return isFresh(session, new Date(machine.now + (session.clockSkew ?? 0))) ? session : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Where credentials come from somewhere that cannot be looked into (SSO, a process, a metadata service), somebody else may
 * have signed in since: the cold path, which asks AWS who calls, must have confirmed the session in the last five minutes.
 */
function isRecentlyConfirmed(confirmedAt: number, now: number): boolean {
  const age = now - confirmedAt;
  return age > -2000 && age < 5 * 60_000;
}

function profileIn(config: string): string | undefined {
  const profile = fieldsOf(parseJson(config))?.["profile"];
  return typeof profile === "string" && profile !== "" ? profile : undefined;
}

/** What `JIT_ORGANIZATION` pins, in place of the settings. */
export function pinnedByVariable(env: Environment): PinnedOrganization | undefined {
  const text = env["JIT_ORGANIZATION"];
  if (!text) return undefined;
  const hash = text.lastIndexOf("#");
  return { location: text.slice(0, hash), fingerprint: text.slice(hash + 1) };
}

/** What is asked for, of whom. */
export interface Wanted {
  readonly organization: PinnedOrganization;
  /** Digest of the catalog believed now. */
  readonly catalog: string;
  readonly targets: readonly string[];
  readonly only: readonly string[];
}

/** The cache name for what is wanted, on this machine with its AWS credentials. */
export function sessionName(
  wanted: Wanted,
  machine: { readonly env: Environment; readonly home: string; readonly files: WarmFiles },
): CacheName {
  const { env } = machine;
  return cacheName({
    fingerprint: wanted.organization.fingerprint,
    location: wanted.organization.location,
    catalog: wanted.catalog,
    caller: callerFingerprint(env, machine.home, machine.files),
    endpoints: ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_S3"].map(
      (name) => env[name] ?? "",
    ),
    targets: wanted.targets,
    only: wanted.only,
  });
}

function isTarget(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_.-]*:[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(text);
}

interface WarmPlaces {
  readonly home: string;
  readonly config: string;
  readonly current: string;
  /** Ends in a separator. */
  readonly sessions: string;
}

/** The same places as `src/local/paths.ts` gives, told without `node:path`; a test compares them. */
export function warmPlaces(env: Environment, platform: string): WarmPlaces | undefined {
  const windows = platform === "win32";
  const home = windows ? env["USERPROFILE"] : env["HOME"];
  if (!home || !isAbsolute(home, windows)) return undefined;
  const slash = windows ? "\\" : "/";
  const place = (variable: string, otherwise: string) => {
    const folder = env[variable];
    if (folder !== undefined && isAbsolute(folder, windows)) return `${folder}${slash}jit`;
    return windows || platform === "darwin" ? elsewhere(variable, env, home, windows) : home + otherwise;
  };
  const cache = place("XDG_CACHE_HOME", "/.cache/jit");
  return {
    home,
    config: `${place("XDG_CONFIG_HOME", "/.config/jit")}${slash}config.json`,
    current: `${cache}${slash}current.json`,
    sessions: `${cache}${slash}sessions${slash}`,
  };
}

/** Where Windows and macOS keep such things. */
function elsewhere(variable: string, env: Environment, home: string, windows: boolean): string {
  const isCache = variable === "XDG_CACHE_HOME";
  if (!windows) return `${home}/Library/${isCache ? "Caches" : "Preferences"}/jit`;
  return isCache
    ? `${env["LOCALAPPDATA"] ?? `${home}\\AppData\\Local`}\\jit\\Cache`
    : `${env["APPDATA"] ?? `${home}\\AppData\\Roaming`}\\jit\\Config`;
}

function isAbsolute(path: string, windows: boolean): boolean {
  return path.startsWith("/") || (windows && /^(?:[A-Za-z]:[\\/]|\\)/.test(path));
}
