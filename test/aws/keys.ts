import { vi } from "vitest";

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** The environment in which the SDK's own chain finds these keys, or none at all, and nothing of this machine's. */
export function useKeys(keys: Keys | undefined, endpoint: string): void {
  vi.stubEnv("AWS_ENDPOINT_URL", endpoint);
  vi.stubEnv("AWS_ACCESS_KEY_ID", keys?.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", keys?.secretAccessKey);
  vi.stubEnv("AWS_SESSION_TOKEN", keys?.sessionToken);
  vi.stubEnv("AWS_PROFILE", undefined);
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
  vi.stubEnv("AWS_CONFIG_FILE", "/nowhere/config");
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere/credentials");
}
