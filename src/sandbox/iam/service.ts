import type { WorldAuthorizer } from "../authorize.ts";
import { type Trail, trailParameters } from "../cloudtrail.ts";
import { AwsError, type Service } from "../service.ts";
import type { World } from "../world.ts";
import { ACCOUNT_ACTIONS } from "./account-wide.ts";
import { POLICY_OWNER_ACTIONS } from "./inline.ts";
import { MANAGED_ACTIONS } from "./managed.ts";
import { queryReply, readParameters } from "./query.ts";
import { ROLE_ACTIONS } from "./roles.ts";
import { type Actions, reads, scopeOf } from "./scope.ts";
import { simulatePrincipalPolicy } from "./simulate.ts";
import { USER_ACTIONS } from "./users.ts";

export const IAM_NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/";

const ACTIONS: Actions = {
  ...ROLE_ACTIONS,
  ...USER_ACTIONS,
  ...POLICY_OWNER_ACTIONS,
  ...MANAGED_ACTIONS,
  ...ACCOUNT_ACTIONS,
  SimulatePrincipalPolicy: reads(simulatePrincipalPolicy),
};

/** IAM over the query protocol, for the caller's own account. `handle` throws `AwsError`; every call is recorded. */
export function createIam(world: World, authorizer: WorldAuthorizer, trail: Trail): Service {
  return {
    handle(call) {
      const input = readParameters(call);
      const name = input.get("Action") ?? "";
      const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
      if (action === undefined) {
        const text = `Could not find operation ${name} for version ${input.get("Version") ?? "NO_VERSION_SPECIFIED"}`;
        throw new AwsError("InvalidAction", 400, text);
      }
      const parameters = trailParameters(input, ["Action", "Version"]);
      const event = {
        call,
        source: "iam.amazonaws.com",
        name,
        parameters,
        readOnly: action.readOnly,
      } as const;
      try {
        const result = action.run(scopeOf(world, authorizer, call, input));
        trail.record({ ...event, response: result });
        return queryReply(call, IAM_NAMESPACE, name, result);
      } catch (error) {
        if (error instanceof AwsError) trail.record({ ...event, error });
        throw error;
      }
    },
  };
}
