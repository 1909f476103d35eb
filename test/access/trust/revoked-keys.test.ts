import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isRevoked, withRevoked } from "../../../src/access/trust/revoked-keys.ts";
import { makeTrust, signTrust, trustDigest, verifyTrustChain } from "../../../src/access/trust/trust-file.ts";
import type { RevokedKey, Trust } from "../../../src/access/types.ts";
import { codeOf } from "../../../src/error.ts";
import { ada } from "./keys.ts";

const [lost, other] = [`${"a".repeat(42)}A`, `${"b".repeat(42)}A`];
const at = "2026-11-24T08:00:00Z";

const content = (revokedKeys?: unknown) => ({
  organization: "example",
  threshold: 1,
  administrators: [{ name: "ada", key: ada.publicKey }],
  ...(revokedKeys === undefined ? {} : { revokedKeys: revokedKeys as readonly RevokedKey[] }),
});

const codeFor = (revokedKeys: unknown): string | undefined => {
  try {
    makeTrust(content(revokedKeys));
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
};

describe("in a trust file", () => {
  test("a file without them is what it was before they could be named", () => {
    expect("revokedKeys" in makeTrust(content())).toBe(false);
  });

  test.each([
    ["one", [{ thumbprint: lost, at }], undefined],
    ["with a size", [{ thumbprint: lost, at, size: 0 }], undefined],
    ["none", [], "TRUST_INVALID"],
    ["no thumbprint", [{ thumbprint: "a".repeat(43), at }], "TRUST_INVALID"],
    ["no time", [{ thumbprint: lost, at: "2026-02-30T00:00:00Z" }], "TRUST_INVALID"],
    ["a time with fractions", [{ thumbprint: lost, at: "2026-11-24T08:00:00.5Z" }], "TRUST_INVALID"],
    ["a size alone", [{ thumbprint: lost, size: 7 }], "TRUST_INVALID"],
    ["a negative size", [{ thumbprint: lost, at, size: -1 }], "TRUST_INVALID"],
    [
      "twice",
      [
        { thumbprint: lost, at },
        { thumbprint: lost, at },
      ],
      "TRUST_INVALID",
    ],
    [
      "not sorted",
      [
        { thumbprint: other, at },
        { thumbprint: lost, at },
      ],
      "TRUST_INVALID",
    ],
    ["more members", [{ thumbprint: lost, at, why: "lost" }], "TRUST_INVALID"],
  ])("%s", (_, revokedKeys, code) => {
    expect(codeFor(revokedKeys)).toBe(code);
  });

  test("a key stays named: a later version that leaves it out breaks the chain", async () => {
    const first = makeTrust(content([{ thumbprint: lost, at }]));
    const kept = makeTrust(content(withRevoked(first.revokedKeys, { thumbprint: other, at })), first);
    const forgetting = makeTrust(content([{ thumbprint: other, at }]), first);
    const believed = async (second: Trust): Promise<unknown> => {
      const files = await Promise.all([first, second].map((one) => signTrust(one, ada)));
      try {
        return verifyTrustChain(files, trustDigest(first)).revokedKeys?.length;
      } catch (error) {
        return codeOf(error);
      }
    };
    expect(await believed(kept)).toBe(2);
    expect(await believed(forgetting)).toBe("TRUST_BROKEN_CHAIN");
  });
});

describe("isRevoked", () => {
  const revoked = [{ thumbprint: lost, at, size: 100 }];
  test.each([
    ["a second before", lost, "2026-11-24T07:59:59Z", undefined, false],
    ["in that second", lost, at, undefined, true],
    ["later", lost, "2027-01-01T00:00:00Z", undefined, true],
    ["before, and in the tree below", lost, "2026-11-24T07:00:00Z", 99, false],
    ["before, and in the tree above", lost, "2026-11-24T07:00:00Z", 100, true],
    ["after, and in the tree below", lost, "2026-11-24T09:00:00Z", 99, true],
    ["another key", other, "2027-01-01T00:00:00Z", 500, false],
  ])("%s", (_, thumbprint, arrived, index, expected) => {
    expect(isRevoked(revoked, { thumbprint, arrived: new Date(arrived), index })).toBe(expected);
  });
});

test("revoking again never brings a record back", () => {
  const times = fc.integer({ min: 0, max: 4_000_000_000 });
  const limit = fc.record({ at: times, size: fc.option(fc.nat(), { nil: undefined }) });
  const entry = (one: { at: number; size: number | undefined }): RevokedKey => ({
    thumbprint: lost,
    at: `${new Date(one.at * 1000).toISOString().slice(0, 19)}Z`,
    ...(one.size === undefined ? {} : { size: one.size }),
  });
  fc.assert(
    fc.property(limit, limit, times, fc.nat(), (first, second, arrived, index) => {
      const record = { thumbprint: lost, arrived: new Date(arrived * 1000), index };
      const once = withRevoked(undefined, entry(first));
      const twice = withRevoked(once, entry(second));
      const either = isRevoked(once, record) || isRevoked([entry(second)], record);
      expect(isRevoked(twice, record)).toBe(either);
      expect(codeFor(twice)).toBeUndefined();
    }),
  );
});
