import { expect, test } from "vitest";
import { pathsOf } from "../../src/local/paths.ts";
import { decryptEntry, encryptEntry } from "../../src/session/cache-cipher.ts";
import { printEncrypted, printEntry } from "../../src/session/cache-entry.ts";
import type { WarmFiles } from "../../src/session/caller-fingerprint.ts";
import { withCurrentCatalog } from "../../src/session/current-catalog.ts";
import type { Session } from "../../src/session/types.ts";
import { answerWarm, sessionName, type WarmMachine, warmPlaces } from "../../src/session/warm.ts";
import { after, lapsingAt, secretText, session, tokenText } from "./sessions.ts";

const organization = { location: "s3://audit", fingerprint: "f".repeat(64) };
const catalog = "c".repeat(64);
const env = { HOME: "/home/a", AWS_ACCESS_KEY_ID: "AKIAEXAMPLEEXAMPLE00", AWS_SECRET_ACCESS_KEY: "s" };
const configPath = "/home/a/.config/jit/config.json";
const currentPath = "/home/a/.cache/jit/current.json";

function filesOf(
  contents: ReadonlyMap<string, string>,
  stats: { uid?: number; mode?: number } = {},
): WarmFiles {
  const read = (path: string) => {
    const text = contents.get(path);
    if (text === undefined) throw new Error(`ENOENT ${path}`);
    return text;
  };
  return {
    existsSync: (path) => contents.has(path),
    readFileSync: read,
    statSync: (path) => ({
      mtimeMs: 1,
      size: read(path).length,
      ino: 1,
      uid: 1000,
      mode: 0o100600,
      ...stats,
    }),
  };
}

const wanted = { organization, catalog, targets: ["customers:read"], only: [] };
const { name, inputs } = sessionName(wanted, { env, home: "/home/a", files: filesOf(new Map()) });
const sessionPath = `/home/a/.cache/jit/sessions/${name}`;

/** A machine whose cache holds the session; `change` replaces files (`undefined` removes) or what the machine is. */
function machine(
  of: Session = session({ inputs }),
  change: Partial<WarmMachine> & {
    contents?: Readonly<Record<string, string | undefined>>;
    stats?: { uid?: number; mode?: number };
  } = {},
): WarmMachine {
  const contents = new Map([
    [configPath, JSON.stringify({ organization, colour: "green" })],
    [currentPath, withCurrentCatalog(undefined, organization, catalog)],
    [sessionPath, printEntry(of)],
  ]);
  for (const [path, text] of Object.entries(change.contents ?? {})) {
    if (text === undefined) contents.delete(path);
    else contents.set(path, text);
  }
  const files = filesOf(contents, change.stats);
  return { env, platform: "linux", uid: 1000, now: after(60).getTime(), files, ...change };
}

const argv = ["credentials", "customers:read"];

test("a warm session is printed as credential_process wants it", () => {
  const text = answerWarm(argv, machine()) ?? "";
  expect(text.endsWith("}\n")).toBe(true);
  expect(JSON.parse(text)).toEqual({
    Version: 1,
    AccessKeyId: "ASIAEXAMPLEEXAMPLE00",
    SecretAccessKey: secretText,
    SessionToken: tokenText,
    Expiration: "2026-11-24T08:30:00Z",
  });
});

test("targets are one set, in any order", () => {
  const both = sessionName(
    { ...wanted, targets: ["orders:read", "customers:read"] },
    { env, home: "/home/a", files: filesOf(new Map()) },
  );
  const contents = {
    [`/home/a/.cache/jit/sessions/${both.name}`]: printEntry(session({ inputs: both.inputs })),
  };
  for (const targets of [
    ["customers:read", "orders:read"],
    ["orders:read", "customers:read", "orders:read"],
  ]) {
    expect(answerWarm(["credentials", ...targets], machine(session(), { contents }))).toBeDefined();
  }
});

test("it is handed out to the last second, by the server's clock", () => {
  const at = (seconds: number, of: Session) =>
    answerWarm(argv, machine(of, { now: after(seconds).getTime() }));
  expect(at(1799.9, session({ inputs }))).toBeDefined();
  expect(at(1800, session({ inputs }))).toBeUndefined();
  // This machine's clock is 20 minutes behind.
  const behind = session({ inputs, clockSkew: 1200_000 });
  expect(at(599.9, behind)).toBeDefined();
  expect(at(600, behind)).toBeUndefined();
});

test("it ends with the grant, though the credentials go on", () => {
  const short = lapsingAt(after(900), { inputs, notAfter: after(300) });
  expect(JSON.parse(answerWarm(argv, machine(short)) ?? "").Expiration).toBe("2026-11-24T08:05:00Z");
  expect(answerWarm(argv, machine(short, { now: after(300).getTime() }))).toBeUndefined();
});

test("credentials that can be renewed are not warm in their last five minutes", () => {
  const long = lapsingAt(after(3600), { inputs, notAfter: after(4 * 3600) });
  expect(answerWarm(argv, machine(long, { now: after(3299).getTime() }))).toBeDefined();
  expect(answerWarm(argv, machine(long, { now: after(3301).getTime() }))).toBeUndefined();
});

test.each<[string, readonly string[]]>([
  ["no argument", []],
  ["another command", ["env", "customers:read"]],
  ["no target", ["credentials"]],
  ["a flag", ["credentials", "customers:read", "--json"]],
  ["a store without its access", ["credentials", "customers"]],
  ["two colons", ["credentials", "customers:read:x"]],
  ["a path", ["credentials", "../x:read"]],
  ["another target", ["credentials", "customers:write"]],
])("%s is not warm", (_what, other) => {
  expect(answerWarm(other, machine())).toBeUndefined();
});

test.each<[string, string, string | undefined]>([
  ["no settings", configPath, undefined],
  ["broken settings", configPath, "{"],
  ["no organization", configPath, "{}"],
  [
    "another organization",
    configPath,
    JSON.stringify({ organization: { ...organization, fingerprint: "0" } }),
  ],
  ["another location", configPath, JSON.stringify({ organization: { ...organization, location: "s3://b" } })],
  ["no catalog", currentPath, undefined],
  ["a new catalog", currentPath, withCurrentCatalog(undefined, organization, "d".repeat(64))],
  ["a broken catalog pointer", currentPath, '{"v":1,"catalogs":7}'],
  ["no session", sessionPath, undefined],
  ["a broken session", sessionPath, '{"v":1}'],
  ["a session of other inputs", sessionPath, printEntry(session({ inputs: `${inputs} ` }))],
  ["a session without inputs", sessionPath, printEntry(session())],
])("%s is not warm", (_what, path, text) => {
  expect(answerWarm(argv, machine(session({ inputs }), { contents: { [path]: text } }))).toBeUndefined();
});

test.each<[string, Record<string, string>]>([
  ["another key", { AWS_ACCESS_KEY_ID: "AKIAEXAMPLEEXAMPLE01" }],
  ["a profile", { AWS_PROFILE: "work" }],
  ["another endpoint", { AWS_ENDPOINT_URL: "http://127.0.0.1:1" }],
  ["another STS endpoint", { AWS_ENDPOINT_URL_STS: "http://127.0.0.1:1" }],
  ["inside a session", { JIT_SESSION: "01KAV7Q3Z00123456789ABCDEF" }],
  ["a setting of ours", { JIT_CATALOG: "other.yaml" }],
  ["another home", { HOME: "/home/b" }],
  ["no home", { HOME: "" }],
  ["another cache", { XDG_CACHE_HOME: "/cache" }],
])("%s is not warm", (_what, change) => {
  expect(answerWarm(argv, machine(session({ inputs }), { env: { ...env, ...change } }))).toBeUndefined();
});

test.each([
  ["another user's file", { uid: 0 }],
  ["a file that the group may write", { mode: 0o100620 }],
  ["a file that all may write", { mode: 0o100602 }],
])("%s is not warm", (_what, stats) => {
  expect(answerWarm(argv, machine(session({ inputs }), { stats }))).toBeUndefined();
  expect(answerWarm(argv, machine(session({ inputs }), { stats, uid: undefined }))).toBeDefined();
});

test("what a request would say changes nothing", () => {
  const said = { ...env, JIT_REASON: "incident", JIT_PURPOSE: "support", JIT_TICKET: "T-1" };
  expect(answerWarm(argv, machine(session({ inputs }), { env: said }))).toBeDefined();
});

test("an encrypted entry is warm only for who can open it", () => {
  const key = new Uint8Array(32);
  const text = printEncrypted(encryptEntry(key, name, new Uint8Array(12), session({ inputs })));
  const contents = { [sessionPath]: text };
  expect(answerWarm(argv, machine(session(), { contents }))).toBeUndefined();
  const open: WarmMachine["open"] = (of, encrypted) => decryptEntry(key, of, encrypted);
  expect(answerWarm(argv, machine(session(), { contents, open }))).toBeDefined();
  const broken = () => {
    throw new Error("no keyring");
  };
  expect(answerWarm(argv, machine(session(), { contents, open: broken }))).toBeUndefined();
});

test.each<[NodeJS.Platform, Record<string, string>]>([
  ["linux", { HOME: "/home/a" }],
  ["linux", { HOME: "/home/a", XDG_CONFIG_HOME: "/c", XDG_CACHE_HOME: "/x" }],
  ["linux", { HOME: "/home/a", XDG_CONFIG_HOME: "relative", XDG_CACHE_HOME: "" }],
  ["darwin", { HOME: "/Users/a" }],
  ["win32", { USERPROFILE: "C:\\Users\\a" }],
  [
    "win32",
    { USERPROFILE: "C:\\Users\\a", APPDATA: "D:\\r", LOCALAPPDATA: "D:\\l", XDG_CACHE_HOME: "E:\\x" },
  ],
])("on %s with %o the places are those of the cold path", (platform, given) => {
  const home = given["HOME"] ?? given["USERPROFILE"] ?? "";
  const places = warmPlaces(given, platform);
  const paths = pathsOf(given, home, platform);
  const slash = platform === "win32" ? "\\" : "/";
  expect(places?.config).toBe(`${paths.config}${slash}config.json`);
  expect(places?.current).toBe(`${paths.cache}${slash}current.json`);
  expect(places?.sessions).toBe(`${paths.cache}${slash}sessions${slash}`);
});
