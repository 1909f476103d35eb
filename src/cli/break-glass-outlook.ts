import { approvalOf } from "../access/approval.ts";
import { formatDuration } from "../access/duration.ts";
import type { BreakGlassTerms, Target } from "../access/types.ts";
import { codeOf } from "../error.ts";
import { owedBy } from "../session/break-glass/owed.ts";
import { receiverName } from "../session/notify/tell.ts";
import type { Connection } from "./compose.ts";
import { clean, type Style } from "./style.ts";

/** What breaking the glass would bring with it, beside the session. */
export interface BreakGlassOutlook {
  /** Who is told as soon as it is asked for: hosts of webhooks, programs. */
  readonly told: readonly string[];
  /** What the next request meets until the verdict. */
  readonly terms: BreakGlassTerms;
  /** Groups and patterns that the stores name; empty: whom the rules let approve. */
  readonly reviewers: readonly string[];
  /** Emergencies of before that nobody has reviewed, as the next request would tell; `refuses` where it would fail. */
  readonly owed: { readonly message: string; readonly refuses: boolean } | undefined;
}

const usualTerms: BreakGlassTerms = { unreviewed: "note", grace: 0 };

export async function outlookOf(
  { organization: { catalog }, identity, bucket, clock }: Connection,
  targets: readonly Target[],
): Promise<BreakGlassOutlook> {
  const terms = catalog.breakGlass ?? usualTerms;
  return {
    told: (catalog.notifications ?? []).filter(({ on }) => on.includes("breakGlass")).map(receiverName),
    terms,
    reviewers: approvalOf(targets).approvers,
    owed: await owedBy(bucket, identity.userid, terms, clock).then(
      ([first]) => (first === undefined ? undefined : { message: first.message, refuses: false }),
      (error: unknown) => {
        const message = error instanceof Error ? error.message : (codeOf(error) ?? "unknown");
        return { message, refuses: true };
      },
    ),
  };
}

/** Labels and what stands behind them. */
export function outlookLines(
  { told, terms, reviewers, owed }: BreakGlassOutlook,
  style: Style,
): readonly (readonly [label: string, value: string])[] {
  const who = reviewers.length === 0 ? "whom the rules let approve" : reviewers.map(clean).join(", ");
  const until =
    terms.unreviewed === "note"
      ? "until then each request of yours says so"
      : `${formatDuration(terms.grace)} after it your requests are refused until then`;
  return [
    ...(owed === undefined
      ? []
      : ([
          ["but", owed.refuses ? style.bad(clean(owed.message)) : style.warn(clean(owed.message))],
        ] as const)),
    ["told", told.length === 0 ? style.warn("nobody: the catalog names none") : told.map(clean).join(", ")],
    ["review", `by another person: ${who}; ${until}`],
  ];
}

/** The same for programs. */
export function outlookJson({ told, terms, reviewers, owed }: BreakGlassOutlook): Record<string, unknown> {
  return { told, unreviewed: terms.unreviewed, grace: terms.grace, reviewers, owed: owed ?? null };
}
