import { expect, test } from "vitest";
import type { IssueBody, RequestBody } from "../../src/audit/types.ts";
import { codeOf, JitError } from "../../src/error.ts";
import { abandoned, handedOver } from "../../src/session/attempt.ts";
import type { Issued } from "../../src/session/issue.ts";
import { planAccess } from "../../src/session/plan.ts";
import { type Outcome, requestAccess } from "../../src/session/request-access.ts";
import { after, alice } from "./sessions.ts";
import { fenceThat, organizationOf, World } from "./world.ts";

function granted(outcome: Outcome): Issued & { request: string } {
  if (outcome.kind !== "granted") throw new Error(outcome.kind);
  return outcome;
}

async function failure(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
  } catch (error) {
    return codeOf(error) ?? "no code";
  }
  return undefined;
}

test("a granted request leaves a request and an issue record, and then there are credentials", async () => {
  const world = new World();
  const { session, packed, request, notices } = granted(
    await requestAccess(world.ports, world.input(), fenceThat()),
  );
  const [requested, issued] = world.records();
  expect(world.story()).toEqual(["request", "issue"]);
  expect(requested).toMatchObject({
    request,
    id: request,
    targets: ["customers:read"],
    duration: 1800,
    purpose: "support",
    reason: { text: "a customer cannot log in" },
    ticket: { text: "T-1" },
    claimed: { host: "laptop" },
    sealTo: "-",
  } satisfies Partial<RequestBody> & Record<string, unknown>);
  expect(issued).toMatchObject({
    request,
    requestHash: session.requestHash,
    renews: "-",
    sessionName: `jit-${request}`,
    sourceIdentity: "alice",
    tags: { "jit:request": request, "jit:store": "customers", "jit:access": "customers:read" },
    accessKeyId: session.credentials.accessKeyId,
    durationSeconds: 1800,
    notAfter: "2026-11-24T08:30:00Z",
    policy: session.policy,
    packed: 17,
  } satisfies Partial<IssueBody> & Record<string, unknown>);
  expect(packed).toBe(17);
  expect(notices).toEqual([]);
  expect(session).toMatchObject({
    request,
    notAfter: after(1800),
    region: "eu-central-1",
    lease: 600,
    identity: alice,
    policy: world.tokens.assumed[0]?.policy,
  });
});

test("a request costs three calls in sequence", async () => {
  const world = new World();
  await requestAccess(world.ports, world.input(), fenceThat());
  world.store.calls.length = 0;
  world.tokens.assumed.length = 0;
  for (const request of world.journal.entries.keys()) await world.journal.close(request);
  await requestAccess(world.ports, world.input(), fenceThat());
  expect(world.store.calls.map((call) => call.replace(/^(\w+) .*\.(\w+)\.jws$/, "$1 $2"))).toEqual([
    "create request",
    "create issue",
  ]);
  expect(world.tokens.assumed).toHaveLength(1);
});

test("several targets of one role are one session", async () => {
  const world = new World();
  const input = world.input({ names: ["orders:read", "customers:export", "customers:read"] });
  const { session } = granted(await requestAccess(world.ports, input, fenceThat()));
  expect(session.targets).toEqual(["customers:export", "customers:read", "orders:read"]);
  expect(session.lease).toBe(300);
  expect(world.tokens.assumed[0]?.tags).toMatchObject({
    "jit:store": "customers orders",
    "jit:access": "customers:export customers:read orders:read",
  });
});

test("the session stays under way until it is handed over", async () => {
  const world = new World();
  const { session, request } = granted(await requestAccess(world.ports, world.input(), fenceThat()));
  expect(world.journal.entries.get(request)).toMatchObject({
    step: "cache",
    accessKeyId: session.credentials.accessKeyId,
  });
  await handedOver(world.ports, session);
  expect(world.journal.entries.size).toBe(0);
});

test("a session that cannot be kept is aborted by its key", async () => {
  const world = new World();
  const { session } = granted(await requestAccess(world.ports, world.input(), fenceThat()));
  await abandoned(world.ports, session, new JitError("LOCAL_DISK_FULL", "full"));
  expect(world.story()).toEqual(["request", "issue", "abort cache LOCAL_DISK_FULL"]);
  expect(world.records().at(-1)).toMatchObject({ accessKeyId: session.credentials.accessKeyId });
  expect(world.journal.entries.size).toBe(0);
});

test("what needs approval is recorded and not issued", async () => {
  const world = new World();
  world.decision = { kind: "needsApproval", quorum: 2, approvers: ["lead"] };
  const outcome = await requestAccess(world.ports, world.input(), fenceThat());
  expect(outcome).toMatchObject({ kind: "pending", quorum: 2, approvers: ["lead"] });
  expect(world.story()).toEqual(["request"]);
  expect(world.tokens.assumed).toEqual([]);
  expect(world.journal.entries.size).toBe(0);
});

test("what the rules refuse leaves nothing", async () => {
  const world = new World();
  world.decision = { kind: "refused", rule: "night", message: "not at night" };
  expect(await requestAccess(world.ports, world.input(), fenceThat())).toEqual(world.decision);
  expect(world.store.objects.size).toBe(0);
});

test.each<[string, string, Parameters<World["input"]>[0]]>([
  ["a store that another issues", "ISSUER_UNSUPPORTED", { names: ["brokered:read"] }],
  ["two roles", "POLICY_ROLES", { names: ["customers:read", "elsewhere:read"] }],
  ["no target", "TARGET_MISSING", { names: [] }],
  ["too long", "DURATION_TOO_LONG", { duration: 8 * 3600 + 1 }],
])("%s is refused before anything is written", async (_what, code, change) => {
  const world = new World();
  expect(await failure(requestAccess(world.ports, world.input(change), fenceThat()))).toBe(code);
  expect(world.store.objects.size).toBe(0);
  expect(world.tokens.assumed).toEqual([]);
});

test.each([
  ["a", "SOURCE_IDENTITY_INVALID"],
  ["alice smith", "SOURCE_IDENTITY_INVALID"],
  ["a".repeat(65), "SOURCE_IDENTITY_INVALID"],
  ["zoë", "SOURCE_IDENTITY_INVALID"],
])("the user name %j is refused, not rewritten", async (name, code) => {
  const world = new World({ identity: { ...alice, arn: `arn:aws:iam::111122223333:user/${name}` } });
  expect(await failure(requestAccess(world.ports, world.input(), fenceThat()))).toBe(code);
  expect(world.store.objects.size).toBe(0);
});

const chained = {
  ...alice,
  arn: "arn:aws:sts::111122223333:assumed-role/Dev/alice",
  userid: "AROADEVDEVDEV0000000:alice",
};

test.each([
  ["short grants take STS's least", alice, 60, [900]],
  ["long ones go to their end", alice, 7200, [7200]],
  ["role chaining ends after an hour", chained, 7200, [3600]],
])("%s", async (_what, identity, duration, asked) => {
  const world = new World({ identity });
  const { session } = granted(await requestAccess(world.ports, world.input({ duration }), fenceThat()));
  expect(world.tokens.assumed.map(({ durationSeconds }) => durationSeconds)).toEqual(asked);
  expect(session.notAfter).toEqual(after(duration));
});

test("a role that allows less is asked for an hour, and the person is told", async () => {
  const world = new World();
  world.tokens.maximum = 3600;
  const { session, notices } = granted(
    await requestAccess(world.ports, world.input({ duration: 4 * 3600 }), fenceThat()),
  );
  expect(world.tokens.assumed.map(({ durationSeconds }) => durationSeconds)).toEqual([4 * 3600, 3600]);
  expect(notices.map(({ code }) => code)).toEqual(["SESSION_SHORTER_THAN_GRANT"]);
  expect(session.credentials.expiration).toEqual(after(3600));
  expect(session.notAfter).toEqual(after(4 * 3600));
  expect(world.records().at(-1)).toMatchObject({ durationSeconds: 3600, notAfter: "2026-11-24T12:00:00Z" });
});

test.each([
  ["bob", "bob", { "jit:requester": "alice" }],
  ["alice", "alice", {}],
])("a source identity that the session has (%s) is not sent again", async (_what, inherited, tags) => {
  const world = new World();
  await requestAccess(world.ports, world.input({ inheritedSourceIdentity: inherited }), fenceThat());
  const [asked] = world.tokens.assumed;
  expect(asked?.sourceIdentity).toBeUndefined();
  expect(Object.keys(asked?.tags ?? {})).toEqual([
    "jit:request",
    "jit:store",
    "jit:access",
    ...Object.keys(tags),
  ]);
  expect(asked?.tags).toMatchObject(tags);
  expect(world.records().at(-1)).toMatchObject({ sourceIdentity: "-" });
});

test("where the catalog has a place for reasons, the record holds digests and the place the texts", async () => {
  const { catalog } = organizationOf();
  const reasons = "s3://reasons/texts/";
  const world = new World({ organization: organizationOf({ audit: { ...catalog.audit, reasons } }) });
  const written: unknown[] = [];
  const store = {
    write: async (...given: unknown[]) => {
      written.push(given);
    },
  };
  const { request } = granted(
    await requestAccess({ ...world.ports, reasons: store }, world.input(), fenceThat()),
  );
  expect(written).toEqual([[reasons, request, { reason: "a customer cannot log in", ticket: "T-1" }]]);
  expect(JSON.stringify(world.records())).not.toContain("cannot log in");
  const [record] = world.records();
  if (record?.type !== "request") throw new Error("no request");
  expect(Object.keys(record.reason).sort()).toEqual(["salt", "sha256"]);
});

test("where the texts cannot be kept, nothing is issued", async () => {
  const { catalog } = organizationOf();
  const world = new World({
    organization: organizationOf({ audit: { ...catalog.audit, reasons: "s3://r/" } }),
  });
  expect(await failure(requestAccess(world.ports, world.input(), fenceThat()))).toBe("REASONS_UNREACHABLE");
  expect(world.store.objects.size).toBe(0);
  const store = { write: () => Promise.reject(new JitError("AUDIT_DENIED", "no")) };
  const ports = { ...world.ports, reasons: store };
  expect(await failure(requestAccess(ports, world.input(), fenceThat()))).toBe("AUDIT_DENIED");
  expect(world.story()).toEqual(["request", "abort request AUDIT_DENIED"]);
  expect(world.tokens.assumed).toEqual([]);
});

test("a dry run shows what would be done, and does nothing", async () => {
  const world = new World();
  const { rules, records } = world.ports;
  const plan = await planAccess({ rules, clock: records.clock, random: records.random }, world.input());
  expect(world.store.calls).toEqual([]);
  expect(world.tokens.assumed).toEqual([]);
  const { session, request } = granted(await requestAccess(world.ports, world.input(), fenceThat()));
  expect(plan.policy.text).toBe(session.policy);
  expect(plan.policy.characters).toBe(session.policy.length);
  expect(plan.notAfter).toEqual(session.notAfter);
  expect(world.records()[0]).toMatchObject({ ...plan.request });
  const [asked] = world.tokens.assumed;
  expect(JSON.parse(JSON.stringify(plan.assume).replaceAll("0".repeat(26), request))).toEqual(
    JSON.parse(JSON.stringify(asked)),
  );
});

test("what needs an approval that nobody can give is refused before anything is written", async () => {
  const world = new World();
  world.decision = { kind: "needsApproval", quorum: 1, approvers: [] };
  expect(await failure(requestAccess(world.ports, world.input(), fenceThat()))).toBe("NOBODY_CAN_APPROVE");
  expect(world.store.objects.size).toBe(0);
});
