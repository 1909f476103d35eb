/** A cell of an answer; times as RFC 3339 in UTC, whole numbers that a double cannot hold as `bigint`. */
export type SqlValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly SqlValue[]
  | { readonly [name: string]: SqlValue };

export interface SqlAnswer {
  /** No name twice. */
  readonly names: readonly string[];
  /** Some rows at a time, in order. */
  rows(): AsyncIterable<readonly (readonly SqlValue[])[]>;
  /** Frees what it holds. */
  close(): void;
}

/**
 * A database in memory that asks an export, and nothing else: no other file, no network, nothing that is written, no
 * extension, a bounded amount of memory.
 */
export interface SqlEngine {
  /**
   * @param folder the export's, absolute: all that it may read
   * @param views statements that make what the query may ask; they are ours
   * @param sql one statement that asks; a stranger's
   * @throws JitError `DUCKDB_MISSING`, `DUCKDB_BROKEN`; `QUERY_REFUSED` where it does more than ask, or reaches for what it may
   * not have; `QUERY_TOO_LARGE`; `QUERY_INVALID`
   * @param signal ends the query, which then fails with `QUERY_STOPPED`, wherever it is
   */
  ask(folder: string, views: readonly string[], sql: string, signal: AbortSignal): Promise<SqlAnswer>;
}
