import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { mirrorLog } from "../../src/audit/mirror/copy.ts";
import { openMirror } from "../../src/audit/mirror/open.ts";
import { mirrorFolder } from "../../src/local/mirror-folder.ts";
import { MemoryRecordStore } from "../support/memory-record-store.ts";

let home: string;
let folder: string;
let store: MemoryRecordStore;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "jit-mirror-"));
  folder = join(home, "mirror");
  store = new MemoryRecordStore(() => new Date("2026-11-24T10:00:00Z"));
  store.put("v1/trust/1.json", Buffer.from("one"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

test("a pack that is a link is not written through: what it points to stays as it is", async () => {
  const other = join(home, "other");
  writeFileSync(other, "precious");
  mkdirSync(join(folder, "packs"), { recursive: true });
  symlinkSync(other, join(folder, "packs/000000.pack"));
  await expect(mirrorLog(store, mirrorFolder(folder))).rejects.toMatchObject({ code: "LOCAL_UNSAFE" });
  expect(readFileSync(other, "utf8")).toBe("precious");
});

test("nothing is taken out of a folder that parts only points to", async () => {
  const others = join(home, "others");
  const name = `${"0".repeat(64)}.jsonl`;
  mkdirSync(others);
  writeFileSync(join(others, name), "precious");
  mkdirSync(folder);
  symlinkSync(others, join(folder, "parts"));
  await expect(mirrorLog(store, mirrorFolder(folder))).rejects.toMatchObject({ code: "LOCAL_UNSAFE" });
  expect(readdirSync(others)).toEqual([name]);
});

test("what lies in a folder called parts and has no name of ours stays there", async () => {
  mkdirSync(join(folder, "parts"), { recursive: true });
  writeFileSync(join(folder, "parts/thesis.txt"), "precious");
  writeFileSync(join(folder, `parts/${"0".repeat(64)}.jsonl`), "of a run that was cut off");
  await mirrorLog(store, mirrorFolder(folder));
  const left = readdirSync(join(folder, "parts"));
  expect(left).toContain("thesis.txt");
  expect(left).not.toContain(`${"0".repeat(64)}.jsonl`);
});

test.skipIf(process.platform === "win32")(
  "a pipe in the place of a file is refused, and not waited for",
  async () => {
    await mirrorLog(store, mirrorFolder(folder));
    const pack = join(folder, "packs/000000.pack");
    rmSync(pack);
    execFileSync("mkfifo", [pack]);
    const copy = openMirror(mirrorFolder(folder));
    await expect(copy.read("v1/trust/1.json")).rejects.toMatchObject({ code: "LOCAL_UNSAFE" });
  },
);

test("of a file as much is read as there is, however much is asked for", async () => {
  await mirrorLog(store, mirrorFolder(folder));
  const { readAt } = mirrorFolder(folder);
  expect(readAt("packs/000000.pack", 1, Number.MAX_SAFE_INTEGER)).toEqual(Buffer.from("ne\n"));
  expect(readAt("packs/000000.pack", Number.MAX_SAFE_INTEGER, 5)).toEqual(Buffer.alloc(0));
});
