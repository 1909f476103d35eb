import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createChain, fileChain, readChain } from "../../src/local/chain.ts";
import { fileLock } from "../../src/local/lock.ts";
import { temporaryFolder, thrownBy } from "./temporary.ts";

const hash = "0f".repeat(32);

function chainIn(folder: string) {
  const place = { folder: join(folder, "chains"), thumbprint: "thumb" };
  createChain(place, 7);
  return { place, chain: fileChain(place, fileLock(join(folder, "locks"))) };
}

test("a chain starts at 0, keeps what is pending, and moves on by one", async () => {
  const { place, chain } = chainIn(temporaryFolder());
  const pending = { key: "v1/rec/x", bytes: new Uint8Array([0, 255, 10]) };
  await chain.hold(async (held) => {
    expect(held.position).toMatchObject({ next: 0, prev: "-", pending: undefined });
    await held.setPending(pending);
    expect(held.position).toMatchObject({ next: 0, pending });
  });
  // As after a crash: another process finds it so.
  expect(readChain(place)).toEqual({ next: 0, prev: "-", pending, keyInode: 7 });
  await chain.hold(async (held) => {
    expect(held.position).toMatchObject({ next: 0, prev: "-", pending });
    await held.advance(hash);
    expect(held.position).toMatchObject({ next: 1, prev: hash, pending: undefined });
  });
  expect(readChain(place)).toEqual({ next: 1, prev: hash, pending: undefined, keyInode: 7 });
});

test("who lost the lock changes nothing", async () => {
  const folder = temporaryFolder();
  const { place, chain } = chainIn(folder);
  await chain.hold(async (held) => {
    const generations = join(folder, "locks", "chain-thumb");
    const highest = readdirSync(generations).sort().at(-1) ?? "";
    writeFileSync(join(generations, String(Number(highest) + 1).padStart(12, "0")), "");
    const lost = () => held.setPending({ key: "k", bytes: new Uint8Array() });
    expect(await thrownBy(lost)).toBe("LOCK_LOST");
    expect(await thrownBy(() => held.advance(hash))).toBe("LOCK_LOST");
    expect(held.position.next).toBe(0);
  });
  expect(readChain(place)).toMatchObject({ next: 0, pending: undefined });
});

test.each([
  "",
  "{",
  "null",
  '{"v":2,"next":0,"prev":"-","keyInode":7}',
  '{"v":1,"next":-1,"prev":"-","keyInode":7}',
  '{"v":1,"next":1.5,"prev":"-","keyInode":7}',
  '{"v":1,"next":0,"prev":"zz","keyInode":7}',
  '{"v":1,"next":0,"prev":"-"}',
  '{"v":1,"next":0,"prev":"-","keyInode":7,"pending":null}',
  '{"v":1,"next":0,"prev":"-","keyInode":7,"pending":{"key":"k"}}',
])("a chain never starts again by itself: %s", async (text) => {
  const { place, chain } = chainIn(temporaryFolder());
  writeFileSync(join(place.folder, "thumb.json"), text);
  expect(await thrownBy(() => readChain(place))).toBe("LOCAL_DAMAGED");
  expect(await thrownBy(() => chain.hold(async () => undefined))).toBe("LOCAL_DAMAGED");
});

test("a chain that is gone, or stands where a folder is, is an error", async () => {
  const { place, chain } = chainIn(temporaryFolder());
  rmSync(join(place.folder, "thumb.json"));
  expect(await thrownBy(() => chain.hold(async () => undefined))).toBe("LOCAL_DAMAGED");
  mkdirSync(join(place.folder, "thumb.json"));
  expect(await thrownBy(() => chain.hold(async () => undefined))).toBe("LOCAL_UNSAFE");
});
