import { JitError } from "../../error.ts";
import {
  covers,
  type Denials,
  isEmpty,
  mergeDenials,
  nothingDenied,
  parseDenials,
  printDenials,
  pruneDenials,
} from "./denials.ts";
import type { RolePolicies } from "./ports.ts";

/** Characters that all inline policies of a role may have together; white space does not count (IAM quotas). */
export const inlineLimit = 10_240;

/** All inline policies of one role, by name. */
export type Inline = ReadonlyMap<string, string>;

export async function readInline(policies: RolePolicies, role: string): Promise<Inline> {
  const names = await policies.list(role);
  const texts = await Promise.all(names.map(async (name) => [name, await policies.get(role, name)] as const));
  return new Map(texts.flatMap(([name, text]) => (text === undefined ? [] : [[name, text] as const])));
}

export interface Change {
  readonly role: string;
  /** Name of the policy. */
  readonly policy: string;
  /** What it denied before, pruned, and what is added. */
  readonly denials: Denials;
}

/**
 * What the policy will deny when `added` is in it.
 * @throws JitError `IAM_LIMIT` where it does not fit beside the others, `IAM_POLICY_CHANGED` where what stands there is not
 *   jit's writing
 */
export function planChange(
  inline: Inline,
  { role, policy, added, now }: { role: string; policy: string; added: Denials; now: Date },
): Change {
  const denials = mergeDenials(pruneDenials(denialsIn(inline.get(policy), role, policy), now), added);
  const others = [...inline].reduce((sum, [name, text]) => sum + (name === policy ? 0 : sizeOf(text)), 0);
  const size = printDenials(denials).length;
  if (others + size > inlineLimit) {
    throw new JitError(
      "IAM_LIMIT",
      `${denials.sessions.length} sessions do not fit into the policies of ${role}: ${others + size} of ${inlineLimit} characters`,
      {
        hint: "jit revoke --sweep removes what has ended; else take the role's permissions away, which ends all its sessions",
      },
    );
  }
  return { role, policy, denials };
}

export function denialsIn(text: string | undefined, role: string, policy: string): Denials {
  const denials = text === undefined ? nothingDenied : parseDenials(text);
  if (denials !== undefined) return denials;
  throw new JitError("IAM_POLICY_CHANGED", `the policy ${policy} of ${role} was changed by another hand`, {
    hint: "look at it in IAM, save what is needed, and delete it; then revoke again",
  });
}

function sizeOf(text: string): number {
  return text.replace(/\s/g, "").length;
}

export interface ChangePorts {
  readonly policies: RolePolicies;
  readonly wait: (ms: number) => Promise<void>;
}

/** Pauses between looks at IAM, which shows a change to everybody only after a while. */
const looks = [0, 100, 200, 400, 800, 1600];
const tries = 3;

/**
 * Writes the policy and reads it back until IAM shows all of it. Should another have written in between, his denials are
 * kept and ours are written again.
 * @throws JitError `IAM_NOT_CONFIRMED` where IAM took the policy and still shows another, and those of `RolePolicies`
 */
export async function applyChange({ policies, wait }: ChangePorts, change: Change): Promise<void> {
  const { role, policy, denials } = change;
  let wanted = denials;
  for (let tried = 0; tried < tries; tried += 1) {
    await policies.put(role, policy, printDenials(wanted));
    for (const pause of looks) {
      if (pause > 0) await wait(pause);
      const shown = await policies.get(role, policy);
      const there = shown === undefined ? undefined : parseDenials(shown);
      if (there !== undefined && covers(there, denials)) return;
      if (there !== undefined) wanted = mergeDenials(there, wanted);
    }
  }
  throw new JitError("IAM_NOT_CONFIRMED", `IAM took the policy ${policy} of ${role}, and does not show it`, {
    hint: "run the same command again in a minute",
  });
}

/** Puts back what is left of a policy, or removes it where nothing is. */
export async function replaceDenials(
  policies: RolePolicies,
  { role, policy, denials }: Change,
): Promise<void> {
  if (isEmpty(denials)) await policies.remove(role, policy);
  else await policies.put(role, policy, printDenials(denials));
}
