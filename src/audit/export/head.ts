import { JitError } from "../../error.ts";
import type { LogPorts } from "../log/read.ts";
import { formatTime } from "../time.ts";
import { readCosigned } from "../tree/cosignatures.ts";
import type { TreeKeys } from "../tree/keys.ts";
import type { LeafIndex } from "../tree/leaf-index.ts";
import { formatNote } from "../tree/note.ts";
import { schemaVersion } from "./columns.ts";
import { type ExportManifest, manifestName, readManifest } from "./manifest.ts";
import type { ExportFolder } from "./ports.ts";

/** What an export is of: the log, and the checkpoint that its rows belong to. */

/** What an earlier run left, if it is of this log. */
export function earlier(folder: ExportFolder, log: string, leaves: LeafIndex): ExportManifest | undefined {
  const bytes = folder.read(manifestName);
  if (bytes === undefined) {
    if (folder.names(".").every((name) => name.startsWith("."))) return undefined;
    throw new JitError("EXPORT_INVALID", `the folder is not empty, and has no ${manifestName}`, {
      hint: "export into a new folder: what is stale in an export is removed",
    });
  }
  const manifest = readManifest(bytes);
  if (manifest.log !== log) {
    throw new JitError("EXPORT_OTHER_LOG", "the folder has the export of another organization's log", {
      hint: "export into another folder",
    });
  }
  if (manifest.checkpoint !== null && !leaves.beginsWith(manifest.checkpoint)) {
    const { size } = manifest.checkpoint;
    throw new JitError(
      "EXPORT_FORKED",
      `the log no longer has the tree of ${size} entries that the export is of`,
      {
        hint: "keep the folder as it is, and look: `jit audit verify`",
      },
    );
  }
  // Made anew in the form of today.
  return manifest.schema === schemaVersion ? manifest : { ...manifest, days: {} };
}

/** All of the manifest but its days. */
export async function headOf(
  { store, log }: Pick<LogPorts, "store" | "log">,
  { checkpoint }: LeafIndex,
  {
    keys,
    organization,
    now,
  }: { readonly keys: Pick<TreeKeys, "witnesses">; readonly organization: string; readonly now: Date },
): Promise<Omit<ExportManifest, "days">> {
  const cosigned =
    checkpoint === undefined ? undefined : await readCosigned(store, checkpoint, keys.witnesses);
  return {
    v: 1,
    type: "jit-export",
    schema: schemaVersion,
    log,
    organization,
    writtenAt: formatTime(now),
    checkpoint:
      cosigned === undefined
        ? null
        : {
            origin: cosigned.checkpoint.origin,
            size: cosigned.checkpoint.size,
            root: Buffer.from(cosigned.checkpoint.root).toString("base64"),
            cosigners: cosigned.cosigners.map(({ key }) => key.name),
            note: Buffer.from(formatNote(cosigned.checkpoint.note)).toString(),
          },
  };
}
