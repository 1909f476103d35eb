import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  type Believed,
  readBelieved,
  readIdentity,
  writeBelieved,
  writeIdentity,
} from "../../src/local/believed.ts";
import { fileLock } from "../../src/local/lock.ts";
import { currentCatalog } from "../../src/session/current-catalog.ts";
import { temporaryFolder } from "./temporary.ts";

const of = { location: "s3://acme-audit", fingerprint: "ab".repeat(32) };
const digest = "cd".repeat(32);
const bytes = (text: string) => new Uint8Array(Buffer.from(text));

function believed(catalog: number, change: Partial<Believed> = {}): Believed {
  return {
    seen: { trust: 2, catalog },
    trustFiles: [bytes("trust 1"), bytes("trust 2")],
    signedCatalog: bytes(`catalog ${catalog}`),
    checkedAt: 1_795_000_000_000,
    skew: -250,
    ...change,
  };
}

function machine() {
  const folder = temporaryFolder();
  const places = { state: join(folder, "state"), cache: join(folder, "cache") };
  return { places, lock: fileLock(join(folder, "locks")) };
}

test("what was believed is believed again, and the warm path has the digest", async () => {
  const { places, lock } = machine();
  expect(readBelieved(places, of)).toMatchObject({ seen: { trust: 0, catalog: 0 }, checkedAt: 0 });
  await writeBelieved(places, of, believed(3), digest, lock);
  expect(readBelieved(places, of)).toEqual(
    believed(3, { seen: { trust: 2, catalog: 3, catalogDigest: digest } }),
  );
  expect(currentCatalog(readFileSync(join(places.cache, "current.json"), "utf8"), of)).toBe(digest);
});

test("versions seen only go up, whoever writes last, however many at once", async () => {
  const { places, lock } = machine();
  const versions = [4, 9, 2, 7];
  await Promise.all(versions.map((version) => writeBelieved(places, of, believed(version), digest, lock)));
  expect(readBelieved(places, of).seen).toMatchObject({ trust: 2, catalog: 9 });
  await writeBelieved(places, of, believed(1, { seen: { trust: 0, catalog: 1 } }), digest, lock);
  expect(readBelieved(places, of).seen).toMatchObject({ trust: 2, catalog: 9 });
});

test("of two catalogs of one version the first stays, and a newer one takes its place", async () => {
  const { places, lock } = machine();
  const other = "99".repeat(32);
  await writeBelieved(places, of, believed(4), digest, lock);
  await writeBelieved(places, of, believed(4), other, lock);
  expect(readBelieved(places, of)).toMatchObject({
    seen: { catalog: 4, catalogDigest: digest },
    signedCatalog: undefined,
    checkedAt: 0,
  });
  await writeBelieved(places, of, believed(5), other, lock);
  expect(readBelieved(places, of).seen).toMatchObject({ catalog: 5, catalogDigest: other });
});

test("a file of before digests were kept learns one, and an unsigned catalog may change", async () => {
  const { places, lock } = machine();
  const unsigned = { ...of, fingerprint: "unsigned" };
  await writeBelieved(places, of, believed(4), digest, lock);
  const path = join(places.state, "organizations", of.fingerprint, "believed.json");
  const { seen, ...rest } = JSON.parse(readFileSync(path, "utf8"));
  writeFileSync(path, JSON.stringify({ ...rest, seen: { trust: seen.trust, catalog: seen.catalog } }));
  await writeBelieved(places, of, believed(4), "99".repeat(32), lock);
  expect(readBelieved(places, of).seen.catalogDigest).toBe("99".repeat(32));
  await writeBelieved(places, unsigned, believed(4), digest, lock);
  await writeBelieved(places, unsigned, believed(4), "99".repeat(32), lock);
  expect(readBelieved(places, unsigned)).toMatchObject({ checkedAt: believed(4).checkedAt });
});

test.each([
  ["an older catalog", { trust: 2, catalog: 3 }],
  ["an older trust file", { trust: 1, catalog: 5 }],
])("who comes late with %s leaves nothing that would be refused as rolled back", async (_, seen) => {
  const { places, lock } = machine();
  const digestNow = () => currentCatalog(readFileSync(join(places.cache, "current.json"), "utf8"), of);
  await writeBelieved(places, of, believed(4), digest, lock);
  await writeBelieved(places, of, believed(seen.catalog, { seen }), "99".repeat(32), lock);
  expect(readBelieved(places, of)).toMatchObject({
    seen: { trust: 2, catalog: Math.max(4, seen.catalog) },
    trustFiles: [],
    signedCatalog: undefined,
    checkedAt: 0,
    skew: -250,
  });
  expect(digestNow()).toBe(digest);
  const next = believed(6);
  await writeBelieved(places, of, next, "66".repeat(32), lock);
  expect(readBelieved(places, of)).toMatchObject({ ...next, seen: next.seen });
  expect(digestNow()).toBe("66".repeat(32));
});

test("from another place of the same organization only the versions carry over", async () => {
  const { places, lock } = machine();
  await writeBelieved(places, of, believed(3), digest, lock);
  const mirror = { ...of, location: "/srv/mirror/jit.yaml" };
  expect(readBelieved(places, mirror)).toMatchObject({
    seen: { trust: 2, catalog: 3 },
    trustFiles: [],
    signedCatalog: undefined,
    checkedAt: 0,
    skew: 0,
  });
  expect(readBelieved(places, { ...of, fingerprint: "ef".repeat(32) }).seen.catalog).toBe(0);
});

test.each([
  "",
  "null",
  '{"v":1,"seen":{"trust":-1,"catalog":1}}',
  '{"v":1,"seen":{"trust":1.5,"catalog":1}}',
])("a damaged file is as none: %s", async (text) => {
  const { places, lock } = machine();
  await writeBelieved(places, of, believed(3), digest, lock);
  writeFileSync(join(places.state, "organizations", of.fingerprint, "believed.json"), text);
  expect(readBelieved(places, of).seen).toEqual({ trust: 0, catalog: 0 });
});

test("who calls is remembered by access key", () => {
  const { places } = machine();
  const identity = { arn: "arn:aws:iam::111122223333:user/ann", userid: "AIDAANN", account: "111122223333" };
  const known = { identity, inheritedSourceIdentity: undefined, statement: undefined, checkedAt: 5 };
  expect(readIdentity(places, "AKIAANN")).toBeUndefined();
  writeIdentity(places, "AKIAANN", known);
  expect(readIdentity(places, "AKIAANN")).toEqual(known);
  writeIdentity(places, "AKIAANN", { ...known, inheritedSourceIdentity: "ann" });
  expect(readIdentity(places, "AKIAANN")?.inheritedSourceIdentity).toBe("ann");
  expect(readIdentity(places, "AKIABOB")).toBeUndefined();
  writeIdentity(places, "../../escape", known);
  expect(readIdentity(places, "../../escape")).toEqual(known);
});
