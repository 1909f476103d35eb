import { createHash } from "node:crypto";
import { beforeEach, expect, test } from "vitest";
import { mirrorLog } from "../../src/audit/mirror/copy.ts";
import { readManifest, readPart, writeManifest, writePart } from "../../src/audit/mirror/manifest.ts";
import { openMirror } from "../../src/audit/mirror/open.ts";
import { seal } from "../../src/audit/tree/seal.ts";
import { SealedLog } from "../../src/audit/tree/sealed-log.ts";
import { verifyLog } from "../../src/audit/verify.ts";
import { codeOf } from "../../src/error.ts";
import { MemoryFolder } from "../support/memory-folder.ts";
import { MemoryRecordStore } from "../support/memory-record-store.ts";
import { sealPorts, log as treeKey } from "./tree/sealing.ts";
import { log, StandingClock, testWriter } from "./writer.ts";

let clock: StandingClock;
let store: MemoryRecordStore;
let folder: MemoryFolder;

beforeEach(async () => {
  clock = new StandingClock();
  store = new MemoryRecordStore(() => clock.now());
  folder = new MemoryFolder();
  const alice = testWriter(store, "alice", { clock });
  await alice.issue(await alice.request());
  store.put("v1/rec/20261124T08/../x//\u202e", Buffer.from("noise"));
  store.put("v1/rec/20261124T08/large", Buffer.alloc(60_000));
  await seal(sealPorts(store, clock));
});

const pack = "packs/000000.pack";
const keys = { logKeys: [treeKey.key], witnesses: [] };

async function reportOf(
  from: Pick<MemoryRecordStore, "list" | "read" | "readVersion" | "listVersions" | "readCurrent">,
) {
  return await verifyLog(from, { log, trust: undefined, sealed: await SealedLog.open(from, keys) });
}
const copy = () => openMirror(folder);

test("a copy verifies as the log does, whatever lies in it", async () => {
  expect(await mirrorLog(store, folder)).toMatchObject({
    versions: store.objects.size,
    fetched: store.objects.size - 1,
  });
  const report = await reportOf(copy());
  expect(report).toEqual(await reportOf(store));
  expect(report.tree?.records).toEqual({ cosigned: 0, sealed: 3, pending: 0 });
});

test("a further run fetches what is new alone, delete markers and later versions included", async () => {
  await mirrorLog(store, folder);
  const [name] = [...store.objects.keys()].filter((key) => key.includes(".issue."));
  clock.pass(5);
  store.put(name ?? "", Buffer.from("other"));
  store.mark(name ?? "");
  expect((await mirrorLog(store, folder)).fetched).toBe(1);
  expect(await reportOf(copy())).toEqual(await reportOf(store));
  expect((await reportOf(copy())).findings.map(({ code }) => code)).toEqual(
    expect.arrayContaining(["OBJECT_DELETED", "OBJECT_REPLACED"]),
  );
});

test("bytes that were changed, or are gone, are found", async () => {
  await mirrorLog(store, folder);
  const good = folder.files.get(pack) ?? new Uint8Array();
  const at = Buffer.from(good).indexOf('{"payload"');
  folder.files.set(
    pack,
    good.map((byte, i) => (i === at + 40 ? byte ^ 1 : byte)),
  );
  expect((await reportOf(copy())).findings.map(({ code }) => code)).toContain("SEALED_CHANGED");
  folder.files.set(pack, good.subarray(0, at));
  expect((await reportOf(copy())).findings.map(({ code }) => code)).toContain("OBJECT_UNREADABLE");
  folder.files.delete(pack);
  expect((await reportOf(copy())).findings.map(({ code }) => code)).toContain("OBJECT_UNREADABLE");
});

test("a line taken out of the manifest is a record removed", async () => {
  await mirrorLog(store, folder);
  const { packs, parts } = readManifest(folder);
  const changed = parts.flatMap((part) => {
    const left = readPart(folder, part).filter(({ key }) => !key.includes(".issue."));
    return left.length === 0 ? [] : [writePart(folder, left)];
  });
  folder.write("manifest.jsonl", writeManifest({ packs, parts: changed }));
  expect((await reportOf(copy())).findings.map(({ code }) => code)).toContain("SEALED_REMOVED");
});

test("an object that a manifest calls larger than any is not there, and takes no memory", async () => {
  await mirrorLog(store, folder);
  const { packs, parts } = readManifest(folder);
  const changed = parts.map((part) =>
    writePart(
      folder,
      readPart(folder, part).map((object) => ({ ...object, size: Number.MAX_SAFE_INTEGER })),
    ),
  );
  folder.write("manifest.jsonl", writeManifest({ packs, parts: changed }));
  const asked: number[] = [];
  const readAt = (path: string, offset: number, length: number) => {
    asked.push(length);
    return folder.readAt(path, offset, length);
  };
  const opened = openMirror({
    readAt,
    read: (path) => folder.read(path),
    size: (path) => folder.size(path),
  });
  for await (const { key, versionId } of opened.listVersions("v1/"))
    expect(await opened.readVersion(key, versionId)).toBeUndefined();
  expect(asked).toEqual([]);
});

test.each([
  "+275760-09-13T00:00:00.000Z",
  "2026",
  "2026-11-24T10:00:00Z",
  "2026-02-30T10:00:00.000Z",
])("an arrival %s is refused", async (arrived) => {
  const line = { arrived, isDeleteMarker: false, key: "v1/x", offset: 0, pack: 0, size: 1, versionId: "1" };
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  folder.write(`parts/${sha256}.jsonl`, bytes);
  const part = { sha256, first: "v1/x", last: "v1/x", versions: 1, markers: 0, newest: new Date(arrived) };
  expect(() => readPart(folder, part)).toThrow(expect.objectContaining({ code: "MIRROR_INVALID" }));
});

test("a part that is not the one of the manifest is refused", async () => {
  await mirrorLog(store, folder);
  for (const [path, good] of folder.files) {
    if (!path.startsWith("parts/")) continue;
    folder.files.set(path, Buffer.from(Buffer.from(good).toString().replace("2026-11-24", "2026-11-25")));
  }
  await expect(reportOf(copy())).rejects.toMatchObject({ code: "MIRROR_INVALID" });
});

test("a run that is cut off at any write leaves the copy of before, and the next one mends it", async () => {
  await mirrorLog(store, folder);
  const before = await reportOf(copy());
  await testWriter(store, "bob", { clock }).request();
  const after = await reportOf(store);
  const whole = folder.copy();
  await mirrorLog(store, whole);
  for (let cut = 0; cut < whole.writes; cut++) {
    const partial = folder.copy();
    partial.failAfter = cut;
    await expect(mirrorLog(store, partial)).rejects.toThrow("cut off");
    expect(await reportOf(openMirror(partial))).toEqual(before);
    partial.failAfter = undefined;
    await mirrorLog(store, partial);
    expect(await reportOf(openMirror(partial))).toEqual(after);
    expect(partial.files.get(pack)).toEqual(whole.files.get(pack));
  }
});

test("what a run replaced is taken away by the next one", async () => {
  await mirrorLog(store, folder);
  const parts = () => folder.names("parts").length;
  const first = parts();
  await testWriter(store, "bob", { clock }).request();
  await mirrorLog(store, folder);
  expect(parts()).toBe(first + 1);
  await mirrorLog(store, folder);
  expect(parts()).toBe(first);
});

test("listings are those of the bucket", async () => {
  for (const [index, day] of ["20261123", "20261125", "20261125"].entries()) {
    const name = `v1/rec/${day}T08/${["a", "\u{1f600}", "\ufb01"][index]}`;
    for (let version = 0; version <= index; version++) store.put(name, Buffer.from(`${index} ${version}`));
  }
  await mirrorLog(store, folder);
  const opened = copy();
  const [, second] = [...store.objects.keys()].sort();
  for (const prefix of ["", "v1/rec/", "v1/rec/20261124T08/", "v1/rec/2026112", "v1/tree/tile/", "v2"]) {
    expect(await all(opened.listVersions(prefix))).toEqual(await all(store.listVersions(prefix)));
    expect(await all(opened.list(prefix, second))).toEqual(await all(store.list(prefix, second)));
    expect(await all(opened.listPrefixes(prefix))).toEqual(await all(store.listPrefixes(prefix)));
  }
  for (const key of store.objects.keys()) {
    const bytes = key.endsWith("large") ? undefined : await store.read(key);
    expect(await opened.read(key)).toEqual(bytes === undefined ? undefined : Buffer.from(bytes));
  }
  expect(await opened.read("v1/none")).toBeUndefined();
});

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

test.each([
  undefined,
  "",
  "x\n",
  '{"type":"jit-mirror","v":1}\n',
  '{"packs":[-1],"type":"jit-mirror","v":2}\n',
  '{"packs":[],"type":"jit-mirror","v":2}\n{}\n',
  '{"packs":[],"type":"jit-mirror","v":2}\n{"first"',
])("a folder whose manifest is %j is none", (text) => {
  if (text !== undefined) folder.files.set("manifest.jsonl", Buffer.from(text));
  const opened = () => {
    try {
      openMirror(folder);
      return "opened";
    } catch (error) {
      return codeOf(error);
    }
  };
  expect(opened()).toBe("MIRROR_INVALID");
});
