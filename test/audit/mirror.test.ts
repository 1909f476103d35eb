import { beforeEach, expect, test } from "vitest";
import { type MirrorFolder, mirrorLog, mirrorPath, openMirror } from "../../src/audit/mirror.ts";
import { seal } from "../../src/audit/tree/seal.ts";
import { SealedLog } from "../../src/audit/tree/sealed-log.ts";
import { verifyLog } from "../../src/audit/verify.ts";
import { codeOf } from "../../src/error.ts";
import { MemoryRecordStore } from "../support/memory-record-store.ts";
import { sealPorts, log as treeKey } from "./tree/sealing.ts";
import { log, StandingClock, testWriter } from "./writer.ts";

let clock: StandingClock;
let store: MemoryRecordStore;
let files: Map<string, Uint8Array>;
let folder: MirrorFolder;

beforeEach(async () => {
  clock = new StandingClock();
  store = new MemoryRecordStore(() => clock.now());
  files = new Map();
  folder = {
    size: (path) => files.get(path)?.length,
    read: (path) => files.get(path),
    write: (path, bytes) => files.set(path, bytes),
  };
  const alice = testWriter(store, "alice", { clock });
  await alice.issue(await alice.request());
  store.put("v1/rec/20261124T08/../x//\u202e", Buffer.from("noise"));
  store.put("v1/rec/20261124T08/large", Buffer.alloc(60_000));
  await seal(sealPorts(store, clock));
});

const keys = { logKeys: [treeKey.key], witnesses: [] };

async function reportOf(
  from: Pick<MemoryRecordStore, "list" | "read" | "readVersion" | "listVersions" | "readCurrent">,
) {
  return await verifyLog(from, { log, trust: undefined, sealed: await SealedLog.open(from, keys) });
}
const copy = () => {
  const opened = openMirror(folder);
  const { readCurrent } = opened;
  if (readCurrent === undefined) throw new Error("a copy tells current versions");
  return { ...opened, readCurrent };
};

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

test("a file that was changed, or is gone, is found", async () => {
  await mirrorLog(store, folder);
  const [path] = [...files.keys()].filter((one) => one.includes(".issue."));
  const good = files.get(path ?? "") ?? new Uint8Array();
  files.set(
    path ?? "",
    good.map((byte, i) => (i === 40 ? byte ^ 1 : byte)),
  );
  expect((await reportOf(copy())).findings.map(({ code }) => code)).toContain("SEALED_CHANGED");
  files.delete(path ?? "");
  expect((await reportOf(copy())).findings.map(({ code }) => code)).toContain("OBJECT_UNREADABLE");
});

test("a line taken out of the manifest is a record removed", async () => {
  await mirrorLog(store, folder);
  const lines = Buffer.from(files.get("manifest.jsonl") ?? "")
    .toString()
    .split("\n");
  files.set("manifest.jsonl", Buffer.from(lines.filter((line) => !line.includes(".issue.")).join("\n")));
  expect((await reportOf(copy())).findings.map(({ code }) => code)).toContain("SEALED_REMOVED");
});

test("no name leads out of the folder, and each has a path of its own", () => {
  const names = [
    "v1/rec/../../x",
    "v1/rec//x",
    "/x",
    "v1/rec/x",
    "v1/rec/x/y",
    `v1/${"é".repeat(400)}`,
    "v1/.",
    "v1/a\\b",
    "v1/CON:",
  ];
  const paths = names.map((name) => mirrorPath(name, "v"));
  for (const path of paths) {
    expect(path).toMatch(/^objects\/[A-Za-z0-9_.=,@+%~/-]+$/);
    for (const part of path.split("/")) {
      expect(part).not.toMatch(/^\.|^$/);
      expect(part.length).toBeLessThanOrEqual(200);
    }
  }
  expect(new Set(paths).size).toBe(paths.length);
  expect(mirrorPath("v1/rec/x", "v")).not.toBe(mirrorPath("v1/rec/x", "w"));
});

test.each([
  undefined,
  "",
  "x\n",
  '{"type":"jit-mirror","v":2}\n',
  '{"type":"jit-mirror","v":1}\n{}\n',
  '{"type":"jit-mirror","v":1}\n{"key"',
])("a folder whose manifest is %j is none", (text) => {
  if (text !== undefined) files.set("manifest.jsonl", Buffer.from(text));
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
