import type { Catalog } from "../access/types.ts";
import { idTime, parseId } from "../audit/id.ts";
import { recordPrefix } from "../audit/key.ts";
import type { RecordReader } from "../audit/record-reader.ts";
import { hourOf } from "../audit/time.ts";
import type { AuditRecord } from "../audit/types.ts";
import { JitError } from "../error.ts";
import { named } from "./notify/happening.ts";
import type { ReasonStore } from "./sealed-text.ts";

export interface ErasePorts {
  readonly reader: Pick<RecordReader, "readRequest">;
  readonly reasons: ReasonStore;
  /** The catalog of a digest, where it was published. */
  catalogOf(digest: string): Promise<Catalog | undefined>;
}

/** What became of the texts of one request. */
export interface Erased {
  readonly request: string;
  readonly location: string;
  /** Versions that were deleted; 0 where nothing was there any more. */
  readonly versions: number;
}

/** Whose texts are meant. */
export type Subject = { readonly requests: readonly string[] } | { readonly requester: string };

/**
 * The requests whose texts are to be erased, each with its place: what its own catalog named when it was made.
 * @param current the place of the catalog in force: it is looked through for a requester's, and stands in for a catalog that is not to
 *   be had
 * @throws JitError `REQUEST_NOT_FOUND`, `REASONS_IN_RECORD` where the text stands in the locked record itself
 */
export async function findTexts(
  ports: ErasePorts,
  subject: Subject,
  current: string | undefined,
): Promise<readonly Omit<Erased, "versions">[]> {
  if ("requester" in subject) return await textsOfRequester(ports, subject.requester, current);
  const found = [];
  for (const request of subject.requests) {
    const record = await requestRecord(ports, request);
    if (record === undefined) {
      throw new JitError("REQUEST_NOT_FOUND", `there is no valid record of request ${request}`, {
        hint: "`jit audit show` tells what is there",
      });
    }
    if ("text" in record.reason) {
      throw new JitError(
        "REASONS_IN_RECORD",
        `the texts of ${request} stand in its record, which is locked`,
        {
          hint: "it goes when the bucket's retention ends; `audit.reasons` of the catalog keeps later ones apart",
        },
      );
    }
    found.push({ request, location: (await placeOf(ports, record)) ?? current ?? missingPlace(request) });
  }
  return found;
}

/** Deletes them one by one; what fails leaves the rest for the next run, which finds them again. */
export async function eraseTexts(
  { reasons }: Pick<ErasePorts, "reasons">,
  texts: readonly Omit<Erased, "versions">[],
): Promise<readonly Erased[]> {
  const erased: Erased[] = [];
  for (const { request, location } of texts) {
    erased.push({ request, location, versions: await reasons.erase(location, request) });
  }
  return erased;
}

/** By the name that AWS gave for who asked, or by the `aws:userid`. */
async function textsOfRequester(ports: ErasePorts, requester: string, current: string | undefined) {
  if (current === undefined) {
    throw new JitError("REASONS_IN_RECORD", "the catalog has no place of its own for reasons", {
      hint: "name the requests of an earlier catalog one by one",
    });
  }
  const found = [];
  for await (const request of ports.reasons.list(current)) {
    const by = (await requestRecord(ports, request))?.by;
    if (by === undefined) continue;
    // Whoever could not ask at all may still have written a record.
    if (by.userid === requester || named(by).name === requester) found.push({ request, location: current });
  }
  return found;
}

async function requestRecord(
  { reader }: ErasePorts,
  request: string,
): Promise<AuditRecord<"request"> | undefined> {
  const hour = hourOf(new Date(idTime(parseId(request))).toISOString());
  return await reader.readRequest(`${recordPrefix}${hour}/${request}/`);
}

async function placeOf({ catalogOf }: ErasePorts, { catalog }: AuditRecord<"request">) {
  return (await catalogOf(catalog))?.audit.reasons;
}

function missingPlace(request: string): never {
  throw new JitError(
    "REASONS_UNREACHABLE",
    `the catalog of ${request}, which names the place, is not to be had`,
    {
      hint: "delete `<request>.json` in the bucket of reasons by hand",
    },
  );
}
