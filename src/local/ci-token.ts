import { isLoopback } from "../access/endpoints.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Bytes that an answer may have, and how long it may take, ms. */
const maximum = 65_536;
const patience = 5_000;

/**
 * The identity token of the CI job that this process runs in, for an audience: GitHub Actions gives one to a job with
 * `permissions: id-token: write`. The URL and its bearer are the runner's own words in the environment.
 * @returns `undefined` where there is none to be had, whatever the reason: then nothing of the job is attested
 */
export async function ciToken(env: Environment, audience: string): Promise<string | undefined> {
  const bearer = env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"];
  const url = URL.parse(env["ACTIONS_ID_TOKEN_REQUEST_URL"] ?? "");
  if (url === null || bearer === undefined || bearer === "") return undefined;
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url.hostname))) return undefined;
  url.searchParams.set("audience", audience);
  try {
    const reply = await fetch(url, {
      headers: { authorization: `bearer ${bearer}`, accept: "application/json" },
      redirect: "error",
      signal: AbortSignal.timeout(patience),
    });
    return reply.ok ? tokenIn(await bodyOf(reply)) : undefined;
  } catch {
    return undefined;
  }
}

async function bodyOf(reply: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of reply.body ?? []) {
    size += part.byteLength;
    if (size > maximum) return "";
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

function tokenIn(text: string): string | undefined {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || !("value" in value)) return undefined;
  return typeof value.value === "string" ? value.value : undefined;
}
