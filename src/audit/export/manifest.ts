import * as v from "valibot";
import { parseStrictJson } from "../../access/canonical.ts";
import { JitError } from "../../error.ts";

/** Names the log and the checkpoint that the rows belong to. Athena and Hive pass over names with `_` in front. */
export const manifestName = "_manifest.json";

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const text = v.string();

const day = v.strictObject({
  /** Below the folder. */
  file: v.pipe(text, v.regex(/^day=\d{4}-\d{2}-\d{2}\/part-\d+\.parquet$/)),
  sha256: text,
  bytes: count,
  rows: count,
  verified: count,
  /** Rows that have a place in the tree. */
  sealed: count,
  /** What the file was made of; the same inputs make the same file, where it is settled. */
  inputs: text,
  /** Whether time alone changes nothing: all verified, and no request still waits. */
  settled: v.boolean(),
});

const schema = v.strictObject({
  v: v.literal(1),
  type: v.literal("jit-export"),
  schema: count,
  /** Fingerprint of the organization. */
  log: text,
  organization: text,
  writtenAt: text,
  checkpoint: v.nullable(
    v.strictObject({
      origin: text,
      size: count,
      /** Base64. */
      root: text,
      cosigners: v.array(text),
      /** The signed note, with its cosignatures. */
      note: text,
    }),
  ),
  days: v.record(v.pipe(text, v.regex(/^\d{4}-\d{2}-\d{2}$/)), day),
});

export type ExportedDay = v.InferOutput<typeof day>;
export type ExportManifest = v.InferOutput<typeof schema>;

export function writeManifest(manifest: ExportManifest): Uint8Array {
  const days = Object.entries(manifest.days).sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.from(`${JSON.stringify({ ...manifest, days: Object.fromEntries(days) }, undefined, 1)}\n`);
}

/** @throws JitError `EXPORT_INVALID` */
export function readManifest(bytes: Uint8Array): ExportManifest {
  let value: unknown;
  try {
    value = parseStrictJson(bytes);
  } catch (cause) {
    throw invalid("is no JSON", cause);
  }
  const parsed = v.safeParse(schema, value, { abortEarly: true });
  if (parsed.success) return parsed.output;
  throw invalid(`is none of this version (${v.getDotPath(parsed.issues[0]) ?? "its form"})`);
}

function invalid(what: string, cause?: unknown): JitError {
  return new JitError("EXPORT_INVALID", `the export's ${manifestName} ${what}`, {
    hint: "export into an empty folder",
    cause,
  });
}
