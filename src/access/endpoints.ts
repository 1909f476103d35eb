import { JitError } from "../error.ts";
import { escapeForTerminal, findHostile } from "./text.ts";

/** Environment variables as the process has them. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** For all services. The AWS SDK looks for exactly this name, so only it counts as pointing all to loopback. */
const everyService = "AWS_ENDPOINT_URL";

/**
 * Whether credentials and records may go where the environment points AWS's clients to: nowhere else, to hosts that
 * the signed catalog names, or all of them to loopback. Plain HTTP is for loopback alone, and TLS verification
 * cannot be switched off.
 * @param catalogEndpoints `endpoints` of the catalog: `host` (port 443) or `host:port`
 * @throws JitError `ENDPOINT_REFUSED`, `TLS_DISABLED`
 */
export function checkEndpoints(env: Variables, catalogEndpoints: readonly string[]): void {
  refuseDisabledTls(env);
  if (allLoopback(env)) return;
  for (const { name, value } of endpointsOf(env)) checkEndpoint(value, name, catalogEndpoints);
}

/**
 * Whether one endpoint may be used that stands alone: from the environment, or `endpoint_url` of an AWS
 * configuration file. Loopback counts for nothing here unless the catalog names it.
 * @param name where it stands, for the error
 * @throws JitError `ENDPOINT_REFUSED`
 */
export function checkEndpoint(url: string, name: string, catalogEndpoints: readonly string[]): void {
  const endpoint = parseEndpoint(url, name);
  const loopback = isLoopback(endpoint.hostname);
  if (endpoint.protocol !== "https:" && !loopback) {
    throw refused(url, name, "plain HTTP, which only loopback may use");
  }
  const port = endpoint.port === "" ? (endpoint.protocol === "https:" ? "443" : "80") : endpoint.port;
  const named = new Set(catalogEndpoints.map((host) => withPort(host.toLowerCase())));
  if (!named.has(`${endpoint.hostname}:${port}`)) {
    const hint = loopback
      ? `for loopback set ${everyService}, so that no service is left out`
      : "unset it, or have the host added to `endpoints` of the catalog";
    throw refused(url, name, "a host that the signed catalog does not name", hint);
  }
}

/**
 * Whether every AWS service is pointed to this machine: `AWS_ENDPOINT_URL`, which stands for all services, and each
 * `AWS_ENDPOINT_URL_<SERVICE>` that overrides it. Only then is an unsigned catalog believed.
 * @throws JitError `ENDPOINT_REFUSED` where one is no URL
 */
export function allLoopback(env: Variables): boolean {
  const endpoints = endpointsOf(env).map(({ name, value }) => ({ name, url: parseEndpoint(value, name) }));
  // Clients that heed this variable would take AWS's own endpoints after all.
  if ((env["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] ?? "").toLowerCase() === "true") return false;
  return (
    endpoints.some(({ name }) => name === everyService) &&
    endpoints.every(({ url }) => isLoopback(url.hostname))
  );
}

function refuseDisabledTls(env: Variables): void {
  // On loopback alone there is nothing to verify, but the variable would also switch it off for what follows.
  for (const [name, value] of Object.entries(env)) {
    if (name.toUpperCase() !== "NODE_TLS_REJECT_UNAUTHORIZED" || value?.trim() !== "0") continue;
    throw new JitError("TLS_DISABLED", `${name}=0 switches off the verification of TLS`, {
      hint: "unset it; for a certificate authority of your own, set NODE_EXTRA_CA_CERTS",
    });
  }
}

/** Names of variables have no case on Windows, so another case is looked at, too. */
function endpointsOf(env: Variables): readonly { readonly name: string; readonly value: string }[] {
  return Object.entries(env).flatMap(([name, value]) => {
    const upper = name.toUpperCase();
    const isEndpoint = upper === everyService || upper.startsWith(`${everyService}_`);
    return isEndpoint && value !== undefined && value !== "" ? [{ name, value }] : [];
  });
}

/**
 * Clients read URLs in different ways (user names, backslashes, `0x7f.1`, 2130706433), so a host is taken only if it is
 * spelled as the URL standard writes it.
 */
function parseEndpoint(value: string, name: string): URL {
  const url = findHostile(value) !== undefined ? null : URL.parse(value);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:") || url.hostname === "") {
    throw refused(value, name, "no http or https URL");
  }
  // Without the value, because what stands there may be a password.
  if (url.username !== "" || url.password !== "") throw refused("…", name, "a URL with a user name in it");
  const [, host = "", port = ""] =
    /^https?:\/\/([^/\\?#:@]+|\[[0-9a-f:]+\])(:[0-9]+)?(?:[/?#]|$)/i.exec(value) ?? [];
  const ports = url.port === "" ? ["", ":443", ":80"] : [`:${url.port}`];
  if (host.toLowerCase() !== url.hostname || !ports.includes(port)) {
    throw refused(
      value,
      name,
      "a URL whose host can be read in two ways",
      `write ${url.protocol}//${url.host}`,
    );
  }
  return url;
}

/** `hostname` as the URL standard writes it: IPv4 in four decimal parts, IPv6 in brackets. */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === "localhost" || hostname === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
  );
}

function withPort(host: string): string {
  return /:[0-9]+$/.test(host.replace(/^\[.*\]/, "")) ? host : `${host}:443`;
}

function refused(value: string, name: string, what: string, hint = `unset ${name}`): JitError {
  return new JitError("ENDPOINT_REFUSED", `${name} is ${what}: ${escapeForTerminal(value.slice(0, 200))}`, {
    hint,
  });
}
