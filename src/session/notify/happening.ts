import type { Identity, NotificationEvent } from "../../access/types.ts";
import type { StoredRecord } from "../../audit/types.ts";

/** Somebody, for people to read. */
export interface Named {
  readonly name: string;
  readonly arn: string | undefined;
}

/** A session of several that ended at once. */
export interface OtherSession {
  readonly request: string;
  readonly requester: string;
  readonly targets: readonly string[];
}

/** What happened to a request, for those whom the catalog tells of it. */
export interface Happening {
  readonly event: NotificationEvent | "test";
  readonly request: string;
  readonly requestHash: string;
  readonly requester: Named;
  readonly targets: readonly string[];
  readonly role: string;
  /** Seconds that were asked for. */
  readonly duration?: number;
  readonly purpose?: string;
  /** The end of the grant, where there is a session. */
  readonly notAfter?: Date;
  /** Who decided, where that is another than the requester. */
  readonly by?: Named;
  /** How many must agree, and who may, of what waits. */
  readonly quorum?: number;
  readonly approvers?: readonly string[];
  readonly breakGlass?: boolean;
  /** Other sessions that ended by the same revocation. */
  readonly others?: readonly OtherSession[];
  /** Told only where the catalog says so. */
  readonly texts?: {
    readonly reason?: string | undefined;
    readonly ticket?: string | undefined;
    /** What who decided has to say. */
    readonly comment?: string | undefined;
  };
}

/**
 * What a stored request record tells.
 * @param texts where they are known: in the record there may be only their digests
 */
export function happeningOf(
  event: Happening["event"],
  { record, sha256 }: Pick<StoredRecord<"request">, "record" | "sha256">,
  texts: Happening["texts"] = {},
): Happening {
  const { request, by, targets, role, duration, purpose } = record;
  return {
    event,
    request,
    requestHash: sha256,
    requester: named(by),
    targets,
    role,
    duration,
    purpose,
    texts,
  };
}

/** A caller by the last part of the ARN, and the whole of it. */
export function named({ arn }: Pick<Identity, "arn">): Named {
  return { name: arn.split(/[/:]/).at(-1) ?? arn, arn };
}
