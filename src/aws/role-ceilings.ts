import { GetRoleCommand, IAMClient, ListAttachedRolePoliciesCommand } from "@aws-sdk/client-iam";
import type { RolePolicyLookup } from "../audit/reconcile/ports.ts";
import { type Aws, patience } from "./clients.ts";
import { nextPage } from "./paging.ts";

/** Managed policies of roles in the caller's account, on IAM. */
export function roleCeilings(aws: Pick<Aws, "common" | "equip" | "sts">, account: string): RolePolicyLookup {
  const iam = new IAMClient({ ...aws.common, region: aws.sts.config.region, maxAttempts: 3 });
  aws.equip(iam);
  return {
    account,
    async managedPolicies(role) {
      const RoleName = role.slice(role.lastIndexOf("/") + 1);
      try {
        const { Role } = await iam.send(new GetRoleCommand({ RoleName }), patience());
        const boundary = Role?.PermissionsBoundary?.PermissionsBoundaryArn;
        const found = boundary === undefined ? [] : [boundary];
        let Marker: string | undefined;
        do {
          const page = await iam.send(
            new ListAttachedRolePoliciesCommand({ RoleName, ...(Marker === undefined ? {} : { Marker }) }),
            patience(),
          );
          found.push(...(page.AttachedPolicies ?? []).flatMap(({ PolicyArn }) => PolicyArn ?? []));
          Marker = nextPage(page.IsTruncated === true ? page.Marker : undefined, Marker);
        } while (Marker !== undefined);
        return found;
      } catch {
        // Whoever reconciles need not be let into IAM: then it is said that a changed policy may be one of these.
        return undefined;
      }
    },
  };
}
