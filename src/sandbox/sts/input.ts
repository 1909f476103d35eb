import { SESSION_POLICY_LIMIT } from "../../policy/measure.ts";
import { checkRange, checkText, type Parameters } from "../iam/query.ts";
import { AwsError } from "../service.ts";

/**
 * What STS refuses before it looks at any policy: grammar and limits of its parameters.
 * Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 */

const NAME = /^[\w+=,.@-]*$/;
const ROLE_ARN = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/;
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const POLICY_TEXT = /^[\t\n\r -\u00ff]+$/;

/** Longest session policy, in characters; managed ones count with it. */
export const MAX_POLICY_LENGTH = SESSION_POLICY_LIMIT;

export function readRoleArn(input: Parameters): string {
  const arn = checkText(input.required("RoleArn"), "RoleArn", { min: 20, max: 2048 });
  if (!ROLE_ARN.test(arn)) throw new AwsError("ValidationError", 400, `${arn} is invalid`);
  return arn;
}

export function readSessionName(input: Parameters): string {
  return checkText(input.required("RoleSessionName"), "RoleSessionName", { min: 2, max: 64, pattern: NAME });
}

/** 2 to 64 characters of `\w+=,.@-`, not starting with `aws:`. */
export function checkSourceIdentity(value: string): string {
  checkText(value, "SourceIdentity", { min: 2, max: 64, pattern: NAME });
  if (value.toLowerCase().startsWith("aws:")) {
    throw new AwsError("ValidationError", 400, "SourceIdentity may not start with aws:");
  }
  return value;
}

/** Seconds; AWS's range for AssumeRole before the role's own maximum is looked at. */
export function readDuration(input: Parameters, standard: number, min: number, max: number): number {
  return checkRange(input.integer("DurationSeconds") ?? standard, "DurationSeconds", min, max);
}

/** Bytes, 0 where it is not given. */
export function readTokenSize(input: Parameters): number {
  return checkRange(input.integer("MinimumSessionTokenSize") ?? 0, "MinimumSessionTokenSize", 0, 4_096);
}

/** The inline session policy, checked for length and alphabet but not yet parsed. */
export function readPolicyText(input: Parameters): string | undefined {
  const policy = input.get("Policy");
  if (policy === undefined) return undefined;
  checkText(policy, "Policy", { max: MAX_POLICY_LENGTH });
  if (!POLICY_TEXT.test(policy)) {
    throw new AwsError(
      "ValidationError",
      400,
      "1 validation error detected: Value at 'policy' failed to satisfy constraint: " +
        "Member must satisfy regular expression pattern: [\\u0009\\u000A\\u000D\\u0020-\\u00FF]+",
    );
  }
  return policy;
}

export function readPolicyArns(input: Parameters): string[] {
  const arns = input.structures("PolicyArns", ["arn"]).flatMap((entry) => entry.arn ?? []);
  if (arns.length > 10) {
    throw new AwsError("ValidationError", 400, "Number of managed session policies exceeds the limit of 10");
  }
  return arns;
}

/** Session or request tags: at most 50, keys distinct whatever their case. */
export function readTags(input: Parameters): Record<string, string> {
  const entries = input.structures("Tags", ["Key", "Value"]);
  if (entries.length > 50) {
    throw new AwsError(
      "ValidationError",
      400,
      "1 validation error detected: Value at 'tags' failed to satisfy constraint: " +
        "Member must have length less than or equal to 50",
    );
  }
  return checkTags(entries.map(({ Key, Value }) => [Key ?? "", Value ?? ""] as const));
}

/** @throws AwsError `ValidationError` for a key or value outside its grammar, `InvalidParameterValue` for a double key */
export function checkTags(entries: readonly (readonly [string, string])[]): Record<string, string> {
  const tags: Record<string, string> = {};
  const seen = new Set<string>();
  for (const [index, [key, value]] of entries.entries()) {
    const member = `tags.${index + 1}.member`;
    checkText(key, `${member}.key`, { min: 1, max: 128, pattern: TAG_TEXT });
    checkText(value, `${member}.value`, { min: 0, max: 256, pattern: TAG_TEXT });
    if (key.toLowerCase().startsWith("aws:")) {
      throw new AwsError("ValidationError", 400, "Tag keys may not start with the reserved prefix aws:");
    }
    if (seen.has(key.toLowerCase())) {
      const text = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
      throw new AwsError("InvalidParameterValue", 400, text);
    }
    seen.add(key.toLowerCase());
    tags[key] = value;
  }
  return tags;
}

export interface SessionTags {
  /** Those passed and those inherited. */
  readonly tags: Record<string, string>;
  readonly transitiveKeys: string[];
  /** The passed ones alone: `aws:RequestTag`, and what `sts:TagSession` is asked for. */
  readonly passed: Readonly<Record<string, string>>;
}

/**
 * Joins the passed tags with the transitive ones of the calling session, which cannot be overridden.
 * @param inherited transitive tags of the calling session
 */
export function joinTags(
  passed: Record<string, string>,
  transitiveKeys: readonly string[],
  inherited: Readonly<Record<string, string>>,
): SessionTags {
  const inheritedKeys = new Set(Object.keys(inherited).map((key) => key.toLowerCase()));
  for (const key of Object.keys(passed)) {
    if (inheritedKeys.has(key.toLowerCase())) {
      throw new AwsError(
        "InvalidParameterValue",
        400,
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key " +
          "from the calling session.",
      );
    }
  }
  const passedKeys = new Map(Object.keys(passed).map((key) => [key.toLowerCase(), key]));
  const marked = transitiveKeys.map((key) => passedKeys.get(key.toLowerCase()));
  if (marked.includes(undefined)) {
    const text = "The specified transitive tag key must be included in the requested tags.";
    throw new AwsError("InvalidParameterValue", 400, text);
  }
  return {
    tags: { ...inherited, ...passed },
    transitiveKeys: [...Object.keys(inherited), ...marked.filter((key) => key !== undefined)],
    passed,
  };
}
