import * as v from "valibot";
import { canonicalJson, parseStrictJson } from "../../access/canonical.ts";
import { isSha256Hex } from "../../access/digest.ts";
import { JitError } from "../../error.ts";
import { isId } from "../id.ts";

/** All that shows that the records of a request are in the log, in one file. */
export interface RequestProof {
  /** The organization's fingerprint. */
  readonly log: string;
  readonly request: string;
  /** The request's records, and the enrolments of the keys that signed them. */
  readonly records: readonly ProvenRecord[];
  /** What else they are judged by, by name: the chain of trust files, catalogs, the claim. Not in the tree. */
  readonly context: Readonly<Record<string, Uint8Array>>;
}

export interface ProvenRecord {
  /** The entry of the tree: a leaf in canonical JSON. */
  readonly leaf: Uint8Array;
  /** C2SP tlog-proof of that entry. */
  readonly proof: string;
  /** The object. */
  readonly bytes: Uint8Array;
}

/** Larger than any; it bounds the work over hostile input. */
const maximumProof = 32 * 1024 * 1024;

const base64 = v.pipe(
  v.string(),
  v.check((text) => Buffer.from(text, "base64").toString("base64") === text, "is no base64"),
);

/** What every proof has. */
export const proofMembers = {
  v: v.literal(1),
  log: v.pipe(v.string(), v.check(isSha256Hex, "is no fingerprint")),
  records: v.pipe(
    v.array(v.strictObject({ leaf: v.string(), proof: v.string(), bytes: base64 })),
    v.minLength(1),
    v.maxLength(10_000),
  ),
  context: v.record(v.pipe(v.string(), v.regex(/^v1\/(trust|catalog|claim)\/[!-~]{1,200}$/)), base64),
};

const schema = v.strictObject({
  ...proofMembers,
  type: v.literal("jit-proof"),
  request: v.pipe(v.string(), v.check(isId, "is no request id")),
});

type Parts = Pick<RequestProof, "log" | "records" | "context">;

/** Canonical JSON and a newline. */
export function writeRequestProof({ request, ...parts }: RequestProof): Uint8Array {
  return proofFile({ type: "jit-proof", request }, parts);
}

export function proofFile(own: Readonly<Record<string, string | number>>, parts: Parts): Uint8Array {
  const text = canonicalJson({
    ...own,
    v: 1,
    log: parts.log,
    records: parts.records.map(({ leaf, proof, bytes }) => ({
      leaf: Buffer.from(leaf).toString(),
      proof,
      bytes: Buffer.from(bytes).toString("base64"),
    })),
    context: Object.fromEntries(
      Object.entries(parts.context).map(([name, bytes]) => [name, Buffer.from(bytes).toString("base64")]),
    ),
  });
  return Buffer.concat([text, Buffer.from("\n")]);
}

/** @throws JitError `PROOF_INVALID` where the file is none */
export function readRequestProof(file: Uint8Array): RequestProof {
  const result = v.safeParse(schema, proofValue(file), { abortEarly: true });
  if (!result.success) throw invalid(`${v.getDotPath(result.issues[0]) ?? "it"} is not right`);
  return { ...proofParts(result.output), request: result.output.request };
}

/** The file as JSON. @throws JitError `PROOF_INVALID` */
export function proofValue(file: Uint8Array): unknown {
  if (file.length > maximumProof) throw invalid("it is larger than any");
  try {
    return parseStrictJson(file);
  } catch (cause) {
    throw invalid("it is no JSON", cause);
  }
}

interface ParsedParts {
  readonly log: string;
  readonly records: readonly { readonly leaf: string; readonly proof: string; readonly bytes: string }[];
  readonly context: Readonly<Record<string, string>>;
}

export function proofParts({ log, records, context }: ParsedParts): Parts {
  return {
    log,
    records: records.map(({ leaf, proof, bytes }) => ({
      leaf: Buffer.from(leaf),
      proof,
      bytes: Buffer.from(bytes, "base64"),
    })),
    context: Object.fromEntries(
      Object.entries(context).map(([name, text]) => [name, Buffer.from(text, "base64")]),
    ),
  };
}

export function invalid(what: string, cause?: unknown): JitError {
  return new JitError("PROOF_INVALID", `the file proves nothing: ${what}`, { cause });
}
