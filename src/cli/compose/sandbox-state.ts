import { join } from "node:path";
import { JitError } from "../../error.ts";
import { privateDirectory, readPrivate, removeFile, writePrivate } from "../../local/files.ts";
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
  /** The CI job's identity token, as a CI service would put it. */
  readonly ciToken: string;
  /** An empty file of AWS profiles: SDKs look there before they take an identity token. */
  readonly noProfiles: string;
}

export function sandboxPlaces(context: Context): SandboxPlaces {
  const { state } = pathsOf(context.env, context.home, context.platform);
  const folder = join(state, "sandbox");
  return {
    folder,
    file: join(state, "sandbox.json"),
    ciToken: join(folder, "ci-token"),
    noProfiles: join(folder, "no-profiles"),
  };
}

export function writeSandboxState({ folder, file }: SandboxPlaces, state: SandboxState): void {
  privateDirectory(folder);
  writePrivate(file, `${JSON.stringify(state, null, 2)}\n`);
}

/** What has ended is not named any more, unless another has been started since. */
export function removeSandboxState({ file }: SandboxPlaces, url: string): void {
  const bytes = readPrivate(file);
  if (bytes !== undefined && stateIn(bytes).url === url) removeFile(file);
}

/** Tokens of a CI service live for minutes: the running sandbox writes the next one before that. */
export function writeCiToken({ folder, ciToken, noProfiles }: SandboxPlaces, token: string): void {
  privateDirectory(folder);
  writePrivate(ciToken, token);
  writePrivate(noProfiles, "");
}

/** @param start how a sandbox is started */
export function readSandboxState({ file }: SandboxPlaces, start: string): SandboxState {
  const bytes = readPrivate(file);
  if (bytes === undefined) {
    throw new JitError("SANDBOX_NOT_RUNNING", "no sandbox is running on this machine", {
      hint: `run: ${start}`,
    });
  }
  return stateIn(bytes);
}

function stateIn(bytes: Uint8Array): SandboxState {
  return JSON.parse(Buffer.from(bytes).toString()) as SandboxState;
}
