/** The file operations of a warm call, as `node:fs` has them. The last two throw where there is no such file. */
export interface WarmFiles {
  existsSync(path: string): boolean;
  readFileSync(path: string, encoding: "utf8"): string;
  statSync(path: string): {
    readonly mtimeMs: number;
    readonly size: number;
    readonly ino: number;
    readonly uid: number;
    readonly mode: number;
  };
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** What in a profile makes the SDK take other credentials than the keys that stand there. */
const sources = [
  "role_arn",
  "source_profile",
  "credential_process",
  "web_identity_token_file",
  "sso_session",
  "sso_start_url",
  "login_session",
];

/** What in the environment makes a difference where neither keys nor a profile with keys decide. */
const variables = [
  "AWS_ROLE_ARN",
  "AWS_ROLE_SESSION_NAME",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_EC2_METADATA_DISABLED",
];

/**
 * Whose AWS credentials the SDK's default chain would take, told without using them: the access key id where it is
 * to be seen (environment, or a profile that holds keys), else the profile and what its configuration files look
 * like from outside (time of modification, size, inode), so that an edit makes another caller. Text without secrets.
 * The order is that of `@aws-sdk/credential-provider-node`: AWS_PROFILE, keys in the environment, `default`.
 */
export function callerFingerprint(env: Environment, home: string, files: WarmFiles): string {
  const named = env["AWS_PROFILE"];
  const key = env["AWS_ACCESS_KEY_ID"];
  const fromEnv = key && env["AWS_SECRET_ACCESS_KEY"] ? `env ${key}` : "";
  if (!named) return fromEnv || profileFingerprint("default", env, home, files);
  // The SDK announces that it may let the keys win one day: with both, either makes another caller.
  return `${fromEnv} ${profileFingerprint(named, env, home, files)}`.trimStart();
}

/** Whether a fingerprint names the access key itself, and so the caller for certain. */
export function isStatic(fingerprint: string): boolean {
  return /^(?:env [^ ]+)?(?: ?profile [^ ]+ key [A-Z0-9]+)?$/.test(fingerprint) && fingerprint !== "";
}

function profileFingerprint(profile: string, env: Environment, home: string, files: WarmFiles): string {
  const credentialsFile = env["AWS_SHARED_CREDENTIALS_FILE"] || `${home}/.aws/credentials`;
  const configFile = env["AWS_CONFIG_FILE"] || `${home}/.aws/config`;
  const settings = new Map([
    ...profileIn(readIfThere(configFile, files), (header) => configHeader(header) === profile),
    ...profileIn(readIfThere(credentialsFile, files), (header) => header === profile),
  ]);
  const keyId = settings.get("aws_access_key_id");
  if (
    keyId !== undefined &&
    /^[A-Z0-9]{16,128}$/.test(keyId) &&
    settings.has("aws_secret_access_key") &&
    !sources.some((name) => settings.has(name))
  ) {
    return `profile ${profile} key ${keyId}`;
  }
  const looks = [configFile, credentialsFile].map((path) => look(path, files));
  return JSON.stringify(["profile", profile, ...looks, ...variables.map((name) => env[name] ?? "")]);
}

/** `[default]`, `[profile name]` and `[profile "name"]` of the config file. */
function configHeader(header: string): string | undefined {
  if (header === "default") return header;
  return /^profile\s+(["']?)(.+)\1$/.exec(header)?.[2];
}

/** The settings of a profile in the SDKs' INI dialect; nested ones (indented) are none of the profile's own. */
function profileIn(text: string, isWanted: (header: string) => boolean): [string, string][] {
  const settings: [string, string][] = [];
  let wanted = false;
  for (const line of text.split(/\r?\n/)) {
    const header = /^\s*\[([^\]]+)\]/.exec(line)?.[1];
    if (header !== undefined) wanted = isWanted(header.trim());
    else if (wanted) {
      const setting = /^([A-Za-z0-9_]+)\s*=\s*(.*?)\s*$/.exec(line);
      if (setting?.[1] !== undefined && setting[2]) settings.push([setting[1].toLowerCase(), setting[2]]);
    }
  }
  return settings;
}

/** A file that may be missing. A process's first error takes longer than asking whether it is there. */
export function readIfThere(path: string, files: WarmFiles): string {
  try {
    if (!files.existsSync(path)) return "";
    return files.readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function look(path: string, files: WarmFiles): string {
  try {
    const { mtimeMs, size, ino } = files.statSync(path);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return "-";
  }
}
