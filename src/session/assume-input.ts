import type { Identity, Target } from "../access/types.ts";
import { JitError } from "../error.ts";
import { callerOf, sourceIdentityOf } from "./person.ts";
import type { AssumeRoleInput } from "./ports.ts";

/** STS's least and most, and what always goes: no role's maximum is below an hour, and role chaining ends there. */
const shortest = 900;
const longest = 43_200;
export const alwaysAllowed = 3600;

/** What AssumeRole is asked for, but for the request id's sake: known before there is a request. */
export interface AssumeDraft {
  readonly role: string;
  readonly policy: string;
  readonly targets: readonly Target[];
  readonly identity: Identity;
  /** Who calls AssumeRole, where that is another than the requester. */
  readonly caller?: Identity;
  /** The source identity that the caller's own session has already; STS refuses another one. */
  readonly inheritedSourceIdentity: string | undefined;
  /** Seconds to the grant's end, more than 0. */
  readonly remaining: number;
}

/**
 * @param request the request's id; `jit-<id>` is the session's name, by which one session can be revoked
 * @throws JitError `SOURCE_IDENTITY_INVALID`, `TAG_INVALID`: names that do not fit are refused, never rewritten
 */
export function assumeInput(draft: AssumeDraft, request: string): AssumeRoleInput {
  const { role, policy, targets, identity, inheritedSourceIdentity } = draft;
  const requester = sourceIdentityOf(identity);
  const tags: Record<string, string> = {
    "jit:request": request,
    "jit:store": [...new Set(targets.map(({ store }) => store.name))].sort().join(" "),
    "jit:access": targetNames(targets).join(" "),
    // Where the source identity is another's choice, the name of who asked stands in a tag.
    ...(inheritedSourceIdentity === undefined || inheritedSourceIdentity === requester
      ? {}
      : { "jit:requester": requester }),
  };
  for (const [key, value] of Object.entries(tags)) checkTag(key, value);
  return {
    role,
    sessionName: `jit-${request}`,
    durationSeconds: sessionSeconds(draft.remaining, callerOf(draft.caller ?? identity).chained),
    policy,
    tags,
    sourceIdentity: inheritedSourceIdentity === undefined ? requester : undefined,
  };
}

/** How long AssumeRole is asked to last: to the grant's end, within what STS takes. The policy ends it to the second. */
export function sessionSeconds(remaining: number, chained: boolean): number {
  const most = chained ? alwaysAllowed : longest;
  return Math.min(most, Math.max(shortest, Math.ceil(remaining)));
}

/** `store:access`, sorted, each once. */
export function targetNames(targets: readonly Target[]): readonly string[] {
  return [...new Set(targets.map(({ store, access }) => `${store.name}:${access.name}`))].sort();
}

/** A session tag's value (STS API reference): letters, digits, space and `_.:/=+-@`, at most 256. */
function checkTag(key: string, value: string): void {
  // Plain ones first: what the other needs of Unicode takes longer to make than a whole test.
  const isAllowed = () => /^[\w .:/=+\-@]*$/.test(value) || /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(value);
  if (value.length <= 256 && isAllowed()) return;
  throw new JitError("TAG_INVALID", `the session tag ${key} cannot hold its value`, {
    hint:
      value.length > 256
        ? "ask for fewer targets at once"
        : "rename it: letters, digits, space and _ . : / = + - @",
  });
}
