import { cpSync, renameSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { generateKey, localSigner } from "../../src/audit/signer.ts";
import type { LocalWriter } from "../../src/local/key-store.ts";
import { knownThumbprints } from "../../src/local/key-store.ts";
import { openKmsWriter, type RemoteKey } from "../../src/local/kms-writer.ts";
import { fileLock } from "../../src/local/lock.ts";
import { temporaryFolder, thrownBy } from "./temporary.ts";

const arn = "arn:aws:kms:eu-central-1:111122223333:key/1";
const jwk = generateKey("ES256");

function remote(change: Partial<RemoteKey> = {}): RemoteKey & { asked: number } {
  const key = {
    asked: 0,
    arn,
    publicKey: async () => {
      key.asked += 1;
      return localSigner(jwk).publicKey;
    },
    signer: () => localSigner(jwk),
    isEnrolled: async () => false,
    ...change,
  };
  return key;
}

const placeIn = (folder: string, userid = "AIDAALICE") => ({
  keys: join(folder, "keys"),
  chains: join(folder, "chains"),
  fingerprint: "fp",
  userid,
});
const open = (folder: string, key = remote(), userid?: string): Promise<LocalWriter> =>
  openKmsWriter(placeIn(folder, userid), fileLock(join(folder, "locks")), key);
const append = ({ chain }: LocalWriter): Promise<number> =>
  chain.hold(async (held) => {
    const { next } = held.position;
    await held.advance("ab".repeat(32));
    return next;
  });

test("AWS is asked for the public half once, and the chain goes on", async () => {
  const folder = temporaryFolder();
  const key = remote();
  const first = await open(folder, key);
  expect(await append(first)).toBe(0);
  expect(await append(await open(folder, key))).toBe(1);
  expect(key.asked).toBe(1);
  expect(knownThumbprints(placeIn(folder))).toEqual([first.signer.thumbprint]);
});

test("many at once end with one chain", async () => {
  const folder = temporaryFolder();
  const writers = await Promise.all(Array.from({ length: 5 }, () => open(folder)));
  const numbers = await Promise.all(writers.map(append));
  expect(numbers.sort()).toEqual([0, 1, 2, 3, 4]);
});

test("a key that has signed elsewhere signs nothing here", async () => {
  const folder = temporaryFolder();
  expect(await thrownBy(() => open(folder, remote({ isEnrolled: async () => true })))).toBe(
    "KEY_IN_TWO_PLACES",
  );
  // Nothing was left behind: where it was not enrolled after all, it may.
  expect(await append(await open(folder))).toBe(0);
});

test("a folder that was copied from another machine is not this machine's", async () => {
  const folder = temporaryFolder();
  await append(await open(folder));
  const copy = join(temporaryFolder(), "copy");
  cpSync(folder, copy, { recursive: true, preserveTimestamps: true });
  expect(await thrownBy(() => open(copy))).toBe("KEY_IN_TWO_PLACES");
});

test("of a chain that nothing was written to, a copy or a crash is no matter", async () => {
  const folder = temporaryFolder();
  await open(folder);
  const file = join(folder, "keys", "fp", "AIDAALICE.kms");
  renameSync(file, `${file}.gone`);
  expect(await append(await open(folder))).toBe(0);
});

test("one key of two principals has a chain for each", async () => {
  const folder = temporaryFolder();
  await append(await open(folder));
  expect(await append(await open(folder, remote(), "AIDABOB"))).toBe(0);
  expect(await append(await open(folder))).toBe(1);
});

test("an Ed25519 key is not for records", async () => {
  const ed = localSigner(generateKey());
  const key = remote({ publicKey: async () => ed.publicKey, signer: () => ed });
  expect(await thrownBy(() => open(temporaryFolder(), key))).toBe("KMS_KEY_INVALID");
});
