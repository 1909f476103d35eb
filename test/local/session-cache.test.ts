import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fileSessionCache } from "../../src/local/session-cache.ts";
import { cacheName } from "../../src/session/cache-name.ts";
import type { Vault } from "../../src/session/ports.ts";
import { after, lapsingAt, secretText, session, start, tokenText } from "../session/sessions.ts";
import { temporaryFolder, thrownBy } from "./temporary.ts";

const none: Vault = { key: async () => undefined };
const withKey = (byte: number): Vault => ({ key: async () => new Uint8Array(32).fill(byte) });
const fence = { check: () => undefined };
const { name } = cacheName({
  fingerprint: "f",
  location: "l",
  catalog: "c",
  caller: "x",
  endpoints: [],
  targets: ["customers:read"],
  only: [],
});

const cacheIn = (folder: string, vault = none) => fileSessionCache(folder, vault, () => start.getTime());

test("what is written is read, from a file for its owner alone", async () => {
  const folder = join(temporaryFolder(), "sessions");
  const cache = cacheIn(folder);
  expect(await cache.read(name)).toBeUndefined();
  expect(await cache.list()).toEqual([]);
  await cache.write(name, session(), fence);
  expect(await cache.read(name)).toEqual(session());
  expect((await cache.read(name))?.credentials.secretAccessKey.reveal()).toBe(secretText);
  expect(await cache.list()).toEqual([{ name, session: session() }]);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  await cache.remove(name);
  await cache.remove(name);
  expect(readdirSync(folder)).toEqual([]);
});

test("with a keyring's key the file holds no secret, and opens with that key alone", async () => {
  const folder = temporaryFolder();
  await cacheIn(folder, withKey(7)).write(name, session(), fence);
  const text = readFileSync(join(folder, name), "utf8");
  for (const secret of [secretText, tokenText, session().credentials.accessKeyId]) {
    expect(text).not.toContain(secret);
  }
  expect(await cacheIn(folder, withKey(7)).read(name)).toEqual(session());
  expect(await cacheIn(folder, withKey(8)).read(name)).toBeUndefined();
  expect(await cacheIn(folder).read(name)).toBeUndefined();
  expect(await cacheIn(folder).list()).toEqual([]);
  // One session's file is no good in the place of another's.
  const other = name.replace("customers", "orders");
  writeFileSync(join(folder, other), text, { mode: 0o600 });
  expect(await cacheIn(folder, withKey(7)).read(other)).toBeUndefined();
});

test("a plain file is read though there is a keyring by now", async () => {
  const folder = temporaryFolder();
  await cacheIn(folder).write(name, session(), fence);
  expect(await cacheIn(folder, withKey(7)).read(name)).toEqual(session());
});

test("what is there stays where its replacement is not published", async () => {
  const folder = temporaryFolder();
  const cache = cacheIn(folder);
  await cache.write(name, session(), fence);
  const lost = {
    check: () => {
      throw Object.assign(new Error("lost"), { code: "EIO" });
    },
  };
  const next = session({ request: "01KAV7Q3Z0ZZZZZZZZZZZZZZZZ" });
  expect(await thrownBy(() => cache.write(name, next, lost))).toBe("LOCAL_FAILED");
  expect(await cache.read(name)).toEqual(session());
  expect(readdirSync(folder)).toEqual([name]);
});

test.each([
  "",
  "{",
  "[]",
  '{"v":2}',
  '{"v":1,"session":{}}',
  '{"v":1,"encrypted":{"iv":"","ciphertext":"","tag":""}}',
])("a damaged file is a miss: %s", async (text) => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, name), text, { mode: 0o600 });
  expect(await cacheIn(folder, withKey(7)).read(name)).toBeUndefined();
  expect(await cacheIn(folder).list()).toEqual([]);
});

test("a link, a folder, a file that others can write and another's name are a miss", async () => {
  const folder = temporaryFolder();
  const cache = cacheIn(folder);
  await cache.write(name, session(), fence);
  chmodSync(join(folder, name), 0o666);
  expect(await cache.read(name)).toBeUndefined();
  chmodSync(join(folder, name), 0o600);
  const linked = name.replace("customers", "linked");
  symlinkSync(join(folder, name), join(folder, linked));
  expect(await cache.read(linked)).toBeUndefined();
  const inside = name.replace("customers", "inside");
  mkdirSync(join(folder, inside));
  expect(await cache.read(inside)).toBeUndefined();
  writeFileSync(join(folder, "note.json"), readFileSync(join(folder, name)), { mode: 0o600 });
  expect(await cache.read("note.json")).toBeUndefined();
  expect(await cache.read(`../${name}`)).toBeUndefined();
  expect((await cache.list()).map((one) => one.name)).toEqual([name]);
  await cache.remove("note.json");
  expect(readdirSync(folder)).toContain("note.json");
});

test("a write clears what a writer that died has left, and nothing that is young", async () => {
  const folder = temporaryFolder();
  const now = start.getTime() / 1000;
  for (const [file, at] of [
    [".tmp-1-1-1", now - 7200],
    [".tmp-2-2-2", now - 60],
  ] as const) {
    writeFileSync(join(folder, file), "", { mode: 0o600 });
    utimesSync(join(folder, file), at, at);
  }
  await cacheIn(folder).write(name, session(), fence);
  expect(readdirSync(folder).sort()).toEqual([".tmp-2-2-2", name]);
});

test("a write removes sessions whose grants are over, and none that could still be renewed", async () => {
  const folder = temporaryFolder();
  const vault = withKey(7);
  const cache = cacheIn(folder, vault);
  const named = (what: string) => name.replace("customers", what);
  const ending = (minutes: number) => session({ notAfter: after(minutes * 60) });
  await cacheIn(folder).write(named("over"), ending(-61), fence);
  await cache.write(named("over-encrypted"), ending(-61), fence);
  await cache.write(named("just-over"), ending(-59), fence);
  await cache.write(named("lapsed"), lapsingAt(after(-7200)), fence);
  writeFileSync(join(folder, "note.json"), "", { mode: 0o600 });
  await cacheIn(folder, withKey(8)).write(named("another-key"), ending(-61), fence);
  await cache.write(name, session(), fence);
  expect(readdirSync(folder).sort()).toEqual(
    [named("another-key"), name, named("just-over"), named("lapsed"), "note.json"].sort(),
  );
});
