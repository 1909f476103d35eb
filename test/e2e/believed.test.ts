import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { useSandbox } from "../support/fixture.ts";
import type { Machine } from "../support/jit.ts";
import { expectError } from "../support/ledger.ts";

// What this machine keeps of an organization is verified at each use: spoilt, it is asked for again, and never believed.
const { sandbox, machine } = useSandbox();

interface Stored {
  trustFiles: string[];
  signedCatalog: string;
}

function spoil(on: Machine, change: (stored: Stored) => void): void {
  const root = join(on.home, ".local/state/jit/organizations");
  const file = join(root, readdirSync(root)[0] ?? "", "believed.json");
  const stored = JSON.parse(readFileSync(file, "utf8")) as Stored;
  change(stored);
  writeFileSync(file, JSON.stringify(stored));
}

/** Another text in the payload of a JWS, under the signature of before. */
function forged(base64: string): string {
  const text = Buffer.from(base64, "base64").toString();
  const jws = JSON.parse(text) as { payload: string };
  const payload = Buffer.from(jws.payload, "base64url").toString().replaceAll("acme", "evil");
  return Buffer.from(
    JSON.stringify({ ...jws, payload: Buffer.from(payload).toString("base64url") }),
  ).toString("base64");
}

const spoilt: readonly (readonly [string, (stored: Stored) => void])[] = [
  ["a trust file that is garbage", (stored) => stored.trustFiles.splice(0, 1, "bm9uZQ==")],
  [
    "a trust file that was changed",
    (stored) => stored.trustFiles.splice(0, 1, forged(stored.trustFiles[0] ?? "")),
  ],
  ["no trust file", (stored) => stored.trustFiles.splice(0, 1)],
  [
    "a catalog that is garbage",
    (stored) => {
      stored.signedCatalog = "bm9uZQ==";
    },
  ],
  [
    "a catalog that was changed",
    (stored) => {
      stored.signedCatalog = forged(stored.signedCatalog);
    },
  ],
];

test.each(spoilt)("%s in the state folder: the bucket is asked anew, once", async (_, change) => {
  const alice = await machine("alice");
  expect((await alice.jit(["stores", "--json"])).code).toBe(0);
  const before = (await alice.jit(["stores", "--json"])).stdout;
  spoil(alice, change);
  await sandbox().clearCalls();
  expect(await alice.jit(["stores", "--json"])).toMatchObject({ code: 0, stdout: before });
  expect((await sandbox().calls()).map(({ action }) => action)).toContain("GetObject");
  await sandbox().clearCalls();
  expect((await alice.jit(["stores", "--json"])).code).toBe(0);
  expect(await sandbox().calls()).toEqual([]);
});

test.each(spoilt)("%s, and no bucket to ask: an error, and nothing is believed", async (_, change) => {
  const alice = await machine("alice");
  expect((await alice.jit(["stores", "--json"])).code).toBe(0);
  spoil(alice, change);
  await sandbox().fault({ service: "s3", action: "GetObject", kind: "status", status: 403 });
  expectError(await alice.jit(["stores", "--json"]), "AUDIT_DENIED", 8);
});
