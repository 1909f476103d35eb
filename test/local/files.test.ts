import {
  chmodSync,
  chownSync,
  existsSync,
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
import {
  createPrivate,
  filesIn,
  inodeOf,
  ownDirectory,
  privateDirectory,
  readPrivate,
  removeIfSame,
  writePrivate,
} from "../../src/local/files.ts";
import { localError } from "../../src/local/local-error.ts";
import { removeStaleTemporaries } from "../../src/local/temporary-file.ts";
import { temporaryFolder, thrownBy } from "./temporary.ts";

const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);

test("a written file is read back, is private, and leaves nothing else behind", () => {
  const folder = join(temporaryFolder(), "a", "b");
  privateDirectory(folder);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  const path = join(folder, "f");
  expect(readPrivate(path)).toBeUndefined();
  writePrivate(path, "one");
  writePrivate(path, new TextEncoder().encode("two"));
  expect(text(readPrivate(path))).toBe("two");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(["f"]);
});

test("what fails before publishing changes nothing", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "f");
  writePrivate(path, "old");
  const refuse = () => {
    throw Object.assign(new Error("lost"), { code: "EROFS" });
  };
  expect(await thrownBy(() => writePrivate(path, "new", { beforePublish: refuse }))).toBe("LOCAL_READ_ONLY");
  expect(readFileSync(path, "utf8")).toBe("old");
  expect(readdirSync(folder)).toEqual(["f"]);
});

test("creating is for the first alone", () => {
  const folder = temporaryFolder();
  expect(createPrivate(join(folder, "k"), "first")).toBe(true);
  expect(createPrivate(join(folder, "k"), "second")).toBe(false);
  expect(text(readPrivate(join(folder, "k")))).toBe("first");
  expect(readdirSync(folder)).toEqual(["k"]);
});

test("a file is removed only while it is the one that was looked at", () => {
  const folder = temporaryFolder();
  const path = join(folder, "f");
  writePrivate(path, "old");
  const old = inodeOf(path) ?? 0;
  writePrivate(path, "new");
  removeIfSame(path, old);
  expect(text(readPrivate(path))).toBe("new");
  removeIfSame(path, inodeOf(path) ?? 0);
  removeIfSame(path, old);
  expect(readdirSync(folder)).toEqual([]);
});

test("links are not followed", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "target"), "x", { mode: 0o600 });
  symlinkSync(join(folder, "target"), join(folder, "link"));
  expect(await thrownBy(() => readPrivate(join(folder, "link")))).toBe("LOCAL_UNSAFE");
  mkdirSync(join(folder, "real"), { mode: 0o700 });
  symlinkSync(join(folder, "real"), join(folder, "folder-link"));
  expect(await thrownBy(() => privateDirectory(join(folder, "folder-link")))).toBe("LOCAL_UNSAFE");
  expect(await thrownBy(() => privateDirectory(join(folder, "target", "below")))).toBe("LOCAL_UNSAFE");
});

test("what others can write is refused, what they can only read is closed", async () => {
  const folder = temporaryFolder();
  const open = join(folder, "open");
  mkdirSync(open);
  chmodSync(open, 0o777);
  expect(await thrownBy(() => privateDirectory(open))).toBe("LOCAL_UNSAFE");
  chmodSync(open, 0o755);
  privateDirectory(open);
  expect(statSync(open).mode & 0o777).toBe(0o700);
  writeFileSync(join(open, "f"), "x");
  chmodSync(join(open, "f"), 0o666);
  expect(await thrownBy(() => readPrivate(join(open, "f")))).toBe("LOCAL_UNSAFE");
});

test.skipIf(process.getuid?.() !== 0)("what belongs to another user is refused", async () => {
  const folder = join(temporaryFolder(), "theirs");
  mkdirSync(folder, { mode: 0o700 });
  chownSync(folder, 4242, 4242);
  expect(await thrownBy(() => privateDirectory(folder))).toBe("LOCAL_UNSAFE");
});

test("a folder that a person named keeps who may read it, and must be the person's own", async () => {
  const folder = temporaryFolder();
  const named = join(folder, "named");
  mkdirSync(named);
  chmodSync(named, 0o755);
  ownDirectory(named);
  expect(statSync(named).mode & 0o777).toBe(0o755);
  chmodSync(named, 0o777);
  expect(await thrownBy(() => ownDirectory(named))).toBe("LOCAL_UNSAFE");
  ownDirectory(join(folder, "new"));
  expect(statSync(join(folder, "new")).mode & 0o777).toBe(0o700);
});

test.skipIf(process.platform !== "linux")(
  "a folder where nothing can be made is refused, and at once",
  async () => {
    // Node's own recursion never ends there.
    expect(await thrownBy(() => ownDirectory("/proc/jit/below"))).toMatch(/^LOCAL_/);
  },
);

test("temporary files are hidden, and removed once they are old", () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, ".tmp-1-1-1"), "");
  writeFileSync(join(folder, ".tmp-2-2-2"), "");
  writeFileSync(join(folder, "kept"), "");
  utimesSync(join(folder, ".tmp-1-1-1"), 1000, 1000);
  expect(filesIn(folder)).toEqual(["kept"]);
  removeStaleTemporaries(folder, Date.now());
  expect(readdirSync(folder).sort()).toEqual([".tmp-2-2-2", "kept"]);
  expect(filesIn(join(folder, "missing"))).toEqual([]);
  expect(existsSync(join(folder, "missing"))).toBe(false);
});

test.skipIf(!existsSync("/dev/full"))("a disk that is full is known by its code", async () => {
  const fill = () => {
    try {
      writeFileSync("/dev/full", "x");
    } catch (error) {
      throw localError(error, "/dev/full");
    }
  };
  expect(await thrownBy(fill)).toBe("LOCAL_DISK_FULL");
});

test.each([
  ["ENOSPC", "LOCAL_DISK_FULL"],
  ["EDQUOT", "LOCAL_DISK_FULL"],
  ["EROFS", "LOCAL_READ_ONLY"],
  ["EACCES", "LOCAL_READ_ONLY"],
  ["ELOOP", "LOCAL_UNSAFE"],
  ["EIO", "LOCAL_FAILED"],
])("%s is %s", (code, expected) => {
  expect(localError(Object.assign(new Error(code), { code }), "/x").code).toBe(expected);
});
