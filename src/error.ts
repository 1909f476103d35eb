/**
 * An error that a person can act on.
 *
 * `code` is stable and is what programs and tests look at; `message` says what is wrong and `hint` what to do
 * next, both without a final full stop and without any secret. Every folder may import this file.
 */
export class JitError extends Error {
  readonly code: string;
  readonly hint: string | undefined;

  constructor(code: string, message: string, options: { hint?: string | undefined; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "JitError";
    this.code = code;
    this.hint = options.hint;
  }
}

/** The code of any error: ours, Node's (`ENOSPC`), or `undefined` where it has none. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/**
 * Whether an error is ours, whichever of the bundle's files made it: each has its own copy of the class, so `instanceof`
 * tells only of one.
 */
export function isJitError(error: unknown): error is JitError {
  return error instanceof Error && error.name === "JitError" && codeOf(error) !== undefined;
}
