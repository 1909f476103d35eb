import { identityCenterUser } from "../access/rules/groups.ts";
import { judgeTicket, type TicketDesk, type TicketVerdict } from "../access/ticket/check.ts";
import type { Identity } from "../access/types.ts";
import { JitError } from "../error.ts";
import { callerOf } from "./person.ts";
import type { AccessInput } from "./plan.ts";

/**
 * Asks about the ticket of a request where its catalog wants that; writes nothing. It tells the requester early and
 * leaves a note for who approves: a client that was changed can leave it out, so the note stands among the claims.
 * @returns `undefined` where there is nothing to ask
 * @throws JitError as `TicketDesk` and `judgeTicket`; `TICKET_CHECK_UNSUPPORTED` where nobody can ask from here
 */
export async function checkTicketOf(
  desk: TicketDesk | undefined,
  input: AccessInput,
): Promise<TicketVerdict | undefined> {
  const { check } = input.organization.catalog.justification.ticket;
  const { ticket } = input.justification;
  if (check === undefined || ticket === undefined) return undefined;
  if (desk === undefined) {
    throw new JitError("TICKET_CHECK_UNSUPPORTED", "tickets cannot be checked from here");
  }
  return judgeTicket(check, await desk.ask(check, ticket), namesOf(input));
}

/**
 * What a requester may be called elsewhere, for comparing with a ticket's assignee. Where AWS attests who it is (the
 * source identity, Identity Center's user id), the name of a role session counts only if the role's identity provider
 * sets it, because else its user chose it.
 */
export function namesOf(
  input: Pick<AccessInput, "identity" | "organization" | "circumstances" | "inheritedSourceIdentity">,
): readonly string[] {
  const { identity, organization, circumstances, inheritedSourceIdentity } = input;
  const { name, chained } = callerOf(identity);
  const attested = [inheritedSourceIdentity, circumstances.attested[identityCenterUser]].filter(
    (one) => one !== undefined,
  );
  const chosen = chained && !isProvidersRole(identity, organization.trust?.sessionNameRoles ?? []);
  return chosen && attested.length > 0 ? attested : [...attested, name];
}

/** Whether one of these roles, `arn:P:iam::A:role/[path/]NAME`, is that of the session; its ARN has no path. */
function isProvidersRole({ arn }: Identity, roles: readonly string[]): boolean {
  const [, partition, account, role] = /^arn:([a-z-]+):sts::(\d{12}):assumed-role\/([^/]+)\//.exec(arn) ?? [];
  return roles.some((one) => {
    const [head, path = ""] = one.split(":role/");
    return head === `arn:${partition}:iam::${account}` && path.split("/").at(-1) === role;
  });
}
