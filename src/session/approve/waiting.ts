import type { ReasonTexts } from "../sealed-text.ts";
import type { SealKey } from "./seal-key.ts";

/** A request of this machine that waits for approvals: what must be known to pick its session up. */
export interface WaitingRequest {
  readonly request: string;
  readonly requestHash: string;
  readonly targets: readonly string[];
  readonly issuer: string;
  /** Seconds that the session is to last. */
  readonly duration: number;
  /** How many must agree; 0 where it waits for its window alone. */
  readonly quorum: number;
  readonly approvers: readonly string[];
  readonly at: Date;
  /** After this it can be neither approved nor, but for an approved window, issued. */
  readonly closesAt: Date;
  /** When the window opens that it was asked for. */
  readonly notBefore?: Date;
  readonly organization: string;
  readonly catalog: string;
  /** `aws:userid` of who asked. */
  readonly userid: string;
  /** Name and inputs of the cache file that the session will have. */
  readonly name: string;
  readonly inputs: string;
}

/** When nothing can come of it any more. */
export function lapsesAt({ notBefore, duration, closesAt }: WaitingRequest): Date {
  return notBefore === undefined ? closesAt : new Date(notBefore.getTime() + duration * 1000);
}

/** What of it is secret or personal: the one-time key, where another issues, and the texts, which rules may look at again. */
export interface WaitingSecret extends ReasonTexts {
  readonly key: SealKey | undefined;
}

/**
 * Requests that wait, one file each (0600); the secret is encrypted where there is a keyring. A damaged or foreign file is none.
 * Failures to write are `LOCAL_DISK_FULL`, `LOCAL_READ_ONLY` and their kin.
 */
export interface WaitingRequests {
  /** Durable (fsync) when the promise resolves: the key must not be lost before the request can be answered. */
  keep(waiting: WaitingRequest, secret: WaitingSecret): Promise<void>;
  /** Without the secrets; oldest first. */
  list(): Promise<readonly WaitingRequest[]>;
  /** `undefined` where it cannot be read: another keyring, another user. */
  secretOf(request: string): Promise<WaitingSecret | undefined>;
  /** Removing what is not there is no error. */
  remove(request: string): Promise<void>;
}
