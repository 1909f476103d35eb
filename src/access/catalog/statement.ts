import { codeOf } from "../../error.ts";
import { matchesAction } from "../../policy/match.ts";
import { parsePolicy } from "../../policy/parse.ts";
import { findHostile } from "../text.ts";

/** Who may call these makes sessions or rights of their own, beside all records. */
const refusedServices: ReadonlySet<string> = new Set(["sts", "iam", "organizations", "account"]);

/**
 * Calls that hand out other credentials, or grant rights that outlive the session: its end would not end them. A pattern
 * that covers one is refused, too.
 */
const outliving: readonly string[] = [
  "cognito-identity:GetCredentialsForIdentity",
  "cognito-identity:GetOpenIdToken",
  "kms:CreateGrant",
  "redshift:GetClusterCredentials",
  "redshift:GetClusterCredentialsWithIAM",
  "redshift-serverless:GetCredentials",
  "rolesanywhere:CreateSession",
  "s3:CreateSession",
  "s3:GetDataAccess",
  "s3:PutBucketPolicy",
  "secretsmanager:PutResourcePolicy",
  "sso:GetRoleCredentials",
];

/**
 * A raw statement must be one of a session policy, and never open a way to further sessions or rights. A Deny may name
 * whatever it likes.
 * @returns what is wrong with it
 */
export function checkStatement(statement: Readonly<Record<string, unknown>>): readonly string[] {
  if (holdsHostile(statement)) {
    return ["holds a control, bidirectional or zero-width character"];
  }
  try {
    const [parsed] = parsePolicy({ Version: "2012-10-17", Statement: [statement] }, "session").statements;
    return parsed?.effect === "Allow" ? problemsOfAllow(parsed.actions) : [];
  } catch (error) {
    if (codeOf(error) !== "POLICY_INVALID" || !(error instanceof Error)) throw error;
    return [error.message.replace("$.Statement[0]", "statement")];
  }
}

function problemsOfAllow(actions: readonly string[] | undefined): readonly string[] {
  if (actions === undefined) return ["an Allow may not use NotAction: it would open what nobody thought of"];
  return actions.flatMap((action) => {
    const service = (action.split(":")[0] ?? "").toLowerCase();
    if (/[*?]/.test(service)) return ["may not allow all services"];
    if (refusedServices.has(service)) return [`may not allow ${service}`];
    const found = outliving.find((one) => matchesAction(action, one));
    return found === undefined ? [] : [`may not allow ${found}: what it gives outlives the session`];
  });
}

function holdsHostile(value: unknown): boolean {
  if (typeof value === "string") return findHostile(value) !== undefined;
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(([key, inner]) => findHostile(key) !== undefined || holdsHostile(inner));
}
