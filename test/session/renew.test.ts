import { expect, test } from "vitest";
import { codeOf } from "../../src/error.ts";
import { handedOver } from "../../src/session/attempt.ts";
import { canRenew, type RenewInput, renewSession } from "../../src/session/renew.ts";
import { requestAccess } from "../../src/session/request-access.ts";
import { after, alice } from "./sessions.ts";
import { fenceThat, organizationOf, World } from "./world.ts";

/** Four hours granted, an hour at a time. */
async function granted(): Promise<{ world: World; input: RenewInput }> {
  const world = new World();
  world.tokens.maximum = 3600;
  const outcome = await requestAccess(world.ports, world.input({ duration: 4 * 3600 }), fenceThat());
  if (outcome.kind !== "granted") throw new Error(outcome.kind);
  await handedOver(world.ports, outcome.session);
  const { organization, identity } = world;
  return {
    world,
    input: { session: outcome.session, organization, identity, inheritedSourceIdentity: undefined },
  };
}

test("a renewal has the same request, end and policy, and an issue record that names the one before", async () => {
  const { world, input } = await granted();
  world.tick(3600);
  const { session } = await renewSession(world.ports, input, fenceThat());
  expect(world.story()).toEqual(["request", "issue", "issue"]);
  expect(world.records().at(-1)).toMatchObject({
    request: input.session.request,
    renews: input.session.issueHash,
    notAfter: "2026-11-24T12:00:00Z",
    policy: input.session.policy,
    sessionName: `jit-${input.session.request}`,
  });
  expect(session.notAfter).toEqual(after(4 * 3600));
  expect(session.policy).toBe(input.session.policy);
  expect(session.credentials.expiration).toEqual(after(7200));
  expect(session.issueHash).not.toBe(input.session.issueHash);
  expect(world.journal.entries.get(session.request)?.step).toBe("cache");
});

test("the last renewal is no longer than the grant needs", async () => {
  const { world, input } = await granted();
  world.tick(3.9 * 3600);
  await renewSession(world.ports, input, fenceThat());
  expect(world.tokens.assumed.at(-1)?.durationSeconds).toBe(900);
});

test("a renewal that fails is aborted, and can be tried again", async () => {
  const { world, input } = await granted();
  world.tick(3600);
  world.tokens.assumeFaults.push("STS_REPLY_LOST");
  await expect(renewSession(world.ports, input, fenceThat())).rejects.toMatchObject({
    code: "STS_REPLY_LOST",
  });
  expect(world.story()).toEqual(["request", "issue", "abort assumeRole STS_REPLY_LOST"]);
  expect(world.journal.entries.size).toBe(0);
  await renewSession(world.ports, input, fenceThat());
  expect(world.story().at(-1)).toBe("issue");
});

test("a grant that has ended, and another's, are not renewed", async () => {
  const { world, input } = await granted();
  const changes: Partial<RenewInput>[] = [
    { identity: { ...alice, userid: "AIDABOBBOBBOBBOBBOB0" } },
    { identity: { ...alice, arn: "arn:aws:iam::111122223333:user/bob" } },
    { organization: { ...input.organization, fingerprint: "e".repeat(64) } },
    { organization: organizationOf({ digest: "d".repeat(64) }) },
    { organization: organizationOf({ stores: new Map() }) },
    { session: { ...input.session, role: "arn:aws:iam::444455556666:role/elsewhere" } },
    { session: { ...input.session, targets: ["approved:read"] } },
    { session: { ...input.session, targets: ["customers"] } },
    { session: { ...input.session, notAfter: after(0) } },
  ];
  const codes = changes.map((change) =>
    renewSession(world.ports, { ...input, ...change }, fenceThat()).then(() => "renewed", codeOf),
  );
  expect(new Set(await Promise.all(codes))).toEqual(new Set(["RENEW_IMPOSSIBLE"]));
  expect(world.story()).toEqual(["request", "issue"]);
  expect(canRenew(input, after(4 * 3600 - 1))).toBe(true);
  expect(canRenew(input, after(4 * 3600))).toBe(false);
});

test("a cache file that says more than was asked for is not renewed, or not beyond what was asked for", async () => {
  const { world, input } = await granted();
  const { session } = input;
  const widened = [...session.targets, "customers:write"].sort();
  const forged = Buffer.from(session.requestRecord ?? "", "base64")
    .toString()
    .replace("eyJ", "eyK");
  for (const change of [
    { targets: widened },
    { requestHash: "f".repeat(64) },
    { requestRecord: Buffer.from(forged).toString("base64") },
    { requestRecord: "" },
  ]) {
    const renewed = renewSession(world.ports, { ...input, session: { ...session, ...change } }, fenceThat());
    expect(await renewed.then(() => "renewed", codeOf)).toBe("RENEW_IMPOSSIBLE");
  }
  const longer = { ...session, notAfter: after(48 * 3600) };
  const renewed = await renewSession(world.ports, { ...input, session: longer }, fenceThat());
  expect(renewed.session.notAfter).toEqual(after(4 * 3600));
  expect(renewed.session.targets).toEqual(session.targets);
});
