import { beforeEach, describe, expect, test } from "vitest";
import { sha256Hex } from "../../../src/access/digest.ts";
import { compileSessionPolicy } from "../../../src/access/policy/compile.ts";
import type { Catalog, Store } from "../../../src/access/types.ts";
import { tellStory } from "../../../src/audit/story.ts";
import type { IssueBody, RequestBody } from "../../../src/audit/types.ts";
import { verifyLog } from "../../../src/audit/verify.ts";
import { accessOf, storeOf } from "../../access/policy/fixtures.ts";
import { MemoryRecordStore } from "../../support/memory-record-store.ts";
import { catalog as digest, log, StandingClock, storeRole, testWriter } from "../writer.ts";

const access = accessOf("read", [{ kind: "s3", bucket: "customers", prefixes: ["a/"], allow: ["read"] }]);
const customers = storeOf("customers", [access], undefined, storeRole);
const notAfter = "2026-11-24T08:46:36Z";
const right = compileSessionPolicy({
  targets: [{ store: customers, access }],
  notAfter: new Date(notAfter),
}).text;

function catalogOf(store: Store): Catalog {
  return {
    digest,
    version: 1,
    organization: "example",
    audit: { bucket: "audit", account: "111111111111", region: "eu-central-1", reasons: undefined },
    endpoints: [],
    justification: {
      purposes: new Map(),
      minimumLength: 1,
      ticket: { required: false, pattern: undefined, example: undefined },
    },
    defaults: { duration: 900, region: undefined, purpose: undefined },
    stores: new Map([[store.name, store]]),
  };
}

describe("sessions against the catalog", () => {
  let store: MemoryRecordStore;
  let clock: StandingClock;
  beforeEach(() => {
    clock = new StandingClock();
    store = new MemoryRecordStore(() => clock.now());
  });

  async function codes(
    catalog: Catalog | undefined,
    asked: Partial<RequestBody> = {},
    policy = right,
  ): Promise<string[]> {
    const alice = testWriter(store, "alice", { clock });
    const request = await alice.request(asked);
    const change: Partial<IssueBody> = { policy, policySha256: sha256Hex(Buffer.from(policy)), notAfter };
    await alice.issue(request, change);
    const lookup = async (wanted: string) => (wanted === digest ? catalog : undefined);
    const options = { log, trust: undefined, catalogOf: lookup };
    const story = await tellStory(store, request.record.id, { ...options, now: clock.now() });
    const report = await verifyLog(store, options);
    const found = report.findings.map(({ code }) => code);
    expect(story.findings.map(({ code }) => code)).toEqual(found);
    return found;
  }

  test("what the catalog gives is in order", async () => {
    expect(await codes(catalogOf(customers))).toEqual([]);
  });

  test("a policy of more", async () => {
    const all = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}';
    expect(await codes(catalogOf(customers), {}, all)).toEqual(["ISSUE_POLICY"]);
  });

  test.each<[string, Store]>([
    ["a shorter maximum", { ...customers, maximumDuration: 900 }],
    ["another issuer", { ...customers, issuer: "approver" }],
    ["another role", { ...customers, role: `${storeRole}-2` }],
    ["another bucket", storeOf("customers", [accessOf("read", [])], undefined, storeRole)],
    ["another store", { ...customers, name: "orders" }],
  ])("a catalog of %s", async (_, other) => {
    expect(await codes(catalogOf(other))).toEqual(["ISSUE_POLICY"]);
  });

  test("a catalog that is not to be had judges nothing", async () => {
    expect(await codes(undefined, {}, "{}")).toEqual([]);
  });
});
