import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { codeOf, JitError } from "../error.ts";
import { privateDirectory } from "./files.ts";
import { localError } from "./local-error.ts";

/** A person's own settings, in `<config>/config.json`, which `conf` keeps. Nothing here is secret. */
export interface Settings {
  readonly organization: { readonly location: string; readonly fingerprint: string } | undefined;
  readonly duration: string | undefined;
  readonly purpose: string | undefined;
  readonly profile: string | undefined;
  readonly region: string | undefined;
  /** ARN of a key in KMS. */
  readonly key: string | undefined;
}

export type SettingChange = Partial<Settings>;

/**
 * Reads without `conf`, whose loading costs more than everything else of a warm call.
 * @throws JitError `LOCAL_DAMAGED` where the file is no JSON object
 */
export function readSettings(file: string): Settings {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") text = "{}";
    else throw localError(error, file);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new JitError("LOCAL_DAMAGED", `${file} is no JSON`, {
      hint: "mend it, or remove it and run `jit use` again",
    });
  }
  const of = isObject(value) ? value : {};
  const organization = isObject(of["organization"]) ? of["organization"] : {};
  const { location, fingerprint } = organization;
  return {
    organization:
      typeof location === "string" && typeof fingerprint === "string" ? { location, fingerprint } : undefined,
    duration: textOf(of["duration"]),
    purpose: textOf(of["purpose"]),
    profile: textOf(of["profile"]),
    region: textOf(of["region"]),
    key: textOf(of["key"]),
  };
}

/** Sets what is given; `undefined` as a value removes. One person's deeds: two at once may lose one. */
export async function changeSettings(file: string, change: SettingChange): Promise<void> {
  const { default: Conf } = await import("conf");
  privateDirectory(dirname(file));
  try {
    const conf = new Conf({
      cwd: dirname(file),
      configName: "config",
      configFileMode: 0o600,
      projectSuffix: "",
    });
    for (const [name, value] of Object.entries(change)) {
      if (value === undefined) conf.delete(name);
      else conf.set(name, value);
    }
  } catch (error) {
    throw localError(error, file);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
