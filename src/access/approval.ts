import { groupsOf, matches } from "./rules/groups.ts";
import type { ApprovalTerms, Approver, Catalog, Target } from "./types.ts";

/**
 * What an approval of these targets takes: the largest quorum and the shortest wait of their stores. `approvers` are
 * those that any of the stores names, for people to read; `namedApprover` says who counts.
 */
export function approvalOf(targets: readonly Target[]): ApprovalTerms {
  const terms = targets.map(({ store }) => store.approval);
  return {
    quorum: Math.max(1, ...terms.map(({ quorum }) => quorum)),
    expires: Math.min(...terms.map(({ expires }) => expires)),
    approvers: [...new Set(terms.flatMap(({ approvers }) => approvers))],
  };
}

/**
 * Whether every store of the targets names this approver, by group or by ARN; what a store that names nobody means is for
 * rules to say.
 * @returns `unsaid` where all stores that name somebody name this one, and one of them names nobody
 */
export function namedApprover(
  targets: readonly Target[],
  catalog: Pick<Catalog, "groups">,
  approver: Approver,
): "yes" | "no" | "unsaid" {
  const groups = groupsOf({ groups: catalog.groups ?? new Map() }, approver.identity, approver.attested);
  let verdict: "yes" | "unsaid" = "yes";
  for (const { store } of targets) {
    const { approvers } = store.approval;
    if (approvers.length === 0) verdict = "unsaid";
    else if (!approvers.some((name) => groups.includes(name) || fits(name, approver))) return "no";
  }
  return verdict;
}

function fits(name: string, { identity }: Approver): boolean {
  return name.startsWith("arn:") && matches(name, identity.arn);
}
