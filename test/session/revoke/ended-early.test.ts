import { expect, test } from "vitest";
import type { Bodies, StoredRecord } from "../../../src/audit/types.ts";
import { denialOf, nothingDenied, printDenials } from "../../../src/session/revoke/denials.ts";
import { endedEarly } from "../../../src/session/revoke/ended-early.ts";
import { findLiveSessions } from "../../../src/session/revoke/live-sessions.ts";
import { formatPolicyName, ownerOf } from "../../../src/session/revoke/policy-name.ts";
import { log, StandingClock, testWriter } from "../../audit/writer.ts";
import { MemoryRecordStore } from "../../support/memory-record-store.ts";
import { MemoryPolicies } from "./memory-policies.ts";

function world() {
  const clock = new StandingClock();
  const store = new MemoryRecordStore(() => clock.now());
  const policies = new MemoryPolicies();
  const options = { log, trust: undefined, clock, hours: 5 };
  return {
    clock,
    store,
    policies,
    writer: (name: string) => testWriter(store, name, { clock }),
    async early(): Promise<readonly string[]> {
      const { sessions } = await findLiveSessions(store, { kind: "all" }, options);
      return (await endedEarly({ store, policies }, sessions, options)).map(({ request }) => request);
    },
  };
}

type Writer = ReturnType<ReturnType<typeof world>["writer"]>;

function end(
  writer: Writer,
  request: StoredRecord<"request">,
  issue: StoredRecord<"issue">,
  change: Partial<Bodies["end"]> = {},
) {
  const body: Bodies["end"] = {
    requestHash: request.sha256,
    issueHash: issue.sha256,
    outcome: "forgotten",
    exitCode: -1,
    seconds: -1,
    command: "-",
    ...change,
  };
  return writer.append({ type: "end", request: request.record.id, body: () => body });
}

test("what its requester has forgotten has ended early; the end of a command is none", async () => {
  const { clock, early, writer } = world();
  const alice = writer("alice");
  const [first, second] = [await alice.request(), await alice.request()];
  const [one, two] = [await alice.issue(first), await alice.issue(second)];
  await end(alice, second, two, { outcome: "completed" });
  expect(await early()).toEqual([]);
  await end(alice, first, one);
  expect(await early()).toEqual([first.record.id]);
  clock.pass(1800);
  expect(await early()).toEqual([]);
});

test("another's word ends nothing, nor an end of credentials that were renewed since", async () => {
  const { clock, early, writer } = world();
  const [alice, mallory] = [writer("alice"), writer("mallory")];
  const request = await alice.request();
  const issue = await alice.issue(request);
  await end(mallory, request, issue);
  expect(await early()).toEqual([]);
  await end(alice, request, issue);
  clock.pass(600);
  const renewed = await alice.issue(request, {
    renews: issue.sha256,
    notAfter: issue.record.notAfter,
    expiration: "2026-11-24T10:00:00Z",
    accessKeyId: "ASIAANOTHERANOTHER01",
  });
  expect(await early()).toEqual([]);
  await end(alice, request, renewed);
  expect(await early()).toEqual([request.record.id]);
});

test("what a policy of jit denies already is left out; a policy of another's name counts for nothing", async () => {
  const { clock, early, policies, writer } = world();
  const alice = writer("alice");
  const request = await alice.request();
  const issue = await alice.issue(request);
  await end(alice, request, issue);
  const { role, sessionName } = issue.record;
  const sessions = [denialOf(sessionName, new Date(clock.now().getTime() + 3_600_000))];
  const text = printDenials({ ...nothingDenied, sessions });
  await policies.put(role, "not-of-jit", text);
  expect(await early()).toEqual([request.record.id]);
  await policies.put(
    role,
    formatPolicyName({ day: "20261124", owner: ownerOf(alice.signer.thumbprint, "bob") }),
    text,
  );
  expect(await early()).toEqual([]);
});
