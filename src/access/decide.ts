import { approvalOf, namedApprover } from "./approval.ts";
import { isListed } from "./break-glass.ts";
import { maximumDuration } from "./duration.ts";
import type { AccessQuestion, ApprovalRules, Catalog, Decision } from "./types.ts";

/**
 * The rule that stands where no others do: what the catalog names may be had by whoever may assume the role. Stores
 * with another issuer need other persons: those that the store itself names.
 */
export const allowWhatTheCatalogAllows: ApprovalRules = {
  async decide(question: AccessQuestion, catalog: Catalog): Promise<Decision> {
    const { targets, duration } = question;
    if (targets.length === 0) return refused("no target is asked for");
    for (const { store, access } of targets) {
      if (!isListed(catalog, store) || store.accesses.get(access.name) !== access) {
        return refused("a target is not of this catalog");
      }
      if ((store.isBreakGlass === true) !== (question.breakGlass === true)) {
        return refused("a target of an emergency is asked for in one alone");
      }
    }
    if (!(duration >= 1 && duration <= maximumDuration(targets).seconds)) {
      return refused("the duration is not within what the targets allow");
    }
    if (targets.every(({ store }) => store.issuer === "requester")) return { kind: "granted", by: "catalog" };
    const { quorum, approvers } = approvalOf(targets);
    return { kind: "needsApproval", quorum, approvers };
  },
  async mayApprove({ targets }, catalog, approver) {
    return namedApprover(targets, catalog, approver) === "yes";
  },
};

function refused(message: string): Decision {
  return { kind: "refused", rule: "catalog", message };
}
