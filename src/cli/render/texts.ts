import type { Catalog } from "../../access/types.ts";
import type { Story } from "../../audit/story.ts";
import type { AuditRecord } from "../../audit/types.ts";
import { areTextsOf } from "../../session/sealed-text.ts";
import type { Audit } from "../compose/audit.ts";

/** What is known of the texts of a request whose record holds only their digests. */
export type KeptTexts =
  | { readonly state: "kept"; readonly reason: string; readonly ticket: string | undefined }
  /** Nothing is there any more. */
  | { readonly state: "erased" }
  /** Not ours to read. */
  | { readonly state: "denied" }
  /** Something else is there than what the requester signed. */
  | { readonly state: "differs" };

/**
 * Reads the texts of a story's request from where its catalog had them put.
 * @returns `undefined` where they stand in the record, or cannot be looked for: of a copy, or where nobody knows their place
 */
export async function textsOf(audit: Audit, { entries }: Story): Promise<KeptTexts | undefined> {
  const valid = entries.filter(({ reason }) => reason === undefined).map(({ record }) => record);
  const record = valid.find((one) => one?.type === "request");
  return record?.type === "request"
    ? await keptTexts(audit, record, await audit.catalogOf(record.catalog))
    : undefined;
}

/** The same of a request's record. @param catalog the one that it names */
export async function keptTexts(
  audit: Pick<Audit, "reasons" | "reasonsPlace">,
  record: Pick<AuditRecord<"request">, "request" | "reason" | "ticket">,
  catalog: Catalog | undefined,
): Promise<KeptTexts | undefined> {
  if ("text" in record.reason || audit.reasons === undefined) return undefined;
  const location = catalog?.audit.reasons ?? audit.reasonsPlace;
  if (location === undefined) return undefined;
  const texts = await audit.reasons.read(location, record.request);
  if (texts === "absent") return { state: "erased" };
  if (texts === "denied") return { state: "denied" };
  return areTextsOf(record, texts) ? { state: "kept", ...texts } : { state: "differs" };
}

/** One line for a person; not yet escaped. */
export function textsLine(texts: KeptTexts): string {
  switch (texts.state) {
    case "kept":
      return `reason: ${texts.reason}${texts.ticket === undefined ? "" : `   ticket: ${texts.ticket}`}`;
    case "erased":
      return "reason: erased; the record holds its digest alone";
    case "denied":
      return "reason: kept apart, where you may not read it";
    case "differs":
      return "reason: what is kept apart is not what the requester signed";
  }
}
