import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ownCache } from "../../src/local/own-cache.ts";
import { temporaryFolder } from "./temporary.ts";

function fresh() {
  const folder = join(temporaryFolder(), "own");
  const key = join(temporaryFolder(), "own.key");
  return { folder, key, cache: ownCache(folder, key) };
}

test("gives back what was put there, and nothing where there is nothing", () => {
  const { cache, folder, key } = fresh();
  expect(cache.get("a.json")).toBeUndefined();
  cache.set("a.json", "one\ntwo ✓");
  expect(cache.get("a.json")).toBe("one\ntwo ✓");
  expect(ownCache(folder, key).get("a.json")).toBe("one\ntwo ✓");
  cache.set("a.json", "");
  expect(cache.get("a.json")).toBe("");
  expect(cache.get("b.json")).toBeUndefined();
});

test.each([
  ["a byte of the text", (file: string) => file.replace("text", "tixt")],
  ["a byte of the seal", (file: string) => (file.startsWith("0") ? "1" : "0") + file.slice(1)],
  ["the end", (file: string) => file.slice(0, -1)],
  ["the line end", (file: string) => file.replace("\n", " ")],
  ["all", () => ""],
  ["the seal's hexadecimal", (file: string) => `zz${file.slice(2)}`],
])("a file that was changed is none: %s", (_, change) => {
  const { cache, folder } = fresh();
  cache.set("a.json", "some text");
  const path = join(folder, "a.json");
  writeFileSync(path, change(readFileSync(path, "utf8")));
  expect(cache.get("a.json")).toBeUndefined();
});

test.skipIf(process.platform === "win32")(
  "a pipe or a link in its place holds nobody up, and is none",
  () => {
    const { cache, folder } = fresh();
    cache.set("a.json", "text");
    execFileSync("mkfifo", [join(folder, "p.json")]);
    symlinkSync("/dev/zero", join(folder, "z.json"));
    symlinkSync(join(folder, "a.json"), join(folder, "l.json"));
    for (const name of ["p.json", "z.json", "l.json"]) expect(cache.get(name)).toBeUndefined();
  },
);

test("a file under another name, of another machine or after its key is gone is none", () => {
  const { cache, folder, key } = fresh();
  cache.set("a.json", "text");
  writeFileSync(join(folder, "b.json"), readFileSync(join(folder, "a.json")));
  expect(cache.get("b.json")).toBeUndefined();
  const other = fresh();
  other.cache.set("x.json", "text");
  expect(ownCache(folder, other.key).get("a.json")).toBeUndefined();
  rmSync(key);
  expect(cache.get("a.json")).toBeUndefined();
  writeFileSync(key, "short", { mode: 0o600 });
  expect(cache.get("a.json")).toBeUndefined();
});

test("a cache that cannot be written is no error", () => {
  const { folder, key } = fresh();
  writeFileSync(folder, "a file where the folder should be");
  const cache = ownCache(folder, key);
  cache.set("a.json", "text");
  expect(cache.get("a.json")).toBeUndefined();
  expect(readdirSync(join(key, ".."))).toEqual(["own.key"]);
});
