import { expect, test } from "vitest";
import { appendRecord } from "../../src/audit/append.ts";
import { generateKey, localSigner } from "../../src/audit/signer.ts";
import { codeOf } from "../../src/error.ts";
import { planAccess } from "../../src/session/plan.ts";
import { type ClaimedRequest, verifyRequest } from "../../src/session/verify-request.ts";
import { after, alice } from "./sessions.ts";
import { organizationOf, targetOf, World } from "./world.ts";

const world = new World();
const input = world.input();
const { records, rules } = world.ports;
const { request: body } = await planAccess({ rules, clock: records.clock, random: records.random }, input);
const stored = await appendRecord(records, { type: "request", body: () => body });
const claimed: ClaimedRequest = { ...input, id: stored.record.request, bytes: stored.bytes };
const ports = { rules, signer: world.signer, now: world.now() };

async function codeFor(change: Partial<ClaimedRequest>, other: Partial<typeof ports> = {}) {
  try {
    await verifyRequest({ ...ports, ...other }, { ...claimed, ...change });
  } catch (error) {
    return codeOf(error);
  }
  return undefined;
}

test("a request that agrees is granted from its own time on", async () => {
  expect((await verifyRequest(ports, claimed)).notAfter).toEqual(after(1800));
  const later = { ...ports, now: after(1000) };
  expect((await verifyRequest(later, claimed)).notAfter).toEqual(after(1800));
});

const other = organizationOf();
const enrolBytes = [...world.store.objects.values()][0]?.[0]?.bytes ?? new Uint8Array();

test.each<[string, Partial<ClaimedRequest>]>([
  ["id", { id: "01KAV7Q3Z00123456789ABCDEF" }],
  ["organization", { organization: { ...claimed.organization, fingerprint: "e".repeat(64) } }],
  [
    "catalog",
    {
      organization: {
        ...claimed.organization,
        catalog: { ...claimed.organization.catalog, digest: "d".repeat(64) },
      },
    },
  ],
  ["person", { identity: { ...alice, userid: "AIDABOBBOBBOBBOBBOB0" } }],
  ["ARN", { identity: { ...alice, arn: "arn:aws:iam::111122223333:user/bob" } }],
  ["account", { identity: { ...alice, account: "111122223334" } }],
  ["target", { targets: [targetOf(claimed.organization, "orders:read")] }],
  ["target beside it", { targets: [...claimed.targets, targetOf(claimed.organization, "orders:read")] }],
  ["store of the same name", { targets: [targetOf(other, "customers:read")] }],
  ["duration", { duration: 1801 }],
  ["purpose", { justification: { ...claimed.justification, purpose: "other" } }],
  ["reason", { justification: { ...claimed.justification, reason: "other" } }],
  ["ticket", { justification: { ...claimed.justification, ticket: "T-2" } }],
  ["missing ticket", { justification: { ...claimed.justification, ticket: undefined } }],
  ["byte", { bytes: stored.bytes.map((byte, index) => (index === 100 ? byte ^ 1 : byte)) }],
  ["record", { bytes: enrolBytes }],
  ["nothing", { bytes: new Uint8Array() }],
])("another %s is not issued for", async (_what, change) => {
  expect(await codeFor(change)).toBe("ISSUE_MISMATCH");
});

test("another key's signature is not issued for", async () => {
  expect(await codeFor({}, { signer: localSigner(generateKey()) })).toBe("ISSUE_MISMATCH");
});

test("rules that changed their mind are heard", async () => {
  const refusing = { decide: async () => ({ kind: "refused", rule: "r", message: "m" }) as const };
  const asking = { decide: async () => ({ kind: "needsApproval", quorum: 1, approvers: [] }) as const };
  expect(await codeFor({}, { rules: refusing })).toBe("ISSUE_REFUSED");
  expect(await codeFor({}, { rules: asking })).toBe("ISSUE_REFUSED");
});
