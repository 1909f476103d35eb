import { fork } from "node:child_process";
import { createPublicKey, verify } from "node:crypto";
import {
  copyFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { knownThumbprints, openWriter } from "../../src/local/key-store.ts";
import { fileLock } from "../../src/local/lock.ts";
import type { Vault } from "../../src/session/ports.ts";
import { temporaryFolder, thrownBy } from "./temporary.ts";

const userid = "AROAEXAMPLE:ann@example.com";

function placeIn(folder: string, user = userid) {
  return { keys: join(folder, "keys"), chains: join(folder, "chains"), fingerprint: "fp", userid: user };
}

const open = (folder: string, user = userid, vault?: Pick<Vault, "key">) =>
  openWriter(placeIn(folder, user), fileLock(join(folder, "locks")), vault);

const keyFile = (folder: string) => join(folder, "keys", "fp", "AROAEXAMPLE%3Aann@example.com.jwk");

test("a key is made once, is private, and signs", async () => {
  const folder = temporaryFolder();
  const { signer } = await open(folder);
  expect((await open(folder)).signer.thumbprint).toBe(signer.thumbprint);
  expect((await open(folder, "AIDAOTHER")).signer.thumbprint).not.toBe(signer.thumbprint);
  expect(statSync(keyFile(folder)).mode & 0o777).toBe(0o600);
  expect((await signer.sign(new Uint8Array(3))).length).toBe(64);
});

test("processes that come first at once end with one key and one chain", async () => {
  const folder = temporaryFolder();
  const script = join(import.meta.dirname, "key-maker.ts");
  const started = Array.from({ length: 6 }, () =>
    fork(script, [JSON.stringify(placeIn(folder)), join(folder, "locks")], {
      execArgv: ["--experimental-strip-types", "--no-warnings"],
    }),
  );
  const said = await Promise.all(
    started.map((child) => new Promise((resolve) => child.once("message", resolve))),
  );
  const [first] = said as { thumbprint: string; n: number }[];
  expect(said).toHaveLength(6);
  expect(new Set(said.map((one) => (one as { thumbprint: string }).thumbprint)).size).toBe(1);
  // Each advanced the chain by one: no number twice.
  expect(said.map((one) => (one as { n: number }).n).sort()).toEqual([0, 1, 2, 3, 4, 5]);
  expect(readdirSync(join(folder, "chains", "fp"))).toEqual([`${first?.thumbprint}.json`]);
});

test("a key that was copied here is put aside", async () => {
  const folder = temporaryFolder();
  const { signer } = await open(folder);
  copyFileSync(keyFile(folder), `${keyFile(folder)}.copy`);
  renameSync(`${keyFile(folder)}.copy`, keyFile(folder));
  const fresh = (await open(folder)).signer;
  expect(fresh.thumbprint).not.toBe(signer.thumbprint);
  expect((await open(folder)).signer.thumbprint).toBe(fresh.thumbprint);
});

test("a key whose chain is gone is put aside", async () => {
  const folder = temporaryFolder();
  const { signer } = await open(folder);
  rmSync(join(folder, "chains"), { recursive: true });
  expect((await open(folder)).signer.thumbprint).not.toBe(signer.thumbprint);
});

test("a damaged key is not replaced in silence, and its error tells nothing of it", async () => {
  const folder = temporaryFolder();
  await open(folder);
  writeFileSync(keyFile(folder), '{"kty":"OKP","crv":"Ed25519","x":"AAAA","d":"c2VjcmV0"}');
  expect(await thrownBy(() => open(folder))).toBe("LOCAL_DAMAGED");
  try {
    await open(folder);
  } catch (error) {
    const { inspect } = process.getBuiltinModule("util");
    expect(inspect(error, { depth: null })).not.toContain("c2VjcmV0");
  }
});

describe("with a keyring", () => {
  const vaultOf = (key: Uint8Array | undefined): Pick<Vault, "key"> => ({ key: async () => key });
  const secret = new Uint8Array(32).fill(7);

  test("a new key's private half is encrypted in its file, and signs", async () => {
    const folder = temporaryFolder();
    const { signer } = await open(folder, userid, vaultOf(secret));
    const text = readFileSync(keyFile(folder), "utf8");
    expect(JSON.parse(text)).toEqual({ v: 1, publicKey: signer.publicKey, sealed: expect.any(Object) });
    const again = (await open(folder, userid, vaultOf(secret))).signer;
    const message = Buffer.from("x");
    const key = createPublicKey({ key: { ...again.publicKey }, format: "jwk" });
    expect(verify(null, message, key, await again.sign(message))).toBe(true);
  });

  test("without the keyring the key is still known, never replaced, and does not sign", async () => {
    const folder = temporaryFolder();
    const { signer } = await open(folder, userid, vaultOf(secret));
    expect(knownThumbprints(placeIn(folder))).toEqual([signer.thumbprint]);
    const locked = (await open(folder, userid, vaultOf(undefined))).signer;
    expect(locked.thumbprint).toBe(signer.thumbprint);
    expect(await thrownBy(() => locked.sign(new Uint8Array(1)))).toBe("LOCAL_KEYRING");
    const other = (await open(folder, userid, vaultOf(new Uint8Array(32)))).signer;
    expect(await thrownBy(() => other.sign(new Uint8Array(1)))).toBe("LOCAL_DAMAGED");
  });

  test("a private half under another public half signs nothing", async () => {
    const folder = temporaryFolder();
    const { signer } = await open(folder, userid, vaultOf(secret));
    const mine = JSON.parse(readFileSync(keyFile(folder), "utf8"));
    await open(folder, "AIDAOTHER", vaultOf(secret));
    const theirs = JSON.parse(readFileSync(join(folder, "keys", "fp", "AIDAOTHER.jwk"), "utf8"));
    // In place: the file keeps its inode, by which its chain knows it.
    writeFileSync(keyFile(folder), JSON.stringify({ ...mine, sealed: theirs.sealed }));
    const swapped = (await open(folder, userid, vaultOf(secret))).signer;
    expect(swapped.thumbprint).toBe(signer.thumbprint);
    expect(await thrownBy(() => swapped.sign(new Uint8Array(1)))).toBe("LOCAL_DAMAGED");
  });

  test("a key that lies in the open goes on working", async () => {
    const folder = temporaryFolder();
    const { signer } = await open(folder);
    const later = (await open(folder, userid, vaultOf(secret))).signer;
    expect(later.thumbprint).toBe(signer.thumbprint);
    expect(await later.sign(new Uint8Array(1))).toHaveLength(64);
  });
});
