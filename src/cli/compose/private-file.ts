import { writePrivate } from "../../local/files.ts";

/** Writes a file for a person's own eyes (0600): whole, or not at all; what was there is replaced. @throws JitError `LOCAL_…` */
export function writePrivateFile(path: string, text: string): void {
  writePrivate(path, text);
}
