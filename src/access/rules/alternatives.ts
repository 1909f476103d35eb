import { formatDuration, maximumDuration } from "../duration.ts";
import { formatTarget } from "../target.ts";
import type { AccessQuestion, Catalog, Decision, Rules } from "../types.ts";

/** One thing that could be asked differently, and what the rules say then. */
export interface Alternative {
  /** `--for 15m`, `--purpose incident`, `--ticket SUP-1234`, another target, or a time to wait for. */
  readonly change: string;
  readonly kind: "duration" | "purpose" | "ticket" | "target" | "time";
  readonly decision: Exclude<Decision, { readonly kind: "refused" }>;
}

/** Shorter lengths worth a try, seconds, longest first. */
const lengths = [8 * 3600, 4 * 3600, 2 * 3600, 3600, 2700, 1800, 1200, 900, 600, 300, 60];
const hour = 3_600_000;
/** How far ahead a better hour is looked for. */
const hoursAhead = 7 * 24;
const most = 6;

/**
 * What would change the answer for the better, one change at a time: the question is asked again with each, so nothing is
 * guessed from the rules' text. What a requester cannot choose (identity, what others attest) is not tried.
 * @returns the best first: what is granted at once before what waits; none where the request is granted as it is
 */
export async function alternatives(
  rules: Rules,
  question: AccessQuestion,
  catalog: Catalog,
): Promise<readonly Alternative[]> {
  const now = await rules.decide(question, catalog);
  if (now.kind === "granted" || catalog.rules === undefined) return [];
  const found: Alternative[] = [];
  const done = new Set<string>();
  for (const { kind, change, asked } of candidates(question, catalog)) {
    // Of several lengths, and of several hours, the first that helps says it all.
    const once = kind === "duration" || kind === "time";
    if (once && done.has(kind)) continue;
    const decision = await rules.decide(asked, catalog);
    if (decision.kind === "refused" || rank(decision) <= rank(now)) continue;
    done.add(kind);
    found.push({ kind, change, decision });
  }
  return found.sort((a, b) => rank(b.decision) - rank(a.decision)).slice(0, most);
}

function rank({ kind }: Decision): number {
  return { refused: 0, needsApproval: 1, granted: 2 }[kind];
}

interface Candidate {
  readonly kind: Alternative["kind"];
  readonly change: string;
  readonly asked: AccessQuestion;
}

function* candidates(question: AccessQuestion, catalog: Catalog): Generator<Candidate> {
  const { justification, duration, targets, now } = question;
  const { purposes, ticket } = catalog.justification;
  if (justification.ticket === undefined) {
    const example = ticket.example ?? "TICKET-1";
    const asked = { ...question, justification: { ...justification, ticket: example } };
    yield { kind: "ticket", change: `--ticket ${example}`, asked };
  }
  for (const purpose of purposes.keys()) {
    if (purpose === justification.purpose) continue;
    yield {
      kind: "purpose",
      change: `--purpose ${purpose}`,
      asked: { ...question, justification: { ...justification, purpose } },
    };
  }
  for (const length of lengths.filter((one) => one < duration)) {
    yield {
      kind: "duration",
      change: `--for ${formatDuration(length)}`,
      asked: { ...question, duration: length },
    };
  }
  yield* otherTargets(question);
  for (let step = 1; step <= hoursAhead; step += 1) {
    const at = new Date((Math.floor(now.getTime() / hour) + step) * hour);
    yield { kind: "time", change: `from ${whenText(at)}`, asked: { ...question, now: at } };
  }
  // One target alone may be had where all together may not.
  if (targets.length < 2) return;
  for (const target of targets) {
    yield { kind: "target", change: formatTarget(target), asked: { ...question, targets: [target] } };
  }
}

/** The other accesses of the same store. */
function* otherTargets(question: AccessQuestion): Generator<Candidate> {
  const [first, ...more] = question.targets;
  if (first === undefined || more.length > 0) return;
  for (const access of first.store.accesses.values()) {
    if (access === first.access) continue;
    const targets = [{ store: first.store, access }];
    const duration = Math.min(question.duration, maximumDuration(targets).seconds);
    yield {
      kind: "target",
      change: formatTarget({ store: first.store, access }),
      asked: { ...question, targets, duration },
    };
  }
}

/** `2026-11-24 07:00Z` */
function whenText(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace("T", " ")}Z`;
}
