import { describe, expect, test } from "vitest";
import { type BeliefInput, believe } from "../../src/access/load.ts";
import { addCatalogSignature, signCatalog } from "../../src/access/trust/catalog-file.ts";
import { addTrustSignature, makeTrust, signTrust, trustDigest } from "../../src/access/trust/trust-file.ts";
import type { Organization } from "../../src/access/types.ts";
import { codeOf } from "../../src/error.ts";
import { yamlOf } from "./trust/catalog-text.ts";
import { ada, bob, bytesOf, mallory, textOf } from "./trust/keys.ts";

const administrators = [{ name: "Ada", key: ada.publicKey }];
const first = makeTrust({ organization: "example", threshold: 1, administrators });
const second = makeTrust(
  { organization: "example", threshold: 1, administrators: [{ name: "Bob", key: bob.publicKey }] },
  first,
);
const file1 = await signTrust(first, ada);
const ownOnly = await signTrust(second, bob);
const file2 = await addTrustSignature(ownOnly, ada);
const yaml = yamlOf(7);
const signed = await signCatalog(yaml, ada);

const good: BeliefInput = {
  trustFiles: [file1],
  catalog: { signed, yaml },
  fingerprint: trustDigest(first),
  seen: { trust: 0, catalog: 0 },
  allowUnsigned: false,
  source: "jit.yaml",
};

async function believed(change: Partial<BeliefInput>): Promise<Organization | string | undefined> {
  try {
    return await believe({ ...good, ...change });
  } catch (error) {
    return codeOf(error);
  }
}

describe("what is believed", async () => {
  test("a catalog that the pinned trust file's administrators signed", async () => {
    const organization = await believe(good);
    expect(organization.fingerprint).toBe(good.fingerprint);
    expect(organization.trust).toEqual(first);
    expect(organization.catalog.version).toBe(7);
  });

  test("the same without its text beside it, as in a bucket", async () => {
    expect(await believed({ catalog: { signed, yaml: undefined } })).toEqual(await believe(good));
  });

  test("versions that were seen, and newer ones", async () => {
    expect(await believed({ seen: { trust: 1, catalog: 7 } })).toEqual(await believe(good));
    expect(await believed({ seen: { trust: 1, catalog: 6 } })).toEqual(await believe(good));
    expect(await believed({ seen: { trust: 1, catalog: 6, catalogDigest: "00".repeat(32) } })).toEqual(
      await believe(good),
    );
    const { digest } = (await believe(good)).catalog;
    expect(await believed({ seen: { trust: 1, catalog: 7, catalogDigest: digest } })).toEqual(
      await believe(good),
    );
  });

  test("the newest administrators, and no longer those before", async () => {
    const byBob = await signCatalog(yaml, bob);
    const trustFiles = [file1, file2];
    expect(await believed({ trustFiles, catalog: { signed: byBob, yaml } })).toMatchObject({ trust: second });
    expect(await believed({ trustFiles })).toBe("CATALOG_SIGNATURE_INVALID");
    const byAll = await addCatalogSignature(signed, bob);
    expect(await believed({ trustFiles, catalog: { signed: byAll, yaml } })).toMatchObject({ trust: second });
  });

  test("an unsigned catalog on loopback, where that was pinned", async () => {
    const unsigned = { fingerprint: "unsigned", catalog: { signed: undefined, yaml }, trustFiles: [] };
    expect(await believed({ ...unsigned, allowUnsigned: true })).toEqual({
      fingerprint: "unsigned",
      trust: undefined,
      catalog: (await believe(good)).catalog,
    });
    expect(await believed(unsigned)).toBe("CATALOG_UNSIGNED");
  });
});

const changed = bytesOf(textOf(yaml).replace("customers/", '""'));
const refusals: readonly (readonly [string, Partial<BeliefInput>, string])[] = [
  ["another fingerprint", { fingerprint: trustDigest(second) }, "TRUST_FINGERPRINT"],
  ["no trust file", { trustFiles: [] }, "TRUST_INVALID"],
  ["a chain that breaks", { trustFiles: [file1, file1] }, "TRUST_BROKEN_CHAIN"],
  ["who appoints himself", { trustFiles: [file1, ownOnly] }, "TRUST_SIGNATURE_INVALID"],
  ["an older trust file", { seen: { trust: 2, catalog: 0 } }, "TRUST_ROLLED_BACK"],
  [
    "another catalog of the version that was seen",
    { seen: { trust: 1, catalog: 7, catalogDigest: "00".repeat(32) } },
    "CATALOG_FORKED",
  ],
  ["an older catalog", { seen: { trust: 1, catalog: 8 } }, "CATALOG_ROLLED_BACK"],
  [
    "an older unsigned catalog",
    { fingerprint: "unsigned", allowUnsigned: true, seen: { trust: 0, catalog: 8 } },
    "CATALOG_ROLLED_BACK",
  ],
  ["no signature", { catalog: { signed: undefined, yaml } }, "CATALOG_UNSIGNED"],
  [
    "no signature, on loopback, but pinned",
    { catalog: { signed: undefined, yaml }, allowUnsigned: true },
    "CATALOG_UNSIGNED",
  ],
  ["a signature that is none", { catalog: { signed: yaml, yaml } }, "CATALOG_UNSIGNED"],
  [
    "a stranger's",
    { catalog: { signed: await signCatalog(yaml, mallory), yaml } },
    "CATALOG_SIGNATURE_INVALID",
  ],
  ["a text that was changed", { catalog: { signed, yaml: changed } }, "CATALOG_SWAPPED"],
  [
    "a text with one line end more",
    { catalog: { signed, yaml: bytesOf(`${textOf(yaml)}\n`) } },
    "CATALOG_SWAPPED",
  ],
  [
    "another organization's",
    { catalog: { signed: await signCatalog(yamlOf(7, "other"), ada), yaml: undefined } },
    "CATALOG_WRONG_ORGANIZATION",
  ],
  ["nothing there", { catalog: { signed: undefined, yaml: undefined } }, "CATALOG_MISSING"],
  [
    "nothing there, unsigned",
    { catalog: { signed, yaml: undefined }, fingerprint: "unsigned", allowUnsigned: true },
    "CATALOG_MISSING",
  ],
  [
    "signed nonsense",
    { catalog: { signed: await signCatalog(bytesOf("a: ["), ada), yaml: undefined } },
    "CATALOG_INVALID",
  ],
];

test.each(refusals)("refuses %s", async (_, change, code) => {
  expect(await believed(change)).toBe(code);
});
