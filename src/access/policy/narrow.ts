import { JitError } from "../../error.ts";
import { coversAction } from "../../policy/cover.ts";
import { SESSION_POLICY_LIMIT } from "../../policy/measure.ts";
import { clause, documentOf, sorted } from "./clause.ts";
import { endDeny } from "./compile.ts";
import { withoutCovered } from "./pattern.ts";

/** A service's prefix, a colon, an action's name with wildcards; or `*`. */
const ACTION = /^(?:\*|[a-z0-9-]+:[A-Za-z0-9*?]+)$/;

/**
 * The policy that narrows a session further (GetScopedCredentials, `--only`): it allows these actions on
 * whatever the session has open, and nothing else. `["*"]` narrows by time alone.
 *
 * @param until where given, refuses everything after it, cut to the whole second
 * @throws JitError `ACTION_INVALID` for none, or one that is no IAM action; `POLICY_TOO_LARGE`
 */
export function narrowPolicy(actions: readonly string[], until?: Date): string {
  if (actions.length === 0) {
    throw new JitError("ACTION_INVALID", "no action is named", { hint: "name one, such as s3:GetObject" });
  }
  for (const action of actions) {
    if (ACTION.test(action)) continue;
    throw new JitError("ACTION_INVALID", `${JSON.stringify(action)} is not an IAM action`, {
      hint: "write it as SERVICE:Action, such as s3:GetObject or s3:Get*",
    });
  }
  const allow = clause("Allow", withoutCovered(sorted(actions), coversAction, false), ["*"]);
  const { text } = documentOf(until === undefined ? [allow] : [allow, endDeny(until)]);
  if (text.length > SESSION_POLICY_LIMIT) {
    throw new JitError(
      "POLICY_TOO_LARGE",
      `the policy needs ${text.length} of ${SESSION_POLICY_LIMIT} characters`,
      {
        hint: "name fewer actions, or a pattern such as s3:Get*",
      },
    );
  }
  return text;
}
