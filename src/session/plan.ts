import { isBrokenGlass } from "../access/break-glass.ts";
import { checkDuration } from "../access/duration.ts";
import { type CompiledPolicy, compileSessionPolicy } from "../access/policy/compile.ts";
import type {
  AccessQuestion,
  Circumstances,
  Decision,
  Identity,
  Justification,
  Organization,
  Rules,
  Target,
} from "../access/types.ts";
import type { Clock, Random } from "../audit/ports.ts";
import { formatTime } from "../audit/time.ts";
import type { RequestBody } from "../audit/types.ts";
import { notBeforeName } from "../audit/window.ts";
import { JitError } from "../error.ts";
import { makeSealKey, publicHalf, type SealKey } from "./approve/seal-key.ts";
import { assumeInput, targetNames } from "./assume-input.ts";
import { checkOpening } from "./opening.ts";
import type { AssumeRoleInput } from "./ports.ts";
import { sealText } from "./sealed-text.ts";

/** What somebody asks for; everything is parsed and checked against the catalog. */
export interface AccessInput {
  readonly organization: Organization;
  readonly identity: Identity;
  /** Of the organization's catalog, at least one, all of one role. */
  readonly targets: readonly Target[];
  /** Seconds, within what every target allows. */
  readonly duration: number;
  readonly justification: Justification;
  readonly circumstances: Circumstances;
  /** The source identity of the caller's own session, as AWS's statement names it. */
  readonly inheritedSourceIdentity: string | undefined;
  /** When the window opens that it is asked for; left out: it is asked for now. Whole seconds. */
  readonly notBefore?: Date | undefined;
}

export interface PlanPorts {
  readonly rules: Rules;
  readonly clock: Clock;
  readonly random: Random;
}

/** What a request would do, and does. */
export interface Plan {
  readonly decision: Decision;
  /** The end of a grant that began now, or at the opening of its window. */
  readonly notAfter: Date;
  readonly policy: CompiledPolicy;
  /** The body of the request record. */
  readonly request: RequestBody;
  /** The one-time key to which another issuer seals the session; `undefined` where the requester issues. */
  readonly sealKey: SealKey | undefined;
  /** AssumeRole's input, with `<request id>` where the id will stand. */
  readonly assume: AssumeRoleInput;
}

/** Stands for the id of a request that is not made. */
export const futureId = "00000000000000000000000000";

/**
 * Everything that is known before anything is written: `--dry-run` and `explain` show it, `requestAccess` acts on it.
 * @throws JitError `ISSUER_UNSUPPORTED`, `SOURCE_IDENTITY_INVALID`, `TAG_INVALID`, `DURATION_TOO_LONG`, those of `checkOpening`, what
 *   `compileSessionPolicy` and the rules throw
 */
export async function planAccess(ports: PlanPorts, input: AccessInput): Promise<Plan> {
  const { targets, duration, identity, inheritedSourceIdentity, organization } = input;
  const { role, issuer } = roleAndIssuer(targets);
  checkDuration(targets, duration);
  const now = ports.clock.now();
  if (input.notBefore !== undefined) checkOpening(targets, input.notBefore, now);
  // Rules are asked of the time at which it is to be used.
  const begin = input.notBefore ?? now;
  const notAfter = grantEnd(begin, duration);
  const policy = compileSessionPolicy({ targets, notAfter });
  const draft = {
    role,
    policy: policy.text,
    targets,
    identity,
    inheritedSourceIdentity,
    remaining: duration,
  };
  const sealKey = issuer === "requester" ? undefined : makeSealKey();
  return {
    decision: await ports.rules.decide(questionOf(input, begin), organization.catalog),
    notAfter,
    policy,
    request: requestBody(input, role, issuer, sealKey, ports.random),
    sealKey,
    assume: assumeInput(draft, futureId),
  };
}

/** A grant that begins at a moment ends here, on a whole second: records and policies know no smaller unit. */
export function grantEnd(begin: Date, duration: number): Date {
  return new Date((Math.floor(begin.getTime() / 1000) + duration) * 1000);
}

export function questionOf(input: AccessInput, now: Date): AccessQuestion {
  const { identity, targets, justification, circumstances, duration } = input;
  const breakGlass = isBrokenGlass(targets);
  return { identity, targets, justification, circumstances, duration, now, breakGlass };
}

/** @throws JitError `ISSUER_UNSUPPORTED` where a broker issues for a store, `TARGETS_DIFFERENT_ROLES`, `TARGET_MISSING` */
function roleAndIssuer(targets: readonly Target[]): { readonly role: string; readonly issuer: string } {
  const [first] = targets;
  if (first === undefined) throw new JitError("TARGET_MISSING", "no store is named");
  const brokered = targets.find(({ store }) => store.issuer === "broker");
  if (brokered !== undefined) {
    throw new JitError("ISSUER_UNSUPPORTED", `only the broker issues for ${brokered.store.name}`, {
      hint: "this version issues for stores whose issuer is the requester or an approver",
    });
  }
  const other = targets.find(({ store }) => store.issuer !== first.store.issuer);
  if (other !== undefined) {
    throw new JitError(
      "TARGETS_DIFFERENT_ROLES",
      `${first.store.name} and ${other.store.name} have not the same issuer`,
      { hint: "ask for each with a request of its own" },
    );
  }
  return { role: first.store.role, issuer: first.store.issuer };
}

function requestBody(
  input: AccessInput,
  role: string,
  issuer: string,
  sealKey: SealKey | undefined,
  random: Random,
): RequestBody {
  const { targets, duration, justification, circumstances, organization, notBefore } = input;
  const window = notBefore === undefined ? {} : { [notBeforeName]: formatTime(notBefore) };
  const seal = (text: string) =>
    organization.catalog.audit.reasons === undefined ? { text } : sealText(text, random);
  return {
    targets: targetNames(targets),
    role,
    issuer,
    duration,
    purpose: justification.purpose,
    reason: seal(justification.reason),
    ticket: justification.ticket === undefined ? "-" : seal(justification.ticket),
    attested: circumstances.attested,
    claimed: { ...circumstances.claimed, ...window },
    sealTo: sealKey === undefined ? "-" : publicHalf(sealKey),
  };
}
