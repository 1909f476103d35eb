import { expect, test } from "vitest";
import type { TicketAnswer } from "../../src/access/ticket/check.ts";
import type { Circumstances, Identity, Organization, TicketCheck, Trust } from "../../src/access/types.ts";
import { codeOf, JitError } from "../../src/error.ts";
import { namesOf } from "../../src/session/checked-ticket.ts";
import { requestAccess } from "../../src/session/request-access.ts";
import { alice } from "./sessions.ts";
import { fenceThat, organizationOf, World } from "./world.ts";

const check: TicketCheck = {
  url: "https://t.example/{ticket}",
  onDown: "warn",
  timeout: 3,
  assigned: true,
  networks: [],
};
const organization = organizationOf({
  justification: {
    purposes: new Map(),
    minimumLength: 1,
    ticket: { required: false, pattern: undefined, example: undefined, check },
  },
});
const open: TicketAnswer = { kind: "known", open: true, assignees: ["alice"], used: false };

function worldWith(answer: TicketAnswer | Error) {
  const world = new World({ organization });
  const asked: string[] = [];
  const tickets = {
    async ask(_check: TicketCheck, ticket: string) {
      asked.push(ticket);
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  return { world, asked, ports: { ...world.ports, tickets } };
}

test("a ticket that holds is noted in the request record", async () => {
  const { world, asked, ports } = worldWith(open);
  const outcome = await requestAccess(ports, world.input(), fenceThat());
  expect(outcome.kind).toBe("granted");
  expect(asked).toEqual(["T-1"]);
  expect(world.records()[0]).toMatchObject({
    claimed: { host: "laptop", "ticket.check": "open, assigned" },
  });
});

test("a ticket that does not hold leaves nothing behind", async () => {
  const { world, ports } = worldWith({ ...open, open: false });
  const error = await requestAccess(ports, world.input(), fenceThat()).catch((thrown: unknown) => thrown);
  expect(codeOf(error)).toBe("TICKET_CLOSED");
  expect(world.story()).toEqual([]);
});

test("a check that fails leaves nothing behind, whatever the catalog says of one that is down", async () => {
  const { world, ports } = worldWith(new JitError("TICKET_CHECK_INVALID", "no webhook"));
  const error = await requestAccess(ports, world.input(), fenceThat()).catch((thrown: unknown) => thrown);
  expect(codeOf(error)).toBe("TICKET_CHECK_INVALID");
  expect(world.story()).toEqual([]);
});

test("a check that is down is told, and noted for who approves", async () => {
  const { world, ports } = worldWith({ kind: "down", why: "it answers 503" });
  world.decision = { kind: "needsApproval", quorum: 1, approvers: ["owners"] };
  const outcome = await requestAccess(ports, world.input(), fenceThat());
  expect(outcome).toMatchObject({ kind: "pending", notices: [{ code: "TICKET_NOT_CHECKED" }] });
  expect(world.records()[0]).toMatchObject({ claimed: { "ticket.check": "unavailable" } });
});

test("nobody is asked about a request that the rules refuse, nor about no ticket", async () => {
  const { world, asked, ports } = worldWith(open);
  const input = world.input();
  const justification = { ...input.justification, ticket: undefined };
  expect((await requestAccess(ports, { ...input, justification }, fenceThat())).kind).toBe("granted");
  world.decision = { kind: "refused", rule: "rules", message: "no" };
  expect((await requestAccess(ports, input, fenceThat())).kind).toBe("refused");
  expect(asked).toEqual([]);
});

test("without a way to ask nothing is issued", async () => {
  const { world } = worldWith(open);
  const error = await requestAccess(world.ports, world.input(), fenceThat()).catch(
    (thrown: unknown) => thrown,
  );
  expect(codeOf(error)).toBe("TICKET_CHECK_UNSUPPORTED");
});

const session: Identity = {
  arn: "arn:aws:sts::111122223333:assumed-role/Support/mallory-as-alice",
  userid: "AROAEXAMPLEEXAMPLE123:mallory-as-alice",
  account: "111122223333",
};
const trust = (...sessionNameRoles: string[]): Organization => ({
  ...organization,
  trust: { sessionNameRoles } as unknown as Trust,
});
const nothing: Circumstances = { attested: {}, claimed: {} };

test.each<[string, Parameters<typeof namesOf>[0], readonly string[]]>([
  [
    "an IAM user by its name",
    { identity: alice, organization, circumstances: nothing, inheritedSourceIdentity: undefined },
    ["alice"],
  ],
  [
    "a session whose name nobody vouches for, by that name: there is no other",
    { identity: session, organization, circumstances: nothing, inheritedSourceIdentity: undefined },
    ["mallory-as-alice"],
  ],
  [
    "a session with a source identity by that alone",
    { identity: session, organization, circumstances: nothing, inheritedSourceIdentity: "mallory" },
    ["mallory"],
  ],
  [
    "a session of an identity provider's role by its name too",
    {
      identity: session,
      organization: trust("arn:aws:iam::111122223333:role/aws-reserved/sso/Support"),
      circumstances: { attested: { "identityCenter.userId": "90677268-1071" }, claimed: {} },
      inheritedSourceIdentity: undefined,
    },
    ["90677268-1071", "mallory-as-alice"],
  ],
  [
    "and not where the role is another account's",
    {
      identity: session,
      organization: trust(
        "arn:aws:iam::999900001111:role/Support",
        "arn:aws:iam::111122223333:role/Support2",
      ),
      circumstances: { attested: { "identityCenter.userId": "90677268-1071" }, claimed: {} },
      inheritedSourceIdentity: undefined,
    },
    ["90677268-1071"],
  ],
])("who asks is called: %s", (_what, input, names) => {
  expect(namesOf(input)).toEqual(names);
});
