import type { Clock } from "../../audit/ports.ts";
import { JitError } from "../../error.ts";
import type { Lock } from "../ports.ts";
import { isEmpty, liftPerson, parseDenials, printDenials, pruneDenials } from "./denials.ts";
import { dayOf, readPolicyName } from "./policy-name.ts";
import type { RolePolicies } from "./ports.ts";
import { readInline, replaceDenials } from "./role-changes.ts";

export interface SweepPorts {
  readonly policies: RolePolicies;
  readonly lock: Lock;
  /** Looked at after IAM has answered, so by AWS's time. */
  readonly clock: Clock;
}

export interface SweepInput {
  readonly roles: readonly string[];
  /** `ownerOf` the revoker. */
  readonly owner: string;
}

export interface Swept {
  /** Policies that were removed and that were shortened, as `role policy`. */
  readonly removed: readonly RolePolicy[];
  readonly shortened: readonly RolePolicy[];
  /** Policies of others, or of no form that jit writes, that were left alone. */
  readonly left: readonly RolePolicy[];
}

export interface RolePolicy {
  readonly role: string;
  readonly policy: string;
}

/** Milliseconds that a policy of somebody else is left alone after its day: clocks and time zones are wide of it then. */
const grace = 24 * 3_600_000;

/**
 * Removes denials that have ended. Of the own policies each ended denial; of others' only whole policies of a day to which
 * nobody adds any more: so no sweep meets a revoker who is writing.
 */
export function sweepDenials({ policies, lock, clock }: SweepPorts, input: SweepInput): Promise<Swept> {
  const { owner, roles } = input;
  return lock.hold(`revoke-${owner}`, async () => {
    const removed: RolePolicy[] = [];
    const shortened: RolePolicy[] = [];
    const left: RolePolicy[] = [];
    for (const role of roles) {
      for (const [policy, text] of await readInline(policies, role)) {
        const name = readPolicyName(policy);
        if (name === undefined) continue;
        const before = parseDenials(text);
        const denials = before === undefined ? undefined : pruneDenials(before, clock.now());
        const isOwn = name.owner === owner;
        const isOver = denials !== undefined && isEmpty(denials);
        if (isOver && (isOwn || name.day < dayOf(new Date(clock.now().getTime() - grace)))) {
          await policies.remove(role, policy);
          removed.push({ role, policy });
        } else if (denials === undefined || !isOwn) {
          left.push({ role, policy });
        } else if (before !== undefined && printDenials(before) !== printDenials(denials)) {
          await policies.put(role, policy, printDenials(denials));
          shortened.push({ role, policy });
        }
      }
    }
    return { removed, shortened, left };
  });
}

/**
 * Lets a person in again: takes the denial out of the own policies. Sessions that were revoked stay so.
 * @returns the policies that were changed
 * @throws JitError `LIFT_OTHERS` where another's policy still denies the person, `LIFT_NOTHING` where none does
 */
export function liftDenial(
  { policies, lock, clock }: SweepPorts,
  { owner, roles }: SweepInput,
  person: string,
): Promise<readonly RolePolicy[]> {
  return lock.hold(`revoke-${owner}`, async () => {
    const changed: RolePolicy[] = [];
    const others: string[] = [];
    for (const role of roles) {
      for (const [policy, text] of await readInline(policies, role)) {
        const name = readPolicyName(policy);
        const denials = name === undefined ? undefined : parseDenials(text);
        if (name === undefined || denials === undefined) continue;
        if (!pruneDenials(denials, clock.now()).people.some((one) => one.name === person)) continue;
        if (name.owner !== owner) {
          others.push(`${policy} of ${role}`);
          continue;
        }
        await replaceDenials(policies, { role, policy, denials: liftPerson(denials, person) });
        changed.push({ role, policy });
      }
    }
    if (others.length > 0) {
      throw new JitError("LIFT_OTHERS", `others deny ${person} too: ${others.join(", ")}`, {
        hint: "whoever revoked lifts it on the same machine; it ends by itself, and in IAM it can be deleted",
      });
    }
    if (changed.length === 0) {
      throw new JitError("LIFT_NOTHING", `no policy denies ${person}`, {
        hint: "the name is that of the source identity, as `jit audit show` has it",
      });
    }
    return changed;
  });
}
