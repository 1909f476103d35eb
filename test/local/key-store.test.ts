import { fork } from "node:child_process";
import { copyFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openWriter } from "../../src/local/key-store.ts";
import { fileLock } from "../../src/local/lock.ts";
import { temporaryFolder, thrownBy } from "./temporary.ts";

const userid = "AROAEXAMPLE:ann@example.com";

function placeIn(folder: string, user = userid) {
  return { keys: join(folder, "keys"), chains: join(folder, "chains"), fingerprint: "fp", userid: user };
}

const open = (folder: string, user = userid) =>
  openWriter(placeIn(folder, user), fileLock(join(folder, "locks")));

const keyFile = (folder: string) => join(folder, "keys", "fp", "AROAEXAMPLE%3Aann@example.com.jwk");

test("a key is made once, is private, and signs", async () => {
  const folder = temporaryFolder();
  const { signer } = open(folder);
  expect(open(folder).signer.thumbprint).toBe(signer.thumbprint);
  expect(open(folder, "AIDAOTHER").signer.thumbprint).not.toBe(signer.thumbprint);
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

test("a key that was copied here is put aside", () => {
  const folder = temporaryFolder();
  const { signer } = open(folder);
  copyFileSync(keyFile(folder), `${keyFile(folder)}.copy`);
  renameSync(`${keyFile(folder)}.copy`, keyFile(folder));
  const fresh = open(folder).signer;
  expect(fresh.thumbprint).not.toBe(signer.thumbprint);
  expect(open(folder).signer.thumbprint).toBe(fresh.thumbprint);
});

test("a key whose chain is gone is put aside", () => {
  const folder = temporaryFolder();
  const { signer } = open(folder);
  rmSync(join(folder, "chains"), { recursive: true });
  expect(open(folder).signer.thumbprint).not.toBe(signer.thumbprint);
});

test("a damaged key is not replaced in silence, and its error tells nothing of it", async () => {
  const folder = temporaryFolder();
  open(folder);
  writeFileSync(keyFile(folder), '{"kty":"OKP","crv":"Ed25519","x":"AAAA","d":"c2VjcmV0"}');
  expect(await thrownBy(() => open(folder))).toBe("LOCAL_DAMAGED");
  try {
    open(folder);
  } catch (error) {
    const { inspect } = process.getBuiltinModule("util");
    expect(inspect(error, { depth: null })).not.toContain("c2VjcmV0");
  }
});
