import { compileSessionPolicy } from "../../access/policy/compile.ts";
import { secondsOf } from "../../audit/time.ts";
import type { AuditRecord } from "../../audit/types.ts";
import type { Window } from "../../audit/window.ts";
import { targetNames } from "../assume-input.ts";
import { windowOfRequest } from "../opening.ts";
import { sourceIdentityOf } from "../person.ts";
import type { Case, CaseRecord } from "./case.ts";
import type { Standing } from "./standing.ts";

/** Seconds that the clocks of two machines, STS and S3 may differ. */
const clockTolerance = 60;

/** What an issue record says of a session, each beside whether it is what was asked for and approved. */
export function differences(
  { request }: Case,
  { targets, approvals, terms }: Standing,
  { record, chain }: CaseRecord<"issue">,
): readonly [string, boolean][] {
  const asked = request.record;
  const notAfter = new Date(secondsOf(record.notAfter) * 1000);
  const counted = record.decisions.filter((hash) => approvals.some(({ sha256 }) => sha256 === hash));
  const requester = sourceIdentityOf(asked.by);
  const named = record.sourceIdentity === requester || record.tags["jit:requester"] === requester;
  return [
    ["requestHash", record.requestHash === request.sha256],
    ["catalog", record.catalog === asked.catalog],
    ["renews", record.renews === "-"],
    ["decisions", counted.length === record.decisions.length && counted.length >= terms.quorum],
    ["issuer", approvals.some((one) => one.chain === chain && record.decisions.includes(one.sha256))],
    ["role", record.role === asked.role],
    ["session name", record.sessionName === `jit-${asked.request}`],
    ["requester", named],
    ["tags", record.tags["jit:request"] === asked.request],
    ["targets", record.tags["jit:access"] === targetNames(targets).join(" ")],
    ["notAfter", secondsOf(record.notAfter) <= secondsOf(record.at) + asked.duration + clockTolerance],
    ["window", isWithin(record, windowOfRequest(asked))],
    ["policy", record.policy === compileSessionPolicy({ targets, notAfter }).text],
    ["sealed", record.sealed !== "-"],
  ];
}

function isWithin({ at, notAfter }: AuditRecord<"issue">, window: Window | undefined): boolean {
  if (window === undefined) return true;
  return secondsOf(at) >= window.opens - clockTolerance && secondsOf(notAfter) <= window.ends;
}
