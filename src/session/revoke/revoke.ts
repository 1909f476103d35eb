import { type AppendPorts, holdChain } from "../../audit/append.ts";
import type { Clock } from "../../audit/ports.ts";
import { codeOf, isJitError, JitError } from "../../error.ts";
import type { Lock, SessionCache } from "../ports.ts";
import { type Denials, denialOf, mergeDenials, nothingDenied, type PersonDenial } from "./denials.ts";
import type { LiveSession } from "./live-sessions.ts";
import { dayOf, formatPolicyName } from "./policy-name.ts";
import { applyChange, type Change, type ChangePorts, planChange, readInline } from "./role-changes.ts";

export interface RevokePorts extends ChangePorts {
  readonly records: AppendPorts;
  readonly lock: Lock;
  readonly clock: Clock;
  readonly cache: Pick<SessionCache, "list" | "remove">;
}

export interface RevokeInput {
  readonly sessions: readonly LiveSession[];
  /** A person to keep out, whatever session is made. */
  readonly person: PersonDenial | undefined;
  /** Roles on which the person is denied. */
  readonly roles: readonly string[];
  readonly reason: string;
  /** `ownerOf` the revoker. */
  readonly owner: string;
}

/** What became of one role. */
export interface RoleOutcome {
  readonly role: string;
  readonly policy: string;
  /** `confirmed`: IAM shows the policy. */
  readonly state: "confirmed" | "failed";
  readonly error: JitError | undefined;
}

export interface Revoked {
  readonly sessions: readonly (LiveSession & { readonly revoked: boolean })[];
  readonly roles: readonly RoleOutcome[];
  /** Why not every record could be written; the sessions are revoked all the same. */
  readonly unrecorded: JitError | undefined;
  /** Requests whose sessions were wiped from this machine. */
  readonly wiped: readonly string[];
}

/**
 * Ends sessions: reads what each role has, writes a **revoke** record for each session, and then the deny policies, read
 * back until IAM shows them. What IAM would refuse (no permission, no room) shows before a record is written. After that
 * nothing stops the rest: a session is better revoked without its record than recorded and alive, and one role's failure
 * is no reason to leave the others open.
 * @throws JitError that of the roles, where not one of them can be changed; nothing is written then
 */
export function revokeSessions(ports: RevokePorts, input: RevokeInput): Promise<Revoked> {
  // One machine's runs change their one policy in turn.
  return ports.lock.hold(`revoke-${input.owner}`, async (fence) => {
    const { clock } = ports;
    const policy = formatPolicyName({ day: dayOf(clock.now()), owner: input.owner });
    const roles = [...new Set([...input.roles, ...input.sessions.map(({ role }) => role)])].sort();
    const planned = await Promise.all(roles.map((role) => plan(ports, input, role, policy)));
    const changes = planned.filter((one): one is Change => !("state" in one));
    const failed = planned.filter((one): one is RoleOutcome => "state" in one);
    if (changes.length === 0 && failed[0]?.error !== undefined) throw failed[0].error;
    const reachable = new Set(changes.map(({ role }) => role));
    fence.check();
    const unrecorded = await record(
      ports.records,
      input.sessions.filter(({ role }) => reachable.has(role)),
      input.reason,
    );
    const outcomes = [...failed, ...(await Promise.all(changes.map((change) => apply(ports, change))))];
    const done = new Set(outcomes.filter(({ state }) => state === "confirmed").map(({ role }) => role));
    const sessions = input.sessions.map((session) => ({ ...session, revoked: done.has(session.role) }));
    const wiped = await wipe(ports.cache, new Set(input.sessions.map(({ request }) => request)));
    return { sessions, roles: outcomes, unrecorded, wiped };
  });
}

async function plan(
  { policies, clock }: RevokePorts,
  { sessions, person, roles }: RevokeInput,
  role: string,
  policy: string,
): Promise<Change | RoleOutcome> {
  const own = sessions.filter((session) => session.role === role);
  const added: Denials = mergeDenials(nothingDenied, {
    sessions: own.map(({ sessionName, lapses }) => denialOf(sessionName, lapses)),
    people: person !== undefined && roles.includes(role) ? [person] : [],
  });
  try {
    return planChange(await readInline(policies, role), { role, policy, added, now: clock.now() });
  } catch (error) {
    return { role, policy, state: "failed", error: ours(error) };
  }
}

async function apply(ports: ChangePorts, change: Change): Promise<RoleOutcome> {
  const { role, policy } = change;
  try {
    await applyChange(ports, change);
    return { role, policy, state: "confirmed", error: undefined };
  } catch (error) {
    return { role, policy, state: "failed", error: ours(error) };
  }
}

/** A record that was signed and not sent goes out with this machine's next one. */
async function record(
  ports: AppendPorts,
  sessions: readonly LiveSession[],
  reason: string,
): Promise<JitError | undefined> {
  if (sessions.length === 0) return undefined;
  try {
    await holdChain(ports, async (append) => {
      for (const { request, requestHash, role, sessionName } of sessions) {
        const body = { requestHash, role, sessionName, reason };
        await append({ type: "revoke", request, body: () => body });
      }
    });
    return undefined;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "unknown error";
    return new JitError("REVOKE_UNRECORDED", `not every revocation could be recorded: ${why}`, {
      hint: "run the same command again once the audit bucket takes records",
      cause,
    });
  }
}

async function wipe(
  cache: Pick<SessionCache, "list" | "remove">,
  requests: ReadonlySet<string>,
): Promise<readonly string[]> {
  const own = (await cache.list()).filter(({ session }) => requests.has(session.request));
  for (const { name } of own) await cache.remove(name);
  return own.map(({ session }) => session.request);
}

function ours(error: unknown): JitError {
  if (isJitError(error)) return error;
  return new JitError(
    codeOf(error) ?? "IAM_REFUSED",
    error instanceof Error ? error.message : "unknown error",
    {
      cause: error,
    },
  );
}
