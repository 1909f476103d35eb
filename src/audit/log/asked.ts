import { approvalOf } from "../../access/approval.ts";
import { isBreakGlassRole } from "../../access/break-glass.ts";
import { findTargets } from "../../access/target.ts";
import type { Catalog, Identity, Store } from "../../access/types.ts";
import { isJitError } from "../../error.ts";
import { secondsOf } from "../time.ts";
import type { AuditRecord } from "../types.ts";
import { windowOf } from "../window.ts";

/** Reason and ticket of a request, as far as they are to be had. */
export interface LogTexts {
  /** `kept`: as signed; `apart`: only their digests stand in the record, and they were not looked for. */
  readonly state: "kept" | "apart" | "erased" | "denied" | "differs";
  readonly reason?: string | undefined;
  readonly ticket?: string | undefined;
}

export type StoreFacts = Pick<Store, "name" | "classification" | "dataCategories">;

/** What was asked for, by the request record and its catalog. */
export interface AskedFacts {
  readonly by: Identity;
  readonly targets: readonly string[];
  /** By the catalog that the request names; empty where that is not to be had. */
  readonly stores: readonly StoreFacts[];
  readonly role: string;
  readonly issuer: string;
  /** Seconds. */
  readonly duration: number;
  readonly purpose: string;
  readonly texts: LogTexts;
  readonly breakGlass: boolean;
  readonly attested: Readonly<Record<string, string>>;
  readonly claimed: Readonly<Record<string, string>>;
  /** When a request that waits is over; `undefined` where the catalog is not to be had. */
  readonly closesAt: Date | undefined;
}

/** What of a request record a line tells, or needs to be told. */
export type AskedRecord = Pick<
  AuditRecord<"request">,
  | "request"
  | "catalog"
  | "at"
  | "by"
  | "targets"
  | "role"
  | "issuer"
  | "duration"
  | "purpose"
  | "reason"
  | "ticket"
  | "attested"
  | "claimed"
>;

/** What a catalog says of what a request asks for. */
export interface SceneFacts {
  /** None where there is no such catalog. */
  readonly stores: readonly StoreFacts[];
  /** How long a request waits, seconds; `undefined` where nobody knows. */
  readonly expires: number | undefined;
  readonly breakGlass: boolean;
}

export function sceneOf(
  { targets, role }: Pick<AskedRecord, "targets" | "role">,
  catalog: Catalog | undefined,
): SceneFacts {
  return {
    stores: storeFactsOf(targets, catalog),
    expires: expiresIn(targets, catalog),
    breakGlass: catalog !== undefined && isBreakGlassRole(catalog, role),
  };
}

/** The stores of targets, as far as the catalog has them. */
export function storeFactsOf(
  targets: readonly string[],
  catalog: Catalog | undefined,
): readonly StoreFacts[] {
  const names = [...new Set(targets.map((target) => target.split(":")[0] ?? ""))];
  const stores = names.flatMap((name) => catalog?.stores.get(name) ?? []);
  return stores.map(({ name, classification, dataCategories }) => ({ name, classification, dataCategories }));
}

function expiresIn(targets: readonly string[], catalog: Catalog | undefined): number | undefined {
  if (catalog === undefined) return undefined;
  try {
    return approvalOf(findTargets(catalog, targets)).expires;
  } catch (error) {
    if (isJitError(error)) return undefined;
    throw error;
  }
}

export function askedFacts(
  record: AskedRecord,
  { stores, expires, breakGlass }: SceneFacts,
  texts: LogTexts,
): AskedFacts {
  const { by, targets, role, issuer, duration, purpose, attested, claimed } = record;
  const at = secondsOf(record.at);
  const window = windowOf(record, at);
  const ends = window === undefined || window === "invalid" ? Number.POSITIVE_INFINITY : window.ends;
  const closesAt = expires === undefined ? undefined : new Date(Math.min(at + expires, ends) * 1000);
  return {
    by,
    targets,
    stores,
    role,
    issuer,
    duration,
    purpose,
    texts,
    breakGlass,
    attested,
    claimed,
    closesAt,
  };
}
