import type { Identity } from "../access/types.ts";
import type { Credentials, Session } from "./types.ts";

export interface AssumeRoleInput {
  readonly role: string;
  readonly sessionName: string;
  readonly durationSeconds: number;
  readonly policy: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly sourceIdentity: string | undefined;
}

export interface AssumedRole {
  readonly credentials: Credentials;
  readonly assumedRoleId: string;
  readonly assumedRoleArn: string;
  /** Percent, or `undefined` where STS did not tell. */
  readonly packedPolicySize: number | undefined;
}

/**
 * STS. Failures are JitError: `STS_DENIED`, `STS_UNREACHABLE`, `STS_DURATION` (longer than the role or chaining
 * allows), `POLICY_PACKED_TOO_LARGE`, `AWS_EXPIRED`, `AWS_NO_CREDENTIALS`, `AWS_THROTTLED`, `STS_UNSUPPORTED`.
 */
export interface TokenService {
  /** Who calls, asked now. */
  identity(): Promise<Identity>;
  /**
   * Not idempotent: a lost reply may have made a session that nobody holds; it is reported as `STS_REPLY_LOST` after
   * the SDK's retries, and the caller records an abort.
   */
  assumeRole(input: AssumeRoleInput): Promise<AssumedRole>;
  /** A child of `session` that lives `durationSeconds`, narrowed by `policy` where given. */
  scope(
    session: Credentials,
    input: { durationSeconds: number; policy: string | undefined; description: string },
  ): Promise<Credentials>;
  /**
   * AWS's signed statement who the caller is, for one to ten audiences, good for 15 minutes or, of a session that ends
   * before, for one; `undefined` where the account does not offer it.
   */
  statement(...audiences: readonly string[]): Promise<string | undefined>;
}

/** A lock between processes that survives a holder that was killed, hangs, or was stopped and resumed. */
export interface Lock {
  /**
   * Runs `work` while holding the lock. `fence.check()` throws `LOCK_LOST` once another process has taken over;
   * call it before every step that must not happen twice. Waiting is bounded: `LOCK_TIMEOUT`.
   */
  hold<T>(name: string, work: (fence: Fence) => Promise<T>): Promise<T>;
}

export interface Fence {
  check(): void;
}

/** One file per session. A damaged, foreign or unreadable file is a miss, never an error. */
export interface SessionCache {
  read(name: string): Promise<Session | undefined>;
  /** Replaces atomically; the old file stays until the new one is complete. Checks the fence before publishing. */
  write(name: string, session: Session, fence: Fence): Promise<void>;
  remove(name: string): Promise<void>;
  /** Notes that AWS has just confirmed whose session this is (`warm.ts`). Never fails. */
  confirm?(name: string): Promise<void>;
  list(): Promise<readonly { readonly name: string; readonly session: Session }[]>;
}

/** Where the operating system keeps a secret for this person. */
export interface Vault {
  /** The 32-byte key of the session cache, made at the first call; `undefined` where there is no usable keyring. */
  key(): Promise<Uint8Array | undefined>;
}

/** How a child process ended. Signals are numbers, so that 128 + N can be told. */
export type ChildEnd =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "killed"; readonly signal: number }
  | { readonly kind: "notFound" }
  | { readonly kind: "notExecutable" };

export interface ChildProcesses {
  /**
   * Runs a command with this process's standard streams and exactly this environment, forwards the signals that
   * reach this process, and waits. No shell stands between. What cannot be started for another reason than the two
   * of `ChildEnd` is thrown as JitError `CHILD_FAILED`.
   */
  run(input: {
    readonly command: string;
    readonly args: readonly string[];
    readonly environment: Readonly<Record<string, string>>;
  }): Promise<ChildEnd>;
}
