import { resolve } from "node:path";
import type { ExportFolder } from "../../audit/export/ports.ts";
import { exportFolder } from "../../local/export-folder.ts";
import type { Context } from "../context.ts";

export function openExportFolder(context: Context, folder: string): ExportFolder {
  return exportFolder(resolve(context.cwd, folder));
}
