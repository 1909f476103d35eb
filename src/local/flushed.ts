import { fdatasyncSync, fstatSync, writeSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { codeOf, JitError } from "../error.ts";

/**
 * Writes text to a descriptor; when the promise resolves, the operating system has all of it, and where it is a file, its
 * disk. A reader that is slow is waited for.
 * @throws JitError `OUTPUT_CLOSED` where nobody reads any more, `OUTPUT_FAILED`
 */
export async function writeFlushed(descriptor: number, text: string): Promise<void> {
  let rest: Uint8Array = Buffer.from(text);
  try {
    while (rest.length > 0) {
      try {
        rest = rest.subarray(writeSync(descriptor, rest));
      } catch (error) {
        if (codeOf(error) !== "EAGAIN") throw error;
        await wait(20);
      }
    }
    if (fstatSync(descriptor).isFile()) fdatasyncSync(descriptor);
  } catch (error) {
    const code = codeOf(error) ?? "unknown";
    if (code === "EPIPE") {
      throw new JitError("OUTPUT_CLOSED", "nobody reads the output any more", {
        hint: "what was not taken is told again by the next run",
        cause: error,
      });
    }
    throw new JitError("OUTPUT_FAILED", `cannot write what was asked for (${code})`, {
      hint: "its disk may be full",
      cause: error,
    });
  }
}
