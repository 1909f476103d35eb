import { JitError } from "../error.ts";
import { credentialVariables, regionVariables } from "./credentials-output.ts";
import type { Secret, Session } from "./types.ts";

/** Marks a child of `jit exec` with its request id, so that a second session inside it is refused. */
export const nestingMarker = "JIT_SESSION";

/** Where a child with a lease fetches its credentials. */
export interface Endpoint {
  readonly uri: string;
  readonly authorization: Secret;
}

/**
 * Everything through which an SDK finds credentials. All of it goes: what is left of the parent's would either win over
 * the session, or be used in silence once the session ends.
 */
export const credentialSources: ReadonlySet<string> = new Set([
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_SECURITY_TOKEN",
  "AWS_CREDENTIAL_EXPIRATION",
  "AWS_CREDENTIAL_SCOPE",
  "AWS_ACCOUNT_ID",
  "AWS_PROFILE",
  "AWS_DEFAULT_PROFILE",
  "AWS_ROLE_ARN",
  "AWS_ROLE_SESSION_NAME",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
  "AWS_ACCESS_KEY",
  "AWS_SECRET_KEY",
  "AWS_BEARER_TOKEN_BEDROCK",
  "AMAZON_ACCESS_KEY_ID",
  "AMAZON_SECRET_ACCESS_KEY",
]);

/**
 * The environment of a command that runs under a session.
 * @param parent the environment of this process
 * @param endpoint where given, the child gets no keys: it fetches leases there
 * @throws JitError `NESTED_SESSION` where the parent already runs under one
 */
export function childEnvironment(
  parent: Readonly<Record<string, string | undefined>>,
  session: Session,
  endpoint: Endpoint | undefined,
  platform: string,
): Record<string, string> {
  refuseNesting(parent, platform);
  const ours: Record<string, string> = {
    ...(endpoint === undefined
      ? credentialVariables(session)
      : endpointVariables(session, endpoint, platform)),
    [nestingMarker]: session.request,
  };
  const child: Record<string, string> = Object.create(null);
  for (const name of Object.keys(parent)) {
    const value = parent[name];
    const known = folded(name, platform);
    if (value !== undefined && !credentialSources.has(known) && !Object.hasOwn(ours, known))
      child[name] = value;
  }
  return Object.assign(child, ours);
}

/**
 * A session within a session would hide which of the two is used.
 * @throws JitError `NESTED_SESSION`
 */
export function refuseNesting(parent: Readonly<Record<string, string | undefined>>, platform: string): void {
  if (!Object.keys(parent).some((name) => folded(name, platform) === nestingMarker && parent[name])) return;
  throw new JitError("NESTED_SESSION", "this shell already runs under a jit session", {
    hint: `leave it first (exit), or do this in another shell; with keys of your own here: unset ${nestingMarker}`,
  });
}

/** Names of variables have no case on Windows. */
function folded(name: string, platform: string): string {
  return platform === "win32" ? name.toUpperCase() : name;
}

/**
 * The shared files stand before the container endpoint in every SDK's chain, and a `default` profile there would win:
 * so they are hidden.
 */
function endpointVariables(session: Session, endpoint: Endpoint, platform: string): Record<string, string> {
  const nothing = platform === "win32" ? "NUL" : "/dev/null";
  return {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: endpoint.uri,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: endpoint.authorization.reveal(),
    AWS_SHARED_CREDENTIALS_FILE: nothing,
    AWS_CONFIG_FILE: nothing,
    AWS_EC2_METADATA_DISABLED: "true",
    ...regionVariables(session.region),
  };
}
