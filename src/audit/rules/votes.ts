import { distinctPersons, mayBeSame, type Person } from "../person.ts";
import type { Grade } from "../statement.ts";

/** Seconds that the clocks of a writer and of S3 may differ. */
const clockTolerance = 60;

/** An approval or denial whose form, place, key and signature are right. Times are Unix seconds. */
export interface Vote {
  readonly sha256: string;
  readonly person: Person;
  readonly grade: Grade;
  readonly requestHash: string;
  readonly catalog: string;
  /** When it was signed, by the writer. */
  readonly at: number;
  /** When it arrived, by S3. */
  readonly arrived: number;
  /** Whether the catalog and its rules let this person agree; `undefined` where that cannot be told. */
  readonly allowed: boolean | undefined;
}

/** The request that is voted on. */
export interface VotedOn {
  readonly sha256: string;
  readonly catalog: string;
  readonly person: Person;
  /** When it is over, Unix seconds. */
  readonly closes: number;
}

export type VoteFault =
  | "REQUEST_HASH"
  | "CATALOG_DIFFERS"
  | "DECISION_OWN"
  | "DECISION_PATH_ONLY"
  | "DECISION_NOT_ALLOWED"
  | "DECISION_LATE";

/**
 * Why a vote does not count, `undefined` where it does. Whom rules name, they name by ARN, and of that the userid's path
 * proves nothing: so only a writer counts whom AWS's statement attests.
 */
export function voteFault(vote: Vote, request: VotedOn): VoteFault | undefined {
  if (vote.requestHash !== request.sha256) return "REQUEST_HASH";
  if (vote.catalog !== request.catalog) return "CATALOG_DIFFERS";
  if (mayBeSame(vote.person, request.person)) return "DECISION_OWN";
  if (vote.grade !== "attested") return "DECISION_PATH_ONLY";
  if (vote.allowed === false) return "DECISION_NOT_ALLOWED";
  // Not before the request it cannot be, whatever the clocks say: it names the request by hash.
  const late = vote.at >= request.closes || vote.arrived >= request.closes + clockTolerance;
  return late ? "DECISION_LATE" : undefined;
}

/** The approvals that count, one for each person, the earliest of each. */
export function countedVotes<T extends Vote>(votes: readonly T[], request: VotedOn): readonly T[] {
  const good = votes.filter((vote) => voteFault(vote, request) === undefined);
  const ordered = [...good].sort((a, b) => a.at - b.at || (a.sha256 < b.sha256 ? -1 : 1));
  return distinctPersons(ordered);
}
