import { firstOfEach, type NamedObject } from "../../audit/first-of-each.ts";
import { idTime, parseId } from "../../audit/id.ts";
import { type RecordKey, readKey, recordPrefix } from "../../audit/key.ts";
import type { RecordStore } from "../../audit/ports.ts";
import type { ReadRecord, RecordReader } from "../../audit/record-reader.ts";
import { chainOf } from "../../audit/rules/chain.ts";
import type { Enrolment } from "../../audit/rules/keys.ts";
import { mapAtMost } from "../../audit/scan.ts";
import { hoursBetween } from "../../audit/time.ts";
import type { AuditRecord } from "../../audit/types.ts";
import { furthestAhead } from "../../audit/window.ts";
import { JitError } from "../../error.ts";

/** The types of records by which it is known how far a request has come. */
type CaseType = "request" | "approval" | "denial" | "issue" | "abort";
const caseTypes: readonly string[] = ["request", "approval", "denial", "issue", "abort"] satisfies CaseType[];

export function isOfCase({ request, type }: RecordKey): boolean {
  return request !== "-" && caseTypes.includes(type);
}

/** A record that is valid in itself: form, place, key, signature. */
export interface CaseRecord<T extends CaseType = CaseType> {
  readonly name: string;
  /** `userid/thumbprint` of who signed. */
  readonly chain: string;
  /**
   * As it was signed, but for `by`, which is whom the key was enrolled for: an IAM user may be renamed, so a later record may
   * bear another name, and that one nobody has attested.
   */
  readonly record: AuditRecord<T>;
  readonly sha256: string;
  readonly writer: Enrolment;
  /** When it arrived, by S3. */
  readonly arrived: Date;
}

/** A request with all that was said of it. What the records mean to each other is not judged yet. */
export interface Case {
  readonly request: CaseRecord<"request">;
  readonly approvals: readonly CaseRecord<"approval">[];
  readonly denials: readonly CaseRecord<"denial">[];
  readonly issues: readonly CaseRecord<"issue">[];
  readonly aborts: readonly CaseRecord<"abort">[];
  /** Names of objects that are no valid records. */
  readonly notBelieved: readonly string[];
}

const hour = 3_600_000;
/** The furthest ahead that a window can open, and two days for what follows; without one a request waits a week at most. */
const longest = furthestAhead * 1000 + 48 * hour;
/** So many objects under one request are read. */
const mostOfAll = 256;
const parallel = 16;

/** The names under a request from its hour to now; hours are those of the writers' clocks, which may be ahead. */
export function caseHours(request: string, now: Date): readonly string[] {
  const first = idTime(parseId(request));
  const last = Math.min(now.getTime() + hour, first + longest);
  return last < first ? [] : [...hoursBetween(new Date(first), new Date(last))];
}

export async function listCase(
  store: Pick<RecordStore, "list">,
  request: string,
  hours: readonly string[],
): Promise<readonly NamedObject[]> {
  const found = await mapAtMost(parallel, hours, async (at) => {
    const here: NamedObject[] = [];
    for await (const object of store.list(`${recordPrefix}${at}/${request}/`)) {
      const key = readKey(object.key);
      if (key?.request === request && isOfCase(key)) here.push({ object, key });
    }
    return here;
  });
  return found.flat();
}

/**
 * Reads a request and everything about it, each record checked by itself.
 * @param named what `listCase` gave
 * @throws JitError `REQUEST_NOT_FOUND`; `REQUEST_INVALID` where the request record is not valid, or there are two;
 *   `REQUEST_CROWDED` where more lies under it than anybody could mean
 */
export async function readCase(
  reader: RecordReader,
  request: string,
  named: readonly NamedObject[],
): Promise<Case> {
  if (!named.some(({ key }) => key.type === "request")) {
    throw new JitError("REQUEST_NOT_FOUND", `there is no request ${request}`, {
      hint: "copy the id as `jit request` or `jit pending` printed it",
    });
  }
  const meant = withinBounds(request, named);
  const read = await mapAtMost(parallel, meant, async ({ object, key }) => await reader.readOne(object, key));
  const records = read.flatMap((one) => caseRecord(one) ?? []);
  const of = <T extends CaseType>(type: T) =>
    records.filter((one): one is CaseRecord<T> => one.record.type === type);
  const [found] = of("request");
  if (found === undefined) {
    const reason = read.find(({ key }) => key.type === "request")?.reason ?? "KEY_NOT_ENROLLED";
    throw invalid(request, `its record is not valid (${reason})`);
  }
  // One that is signed counts here even where it is not valid: what makes it invalid can come after somebody has looked at it.
  if (read.filter(isSignedRequest).length > 1) throw invalid(request, "it has two request records");
  return {
    request: found,
    approvals: of("approval"),
    denials: of("denial"),
    issues: of("issue"),
    aborts: of("abort"),
    notBelieved: read.filter((one) => caseRecord(one) === undefined).map(({ name }) => name),
  };
}

/** Faults that are looked for once the signature is right. */
const signedFaults: readonly (string | undefined)[] = [undefined, "BY_DIFFERS", "ATTESTED_INVALID"];

function isSignedRequest({ record, reason }: ReadRecord): boolean {
  return record?.type === "request" && signedFaults.includes(reason);
}

function withinBounds(request: string, named: readonly NamedObject[]): readonly NamedObject[] {
  const meant = firstOfEach(named);
  if (meant.length <= mostOfAll) return meant;
  throw new JitError("REQUEST_CROWDED", `${meant.length} objects lie under the request ${request}`, {
    hint: "somebody is in the way of it: tell whoever keeps the audit bucket, and make a new request",
  });
}

function caseRecord({ name, key, record, sha256, writer, lastModified }: ReadRecord): CaseRecord | undefined {
  if (record === undefined || sha256 === undefined || writer === undefined) return undefined;
  const chain = chainOf(key);
  const { by } = writer;
  return {
    name,
    chain,
    record: { ...record, by } as AuditRecord<CaseType>,
    sha256,
    writer,
    arrived: lastModified,
  };
}

export function invalid(request: string, why: string): JitError {
  return new JitError("REQUEST_INVALID", `the request ${request} cannot be believed: ${why}`, {
    hint: "`jit audit show` tells more; have the requester ask anew",
  });
}
