import { cachedParser } from "../authorize.ts";
import { AwsError } from "../service.ts";
import { documentOf, policyByArn, type Role, type World } from "../world.ts";
import { MAX_POLICY_LENGTH } from "./input.ts";

const parse = cachedParser();

/** @throws AwsError `MalformedPolicyDocument` for text that is no session policy */
export function checkSessionPolicy(text: string): string {
  try {
    parse(text, "session");
  } catch (error) {
    throw malformedPolicy(error);
  }
  return text;
}

/** `MalformedPolicyDocument` (400) with what the parser said. */
export function malformedPolicy(error: unknown): AwsError {
  const text = error instanceof Error ? error.message : "Syntax errors in policy.";
  return new AwsError("MalformedPolicyDocument", 400, text);
}

/**
 * The one limit that AssumeRole's policies put on a session: what the inline policy or any of the managed
 * ones allows, and none denies. As a single text, since statements of one layer add up.
 * @returns no element where the call passed no policy
 */
export function resolvePolicies(
  world: World,
  role: Role,
  inline: string | undefined,
  arns: readonly string[],
): readonly string[] {
  const account = role.arn.split(":")[4];
  const managed = arns.map((arn) => {
    const policy = policyByArn(world, arn);
    if (policy === undefined || arn.split(":")[4] !== account) {
      const text = `The policy ${arn} does not exist in the account of the role`;
      throw new AwsError("InvalidParameterValue", 400, text);
    }
    return documentOf(policy);
  });
  const texts = [...(inline === undefined ? [] : [checkSessionPolicy(inline)]), ...managed];
  const length = (inline?.length ?? 0) + arns.reduce((sum, arn) => sum + arn.length, 0);
  if (length > MAX_POLICY_LENGTH) {
    const text = "The plaintext of inline and managed session policies exceeds 2048 characters";
    throw new AwsError("PackedPolicyTooLarge", 400, text);
  }
  const [first, ...others] = texts;
  if (first === undefined) return [];
  if (others.length === 0) return [first];
  return [JSON.stringify({ Version: "2012-10-17", Statement: texts.flatMap(statementsOf) })];
}

function statementsOf(text: string): unknown[] {
  const policy: unknown = JSON.parse(text);
  if (typeof policy !== "object" || policy === null || !("Statement" in policy)) return [];
  const statements: unknown[] = Array.isArray(policy.Statement) ? policy.Statement : [policy.Statement];
  // Two policies may use the same Sid; one may not.
  return statements.map((statement) => ({ ...(statement as object), Sid: "" }));
}
