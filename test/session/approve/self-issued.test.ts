import { beforeEach, describe, expect, test } from "vitest";
import { sha256Hex } from "../../../src/access/digest.ts";
import { compileSessionPolicy } from "../../../src/access/policy/compile.ts";
import { findTargets } from "../../../src/access/target.ts";
import { appendRecord } from "../../../src/audit/append.ts";
import { formatTime, hourOf } from "../../../src/audit/time.ts";
import type { Bodies } from "../../../src/audit/types.ts";
import { verifyLog } from "../../../src/audit/verify.ts";
import { organization, type Party, Town } from "./parties.ts";

let town: Town;
let alice: Party;
let bob: Party;
beforeEach(() => {
  town = new Town();
  [alice, bob] = [town.user("alice"), town.user("bob")];
});

describe("a requester who issues without approvals is found by the log, and hides it not", () => {
  const role = "arn:aws:iam::111122223333:role/customers";

  async function findings(): Promise<readonly string[]> {
    const { fingerprint: log, trust, catalog } = organization;
    const catalogOf = async (digest: string) => (digest === catalog.digest ? catalog : undefined);
    const approvals = {
      rules: bob.ports.rules as never,
      claimOf: (of: string) => town.store.read(`v1/claim/${of}`),
    };
    const { findings: all } = await verifyLog(town.store, { log, trust, catalogOf, approvals });
    return [...new Set(all.filter(({ severity }) => severity === "invalid").map(({ code }) => code))];
  }

  /** What a client of the requester's own writes: a request, and a session of it. */
  async function selfIssued(
    asked: Partial<Bodies["request"]>,
    issued: Partial<Bodies["issue"]> = {},
  ): Promise<string> {
    const { ports } = alice;
    const stored = await appendRecord(ports.records, {
      type: "request",
      body: () => ({
        targets: ["customers:read"],
        role,
        issuer: "requester",
        duration: 1800,
        purpose: "support",
        reason: { text: "a question about pay" },
        ticket: "-",
        attested: {},
        claimed: {},
        sealTo: "-",
        ...asked,
      }),
    });
    const { request } = stored.record;
    const notAfter = new Date(Math.floor(town.time / 1000) * 1000 + 1_800_000);
    const policy = compileSessionPolicy({
      targets: findTargets(organization.catalog, ["customers:read"]),
      notAfter,
    }).text;
    await alice.writes("issue", request, {
      requestHash: stored.sha256,
      decisions: [],
      renews: "-",
      role,
      sessionName: `jit-${request}`,
      sourceIdentity: "alice",
      tags: { "jit:request": request, "jit:access": "customers:read" },
      accessKeyId: "ASIASELFSELFSELF0001",
      assumedRoleId: `AROAEXAMPLEEXAMPLE00:jit-${request}`,
      durationSeconds: 1800,
      expiration: formatTime(notAfter),
      notAfter: formatTime(notAfter),
      policy,
      policySha256: sha256Hex(new TextEncoder().encode(policy)),
      packed: 1,
      sealed: "-",
      ...issued,
    });
    return request;
  }

  test("as it is", async () => {
    await selfIssued({});
    expect(await findings()).toEqual(["ISSUE_UNAPPROVED"]);
  });

  test("behind a ticket that nobody can read, where no rule looks at tickets", async () => {
    await selfIssued({ ticket: { sha256: "0".repeat(64), salt: "A".repeat(22) } });
    expect(await findings()).toEqual(["ISSUE_UNAPPROVED"]);
  });

  test("behind what nobody has attested", async () => {
    await selfIssued({ attested: { "tag.team": "platform" } });
    expect(await findings()).toEqual(["ISSUE_UNAPPROVED"]);
  });

  test("as a renewal of what is not there, beside an object that could be it", async () => {
    const request = await selfIssued({}, { renews: "1".repeat(64) });
    const hour = hourOf(town.now().toISOString());
    const { userid } = alice.identity;
    const name = `v1/rec/${hour}/${request}/${userid}/${alice.signer.thumbprint}.2.issue.jws`;
    town.store.put(name, new Uint8Array(3));
    expect(await findings()).toContain("ISSUE_UNAPPROVED");
  });
});
