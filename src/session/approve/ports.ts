import type { ApprovalRules, Organization } from "../../access/types.ts";
import type { Clock, RecordStore } from "../../audit/ports.ts";
import { RecordReader } from "../../audit/record-reader.ts";
import type { ReasonStore } from "../sealed-text.ts";

/** What judging a request of others needs. */
export interface CasePorts {
  readonly store: Pick<RecordStore, "list" | "listPrefixes" | "read">;
  readonly organization: Organization;
  readonly rules: ApprovalRules;
  readonly clock: Clock;
  /** Where reasons and tickets lie that do not stand in the record. */
  readonly reasons: Pick<ReasonStore, "read"> | undefined;
}

/** Reads records and remembers whose keys it has seen. */
export function readerOf({ store, organization }: CasePorts): RecordReader {
  const { fingerprint, trust } = organization;
  return new RecordReader(store, { log: fingerprint, trust });
}
