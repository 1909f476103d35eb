import { JitError } from "../error.ts";
import { escapeForTerminal } from "./text.ts";

/** Environment variables as the process has them. */
export type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Whether credentials and records may go where the environment points AWS's clients to: nowhere else, to hosts that
 * the signed catalog names, or all of them to loopback. Plain HTTP is for loopback alone, and TLS verification
 * cannot be switched off.
 * @param named `endpoints` of the catalog: `host` (port 443) or `host:port`
 * @throws JitError `ENDPOINT_REFUSED`, `TLS_DISABLED`
 */
export function checkEndpoints(env: Variables, named: readonly string[]): void {
  const endpoints = endpointsOf(env);
  const loopback = everyEndpointLoopback(env);
  // On loopback alone there is nothing to verify, but the variable would also switch it off for what follows.
  if (env["NODE_TLS_REJECT_UNAUTHORIZED"] === "0") {
    throw new JitError(
      "TLS_DISABLED",
      "NODE_TLS_REJECT_UNAUTHORIZED=0 switches off the verification of TLS",
      {
        hint: "unset it; for a certificate authority of your own, set NODE_EXTRA_CA_CERTS",
      },
    );
  }
  if (loopback) return;
  const allowed = new Set(named.map((host) => host.toLowerCase()));
  for (const { name, value } of endpoints) {
    const url = parseEndpoint(name, value);
    if (!allowed.has(url.host) && !allowed.has(`${url.hostname}:${url.port === "" ? "443" : url.port}`)) {
      throw refused(name, value, "a host that the signed catalog does not name", [
        isLoopback(url.hostname)
          ? "for loopback set AWS_ENDPOINT_URL, so that no service is left out"
          : "unset it, or have the host added to `endpoints` of the catalog",
      ]);
    }
    if (url.protocol !== "https:") throw refused(name, value, "plain HTTP, which only loopback may use", []);
  }
}

/**
 * Whether every AWS service is pointed to this machine: `AWS_ENDPOINT_URL`, which stands for all services, and each
 * `AWS_ENDPOINT_URL_<SERVICE>` that overrides it. Only then is an unsigned catalog believed.
 * @throws JitError `ENDPOINT_REFUSED` where one is no URL
 */
export function everyEndpointLoopback(env: Variables): boolean {
  const endpoints = endpointsOf(env).map(({ name, value }) => ({ name, url: parseEndpoint(name, value) }));
  return (
    endpoints.some(({ name }) => name === "AWS_ENDPOINT_URL") &&
    endpoints.every(({ url }) => isLoopback(url.hostname))
  );
}

function endpointsOf(env: Variables): readonly { readonly name: string; readonly value: string }[] {
  return Object.entries(env).flatMap(([name, value]) => {
    // Names of variables have no case on Windows.
    const upper = name.toUpperCase();
    const isEndpoint = upper === "AWS_ENDPOINT_URL" || upper.startsWith("AWS_ENDPOINT_URL_");
    return isEndpoint && value !== undefined && value !== "" ? [{ name: upper, value }] : [];
  });
}

function parseEndpoint(name: string, value: string): URL {
  const url = URL.parse(value);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:") || url.hostname === "") {
    throw refused(name, value, "no http or https URL", []);
  }
  if (url.username !== "" || url.password !== "")
    throw refused(name, "…", "a URL with a user name in it", []);
  return url;
}

/** `hostname` as the URL standard writes it: IPv4 in four decimal parts, IPv6 in brackets. */
function isLoopback(hostname: string): boolean {
  return (
    hostname === "localhost" || hostname === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
  );
}

function refused(name: string, value: string, what: string, [hint]: readonly string[]): JitError {
  return new JitError("ENDPOINT_REFUSED", `${name} is ${what}: ${escapeForTerminal(value.slice(0, 200))}`, {
    hint: hint ?? `unset ${name}`,
  });
}
