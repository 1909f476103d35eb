/** Literal text inside policy text. */

/**
 * Writes text so that IAM takes it literally where wildcards and variables count: Resource elements and
 * the Like operators. Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
 */
export function literal(text: string): string {
  return text.replace(/[*?$]/g, (char) => `\${${char}}`);
}

/** The same where wildcards do not count (StringEquals and its kin): only variables could be read in. */
export function literalValue(text: string): string {
  return text.replace(/[$]/g, (char) => `\${${char}}`);
}
