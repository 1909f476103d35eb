import { JitError } from "../../error.ts";
import { overlapActions } from "../../policy/overlap.ts";
import { distance } from "../catalog/suggest.ts";
import { type StatementJson, sorted } from "./clause.ts";

/**
 * Refuses to narrow a session to what it does not have: the command would get nothing by that action.
 * @param statements of the session's policy
 * @param name what the session is called: `customers:read`
 * @throws JitError `ACTION_NOT_GRANTED`, naming the actions that are there, and the one that was probably meant
 */
export function checkGranted(
  actions: readonly string[],
  statements: readonly StatementJson[],
  name: string,
): void {
  const allows = statements.filter(({ Effect }) => Effect === "Allow");
  // What a NotAction allows cannot be listed; IAM decides it.
  if (allows.some(({ Action }) => Action === undefined)) return;
  const granted = sorted(allows.flatMap(({ Action = [] }) => Action));
  for (const action of actions) {
    if (granted.some((one) => overlapActions(one, action))) continue;
    // One slip alone: s3:PutObject is no misspelt s3:GetObject.
    const near = granted.find((one) => distance(action.toLowerCase(), one.toLowerCase(), 1) <= 1);
    const has = `${name} has ${granted.join(", ")}`;
    throw new JitError("ACTION_NOT_GRANTED", `${name} does not have ${action}`, {
      hint: near === undefined ? has : `did you mean ${near}? ${has}`,
    });
  }
}
