import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { canonicalJson } from "../../src/access/canonical.ts";
import { checkProof } from "../../src/audit/tree/check-proof.ts";
import { treeKeysOf } from "../../src/audit/tree/keys.ts";
import { readRequestProof } from "../../src/audit/tree/request-proof.ts";
import { openRules } from "../../src/cli/compose/rules.ts";
import { codeOf, isJitError } from "../../src/error.ts";
import { useSandbox, why } from "../support/fixture.ts";
import { Machine } from "../support/jit.ts";
import { errorOf } from "../support/ledger.ts";

/** A request's proof, checked by somebody who has a fingerprint and no network, and spoilt in every way. */

const { sandbox, machine } = useSandbox();
const keyFile = (name: string) => join(dirname(sandbox().catalog), name);
let request = "";
let file = "";
let organization = "";
let raw: {
  log: string;
  request: string;
  records: { leaf: string; proof: string; bytes: string }[];
  context: Record<string, string>;
};

beforeAll(async () => {
  const [alice, auditor, witness] = await Promise.all([
    machine("alice"),
    machine("auditor"),
    machine("witness"),
  ]);
  organization = String(alice.env["JIT_ORGANIZATION"]);
  const asked = await alice.jit(["request", "customers:read", ...why, "--json"]);
  request = JSON.parse(asked.stdout).request;
  const early = await auditor.jit(["audit", "prove", request, "--json"]);
  expect([errorOf(early).code, early.code]).toEqual(["PROOF_UNSEALED", 4]);
  const seal = ["audit", "seal", "--key", keyFile("log.jwk")];
  expect((await auditor.jit(seal)).code).toBe(0);
  expect((await witness.jit(["audit", "witness", "--key", keyFile("witness.jwk")])).code).toBe(0);
  // The newest checkpoint is not cosigned: the one before reaches far enough.
  expect((await alice.jit(["request", "orders:read", ...why])).code).toBe(0);
  expect((await auditor.jit(seal)).code).toBe(0);
  file = join(auditor.home, "proof.json");
  expect((await auditor.jit(["audit", "prove", request, "--out", file])).code).toBe(0);
  raw = JSON.parse(readFileSync(file, "utf8"));
});

async function check(proof: object, change: { trustSeen?: number; fingerprint?: string } = {}) {
  return await checkProof(readRequestProof(canonicalJson(proof)), {
    fingerprint: raw.log,
    trustSeen: 1,
    now: new Date(),
    rules: openRules("the catalog"),
    keysOf: treeKeysOf,
    ...change,
  });
}

test("somebody without network or credentials checks it by the fingerprint alone", async () => {
  const stranger = new Machine({ JIT_ORGANIZATION: organization });
  const { code, stdout } = await stranger.jit(["audit", "verify", "--proof", file, "--json"]);
  stranger.remove();
  expect([code, JSON.parse(stdout)]).toMatchObject([
    0,
    {
      ok: true,
      request,
      organization: "acme",
      state: "issued",
      checkpoint: { size: 3 },
      cosigners: [{ name: "witness.example/acme" }],
      entries: [
        { type: "request", verified: true, grade: "attested" },
        { type: "issue", verified: true },
      ],
      findings: [],
    },
  ]);
});

describe("spoilt", () => {
  const recordsBut = (change: (record: (typeof raw.records)[number]) => object) => ({
    ...raw,
    records: raw.records.map(change),
  });
  const contextBut = (drop: string) => ({
    ...raw,
    context: Object.fromEntries(Object.entries(raw.context).filter(([name]) => !name.startsWith(drop))),
  });
  const swapped = () => {
    const [first, second, ...rest] = raw.records;
    return {
      ...raw,
      records: [{ ...first, bytes: second?.bytes }, { ...second, bytes: first?.bytes }, ...rest],
    };
  };

  test.each<[string, () => object, string]>([
    ["another organization", () => ({ ...raw, log: "ab".repeat(32) }), "PROOF_INVALID"],
    ["another request", () => ({ ...raw, request: `02${request.slice(2)}` }), "PROOF_INVALID"],
    ["records in each other's places", swapped, "PROOF_INVALID"],
    [
      "another time of arrival",
      () => recordsBut((one) => ({ ...one, leaf: one.leaf.replace(/"serverTime":"20/, '"serverTime":"19') })),
      "PROOF_INVALID",
    ],
    [
      "another index",
      () => recordsBut((one) => ({ ...one, proof: one.proof.replace(/index \d/, "index 9") })),
      "PROOF_INVALID",
    ],
    [
      "another root",
      () => recordsBut((one) => ({ ...one, proof: one.proof.replace(/\n3\n..../, "\n3\nAAAA") })),
      "PROOF_INVALID",
    ],
    [
      "a larger tree",
      () => recordsBut((one) => ({ ...one, proof: one.proof.replace("\n3\n", "\n5\n") })),
      "PROOF_INVALID",
    ],
    ["no trust file", () => contextBut("v1/trust/"), "TRUST_INVALID"],
    ["no record", () => ({ ...raw, records: [] }), "PROOF_INVALID"],
    ["a member more", () => ({ ...raw, more: "x" }), "PROOF_INVALID"],
  ])("%s", async (_, spoil, code) => {
    expect(await check(spoil()).catch(codeOf)).toBe(code);
  });

  test("a trust file older than one that was seen", async () => {
    expect(await check(raw, { trustSeen: 2 }).catch(codeOf)).toBe("PROOF_INVALID");
    expect(await check(raw, { fingerprint: "ab".repeat(32) }).catch(codeOf)).toBe("PROOF_INVALID");
  });

  test("without its catalog, its key or its cosignature it shows less, and says so", async () => {
    expect((await check(contextBut("v1/catalog/"))).findings.map(({ code }) => code)).toEqual([
      "CATALOG_UNKNOWN",
      "CATALOG_UNKNOWN",
    ]);
    const keyless = { ...raw, records: raw.records.filter(({ leaf }) => !leaf.includes(".enrol.jws")) };
    expect((await check(keyless)).entries.map(({ reason }) => reason)).toEqual([
      "KEY_NOT_ENROLLED",
      "KEY_NOT_ENROLLED",
    ]);
    const alone = recordsBut((one) => ({ ...one, proof: one.proof.replace(/— witness.*\n/, "") }));
    expect((await check(alone)).cosigners).toEqual([]);
  });

  test("any byte changed is refused, or changes nothing that is shown", async () => {
    const good = readFileSync(file);
    const shown = async (bytes: Uint8Array) => {
      const { entries, state, checkpoint } = await check(JSON.parse(Buffer.from(bytes).toString()));
      return JSON.stringify([state, checkpoint.size, entries.map(({ sha256 }) => sha256)]);
    };
    const expected = await shown(good);
    for (let at = 7; at < good.length; at += Math.ceil(good.length / 60)) {
      const bytes = good.map((byte, i) => (i === at ? byte ^ 1 : byte));
      const found = await shown(bytes).catch((error: unknown) =>
        isJitError(error) || error instanceof SyntaxError ? expected : String(error),
      );
      expect([at, found]).toEqual([at, expected]);
    }
  });
});
