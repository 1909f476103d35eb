import { JitError } from "../error.ts";
import { endOf } from "./freshness.ts";
import { printProcess, wholeSeconds } from "./process-output.ts";
import type { Session } from "./types.ts";

/** The formats of `aws configure export-credentials`. */
export const outputFormats = [
  "process",
  "env",
  "env-no-export",
  "powershell",
  "windows-cmd",
  "fish",
] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** What would make an SDK take other credentials than these, and so is unset where the format can say that. */
const replaced = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SECURITY_TOKEN"];

/**
 * The session as text for a shell to evaluate (or for a program, with `process`), with a final newline. It holds
 * the secrets.
 * @throws JitError `CREDENTIALS_UNPRINTABLE` where a value holds what the format cannot quote
 */
export function printCredentials(session: Session, format: OutputFormat): string {
  if (format === "process") return printProcess(session);
  const { set, unset } = shells[format];
  const variables = Object.entries(credentialVariables(session)).map(([name, value]) => {
    const bad = Array.from(value).some((char) => char < " " || char === "\u007f");
    if (bad || (format === "windows-cmd" && /["%!^]/.test(value))) throw unprintable(name, format);
    return set(name, value);
  });
  return [...(unset === undefined ? [] : replaced.map(unset)), ...variables, ""].join("\n");
}

/** The variables by which SDKs and the AWS CLI take a session from the environment. */
export function credentialVariables(session: Session): Record<string, string> {
  const { accessKeyId, secretAccessKey, sessionToken } = session.credentials;
  return {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey.reveal(),
    AWS_SESSION_TOKEN: sessionToken.reveal(),
    AWS_CREDENTIAL_EXPIRATION: wholeSeconds(endOf(session)),
    ...regionVariables(session.region),
  };
}

export function regionVariables(region: string | undefined): Record<string, string> {
  return region === undefined ? {} : { AWS_REGION: region, AWS_DEFAULT_REGION: region };
}

interface Shell {
  set(name: string, value: string): string;
  readonly unset: ((name: string) => string) | undefined;
}

const shells: Readonly<Record<Exclude<OutputFormat, "process">, Shell>> = {
  env: {
    set: (name, value) => `export ${name}=${posixWord(value)}`,
    unset: (name) => `unset ${name}`,
  },
  // Also read by `docker run --env-file`, which knows neither quotes nor commands.
  "env-no-export": { set: (name, value) => `${name}=${posixWord(value)}`, unset: undefined },
  powershell: {
    // PowerShell ends a single-quoted string at typographic quotes too; each is doubled as itself.
    set: (name, value) => `$Env:${name} = '${value.replace(/['\u2018-\u201b]/g, "$&$&")}'`,
    unset: (name) => `Remove-Item Env:${name} -ErrorAction SilentlyContinue`,
  },
  "windows-cmd": {
    set: (name, value) => `set "${name}=${value}"`,
    unset: (name) => `set "${name}="`,
  },
  fish: {
    set: (name, value) => `set -gx ${name} '${value.replace(/[\\']/g, "\\$&")}';`,
    unset: (name) => `set -e ${name};`,
  },
};

/** POSIX shell quoting (XCU 2.2.2), only where a character needs it. */
function posixWord(value: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}

function unprintable(name: string, format: OutputFormat): JitError {
  return new JitError("CREDENTIALS_UNPRINTABLE", `${name} holds a character that ${format} cannot express`, {
    hint: "use another --format, or jit exec",
  });
}
