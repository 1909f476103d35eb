import { beforeEach, describe, expect, test } from "vitest";
import { parseCatalog } from "../../src/access/catalog/parse.ts";
import { signCatalog } from "../../src/access/trust/catalog-file.ts";
import { addTrustSignature, makeTrust, signTrust, trustDigest } from "../../src/access/trust/trust-file.ts";
import { archivedCatalogs } from "../../src/audit/archived-catalogs.ts";
import { yamlOf } from "../access/trust/catalog-text.ts";
import { ada, bob, mallory, type TestKey } from "../access/trust/keys.ts";
import { MemoryRecordStore } from "../support/memory-record-store.ts";

function catalogOf(version: number) {
  return parseCatalog(yamlOf(version), "jit.yaml");
}

/** Ada alone is the administrator until noon, Bob alone from then on. */
const noon = new Date("2026-11-24T12:00:00Z");
const before = new Date("2026-11-24T11:00:00Z");
const after = new Date("2026-11-24T13:00:00Z");
const administrators = (name: string, { publicKey }: TestKey) => [{ name, key: publicKey }];
const first = makeTrust({
  organization: "example",
  threshold: 1,
  administrators: administrators("Ada", ada),
});
const second = makeTrust(
  { organization: "example", threshold: 1, administrators: administrators("Bob", bob) },
  first,
);
const file1 = await signTrust(first, ada);
const file2 = await addTrustSignature(await signTrust(second, bob), ada);
const organization = { fingerprint: trustDigest(first), trust: second, catalog: catalogOf(9) };

let store: MemoryRecordStore;
beforeEach(() => {
  store = new MemoryRecordStore();
  store.put("v1/trust/1.json", file1, before);
  store.put("v1/trust/2.json", file2, noon);
});

async function archive(version: number, by: TestKey, at: Date, named?: string): Promise<string> {
  const { digest } = catalogOf(version);
  store.put(`v1/catalog/${named ?? digest}.jws`, await signCatalog(yamlOf(version), by), at);
  return named ?? digest;
}

describe("a catalog counts", () => {
  test.each([
    ["of today's administrator, whenever it came", bob, after, true],
    ["of today's administrator, from before", bob, before, true],
    ["of a former administrator, from that time", ada, before, true],
    ["of a former administrator, from the very moment of the change", ada, noon, false],
    ["of a former administrator, who signs on", ada, after, false],
    ["of a stranger", mallory, before, false],
  ])("%s", async (_, by, at, counts) => {
    const digest = await archive(3, by, at);
    const found = await archivedCatalogs(store, organization)(digest);
    expect(found?.version).toBe(counts ? 3 : undefined);
  });

  test("the one in force, which needs no archive", async () => {
    expect((await archivedCatalogs(store, organization)(organization.catalog.digest))?.version).toBe(9);
    expect(store.calls).toEqual([]);
  });

  test("once, however often it is asked for", async () => {
    const digest = await archive(3, ada, before);
    const lookup = archivedCatalogs(store, organization);
    await Promise.all([lookup(digest), lookup(digest)]);
    const calls = store.calls.length;
    await lookup(digest);
    expect(store.calls).toHaveLength(calls);
  });
});

describe("no catalog counts", () => {
  test("that is not there, or whose digest is none", async () => {
    const lookup = archivedCatalogs(store, organization);
    expect(await lookup("0".repeat(64))).toBeUndefined();
    expect(await lookup("../trust/1")).toBeUndefined();
  });

  test("under another's digest", async () => {
    const digest = await archive(3, ada, before, catalogOf(4).digest);
    expect(await archivedCatalogs(store, organization)(digest)).toBeUndefined();
  });

  test("that was put over the first one of its name", async () => {
    const digest = catalogOf(3).digest;
    store.put(`v1/catalog/${digest}.jws`, await signCatalog(yamlOf(3), mallory), before);
    await archive(3, ada, before);
    expect(await archivedCatalogs(store, organization)(digest)).toBeUndefined();
  });

  test("of a former administrator where the bucket's trust files are no chain", async () => {
    const digest = await archive(3, ada, before);
    store.erase("v1/trust/1.json");
    store.put("v1/trust/1.json", file2, before);
    expect(await archivedCatalogs(store, organization)(digest)).toBeUndefined();
  });

  test("where nothing is signed", async () => {
    const digest = await archive(3, ada, before);
    const lookup = archivedCatalogs(store, { ...organization, trust: undefined });
    expect(await lookup(digest)).toBeUndefined();
  });
});
