import { resolve } from "node:path";
import type { SqlEngine } from "../../audit/export/engine.ts";
import type { ExportFolder } from "../../audit/export/ports.ts";
import { duckdbEngine } from "../../local/duckdb.ts";
import { exportFolder } from "../../local/export-folder.ts";
import type { Context } from "../context.ts";

export interface OpenExport {
  readonly folder: ExportFolder;
  /** Absolute. */
  readonly path: string;
  readonly engine: SqlEngine;
}

export function openExport(context: Context, folder: string): OpenExport {
  const path = resolve(context.cwd, folder);
  return { folder: exportFolder(path), path, engine: duckdbEngine };
}
