import type { DuckDBConnection, DuckDBInstance, DuckDBResult, DuckDBValue } from "@duckdb/node-api";
import type { SqlAnswer, SqlEngine, SqlValue } from "../audit/export/engine.ts";
import { sqlText } from "../audit/export/views.ts";
import { codeOf, isJitError, JitError } from "../error.ts";

type Duckdb = typeof import("@duckdb/node-api");

const memory = "1GB";

/** DuckDB, which is there only where somebody installed it beside jit. */
export const duckdbEngine: SqlEngine = {
  async ask(folder, views, sql, signal) {
    const duckdb = await load();
    const instance = await duckdb.DuckDBInstance.create(":memory:", {
      memory_limit: memory,
      // What does not fit is no reason to put personal data on disk.
      temp_directory: "",
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
      allow_community_extensions: "false",
      allow_persistent_secrets: "false",
    });
    const connection = await instance.connect();
    // Its threads would keep the process from ending.
    signal.addEventListener("abort", () => connection.interrupt(), { once: true });
    const check = () => {
      if (signal.aborted) throw stopped();
    };
    try {
      for (const setting of locked(folder)) await connection.run(setting);
      for (const view of views) await connection.run(view);
      const statement = await prepared(duckdb, connection, sql);
      check();
      const result = await statement.stream();
      return answer(duckdb, { instance, connection, result, check });
    } catch (error) {
      connection.closeSync();
      instance.closeSync();
      throw queryError(error);
    }
  },
};

/** From then on it can be read there alone, and no setting changes any more. */
function locked(folder: string): readonly string[] {
  return [
    "SET TimeZone = 'UTC'",
    `SET allowed_directories = [${sqlText(folder)}]`,
    "SET enable_external_access = false",
    "SET lock_configuration = true",
  ];
}

async function load(): Promise<Duckdb> {
  try {
    return await import("@duckdb/node-api");
  } catch (error) {
    const isMissing = codeOf(error) === "ERR_MODULE_NOT_FOUND" && String(error).includes("@duckdb/node-api");
    if (!isMissing) {
      throw new JitError("DUCKDB_BROKEN", "DuckDB is installed and cannot be loaded", {
        hint: "install it again for this machine: npm install @duckdb/node-api",
        cause: error,
      });
    }
    throw new JitError("DUCKDB_MISSING", "this needs DuckDB, which jit does not bring along", {
      hint: "install it where jit is: npm install @duckdb/node-api (with -g where jit is installed with -g)",
      cause: error,
    });
  }
}

/** One statement that only asks: a folder that may be read could be written to as well. */
async function prepared(duckdb: Duckdb, connection: DuckDBConnection, sql: string) {
  // Parsed first: to prepare some others (EXPORT DATABASE) is to begin them.
  const parsed = await connection.runAndReadAll("SELECT json_serialize_sql($1::VARCHAR)", [sql]);
  const { error, error_type, error_message, statements } = parsedForm(parsed.getRows()[0]?.[0]);
  if (error && error_type !== "not implemented") throw invalid(error_message ?? "it is no SQL");
  if (error) throw refused("only SELECT is allowed");
  if (statements?.length !== 1) throw refused("one statement is asked for");
  const statement = await connection.prepare(sql);
  if (statement.statementType !== duckdb.StatementType.SELECT) throw refused("only SELECT is allowed");
  return statement;
}

interface ParsedForm {
  readonly error: boolean;
  readonly error_type?: string;
  readonly error_message?: string;
  readonly statements?: readonly unknown[];
}

/** What DuckDB makes of SQL: its own words. */
function parsedForm(value: DuckDBValue | undefined): ParsedForm {
  return JSON.parse(String(value));
}

function refused(what: string): JitError {
  return new JitError("QUERY_REFUSED", what, { hint: "SELECT … FROM records, or FROM requests" });
}

function stopped(cause?: unknown): JitError {
  return new JitError("QUERY_STOPPED", "the query was stopped", { cause });
}

interface Running {
  readonly instance: DuckDBInstance;
  readonly connection: DuckDBConnection;
  readonly result: DuckDBResult;
  /** Throws where the query was to end. */
  check(): void;
}

function answer(duckdb: Duckdb, { instance, connection, result, check }: Running): SqlAnswer {
  const names = result.deduplicatedColumnNames();
  return {
    names,
    async *rows() {
      try {
        for (;;) {
          check();
          const chunk = await result.fetchChunk();
          if (chunk === null || chunk.rowCount === 0) return;
          yield chunk.getRows().map((row) => row.map((value) => plain(duckdb, value)));
        }
      } catch (error) {
        throw queryError(error);
      }
    },
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

function plain(duckdb: Duckdb, value: DuckDBValue): SqlValue {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  // JSON has no word for infinity.
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  const each = (items: readonly DuckDBValue[]) => items.map((item) => plain(duckdb, item));
  if (value instanceof duckdb.DuckDBListValue || value instanceof duckdb.DuckDBArrayValue)
    return each(value.items);
  if (value instanceof duckdb.DuckDBStructValue) {
    return Object.fromEntries(Object.entries(value.entries).map(([name, one]) => [name, plain(duckdb, one)]));
  }
  if (value instanceof duckdb.DuckDBMapValue)
    return Object.fromEntries(value.entries.map(({ key, value: one }) => [String(key), plain(duckdb, one)]));
  const isTime =
    value instanceof duckdb.DuckDBTimestampValue ||
    value instanceof duckdb.DuckDBTimestampTZValue ||
    value instanceof duckdb.DuckDBTimestampMillisecondsValue ||
    value instanceof duckdb.DuckDBTimestampSecondsValue ||
    value instanceof duckdb.DuckDBTimestampNanosecondsValue;
  // All of them are UTC here.
  return isTime ? `${String(value).replace(" ", "T").replace(/\+00$/, "")}Z` : String(value);
}

function queryError(error: unknown): JitError {
  if (isJitError(error)) return error;
  const said = error instanceof Error ? error.message.trim() : "it failed";
  if (said.startsWith("INTERRUPT")) return stopped(error);
  if (said.startsWith("Permission Error")) {
    return new JitError("QUERY_REFUSED", "the query reaches for something outside the export", {
      hint: "it may read the views records and requests, and nothing else",
      cause: error,
    });
  }
  if (said.startsWith("Out of Memory")) {
    return new JitError("QUERY_TOO_LARGE", `the query needs more than ${memory} of memory`, {
      hint: "ask for fewer days (WHERE day >= '2026-11-01'), columns or groups",
      cause: error,
    });
  }
  // What stands under it repeats the query.
  return invalid(said.split("\n\n")[0] ?? said, error);
}

function invalid(what: string, cause?: unknown): JitError {
  return new JitError("QUERY_INVALID", what, { hint: "docs/query.md has the columns, and queries", cause });
}
