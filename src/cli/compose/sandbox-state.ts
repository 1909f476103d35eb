import { join } from "node:path";
import { JitError } from "../../error.ts";
import { privateDirectory, readPrivate, writePrivate } from "../../local/files.ts";
import { pathsOf } from "../../local/paths.ts";
import type { Context } from "../context.ts";

/** What `jit sandbox` leaves for `jit sandbox --env` and for tests: where it is, and everybody's credentials. */
export interface SandboxState {
  readonly url: string;
  readonly controlToken: string;
  /** An identity token of the CI service, as a job would fetch it. */
  readonly ciToken: string;
  readonly people: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface SandboxPlaces {
  readonly folder: string;
  readonly file: string;
}

export function sandboxPlaces(context: Context): SandboxPlaces {
  const { state } = pathsOf(context.env, context.home, context.platform);
  return { folder: join(state, "sandbox"), file: join(state, "sandbox.json") };
}

export function writeSandboxState({ folder, file }: SandboxPlaces, state: SandboxState): void {
  privateDirectory(folder);
  writePrivate(file, `${JSON.stringify(state, null, 2)}\n`);
}

export function readSandboxState({ file }: SandboxPlaces): SandboxState {
  const bytes = readPrivate(file);
  if (bytes === undefined) {
    throw new JitError("SANDBOX_NOT_RUNNING", "no sandbox was started on this machine", {
      hint: "run: jit sandbox",
    });
  }
  return JSON.parse(Buffer.from(bytes).toString()) as SandboxState;
}
