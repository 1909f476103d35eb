import * as v from "valibot";
import {
  invalid,
  proofFile,
  proofMembers,
  proofParts,
  proofValue,
  type RequestProof,
} from "./request-proof.ts";

/** What shows that one entry is in the log, be it a record or not: what a row of an export is proven by. */
export interface EntryProof extends Pick<RequestProof, "log" | "records" | "context"> {
  readonly index: number;
}

const type = "jit-entry-proof";

const schema = v.strictObject({
  ...proofMembers,
  type: v.literal(type),
  index: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
});

/** Canonical JSON and a newline. The entry comes first, then the enrolment of the key that signed its record. */
export function writeEntryProof({ index, ...parts }: EntryProof): Uint8Array {
  return proofFile({ type, index }, parts);
}

/** `undefined` where the file is the proof of a whole request. @throws JitError `PROOF_INVALID` where it is none at all */
export function readEntryProof(file: Uint8Array): EntryProof | undefined {
  const value = proofValue(file);
  if (typeof value !== "object" || value === null || !("type" in value) || value.type !== type)
    return undefined;
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (!result.success) throw invalid(`${v.getDotPath(result.issues[0]) ?? "it"} is not right`);
  return { ...proofParts(result.output), index: result.output.index };
}
