import type { Outcome } from "../session/request-access.ts";
import type { Notice, Session } from "../session/types.ts";

/** What came of getting a session, whether it was there, renewed, or asked for. */
export type Obtained =
  | {
      readonly kind: "cached" | "renewed" | "granted";
      readonly session: Session;
      readonly notices: readonly Notice[];
      readonly packed: number | undefined;
      /** The session that `--new` put another in place of. */
      readonly replaced?: Session;
      /** The grant that this one extends, which goes on to its own end. */
      readonly extended?: { readonly request: string; readonly notAfter: Date };
    }
  | Exclude<Outcome, { kind: "granted" }>;
