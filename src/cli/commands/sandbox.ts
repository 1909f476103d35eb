import { JitError } from "../../error.ts";
import { CI_ROLE, ciJob, PEOPLE, startCiJob } from "../../sandbox/account.ts";
import { openSandbox, type WholeSandbox } from "../../sandbox/sandbox.ts";
import { credentialSources, nestingMarker } from "../../session/child-environment.ts";
import { publishOrganization, type SandboxOrganization } from "../compose/sandbox-organization.ts";
import {
  readSandboxState,
  removeSandboxState,
  type SandboxPlaces,
  type SandboxState,
  sandboxPlaces,
  writeCiToken,
  writeSandboxState,
} from "../compose/sandbox-state.ts";
import { type Context, printJson, text } from "../context.ts";
import { invokedAs } from "../invoked-as.ts";
import { table } from "../style.ts";

/** `jit sandbox`: an AWS look-alike on loopback, with people, stores and a published catalog. Runs until it is stopped. */
export async function sandbox(context: Context): Promise<number> {
  const person = text(context, "env");
  if (person !== undefined) return printEnvironment(context, person);
  const port = Number(text(context, "port") ?? "4566");
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new JitError("USAGE", "--port takes 0 to 65535");
  const directory = text(context, "dir");
  const running = await open(context, port, directory);
  const places = sandboxPlaces(context);
  const organization = await publishOrganization(
    running,
    directory ?? places.folder,
    directory !== undefined,
  );
  const renew = (): void => writeCiToken(places, running.ciToken(ciJob("1")));
  renew();
  setInterval(renew, ciTokenMs).unref();
  writeSandboxState(places, stateOf(running, organization.location, places));
  if (context.json) printJson(context, { url: running.url, organization: organization.location });
  else welcome(context, running, organization);
  await new Promise<void>((stop) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop());
  });
  removeSandboxState(places, running.url);
  await running.close();
  return 0;
}

/** Half of what a token lives. */
const ciTokenMs = 5 * 60_000;

/** How to start this jit again. */
function self({ env, platform }: Context): string {
  return invokedAs(env, process.argv[1] ?? "jit", platform);
}

async function open(context: Context, port: number, directory: string | undefined): Promise<WholeSandbox> {
  const { randomBytes } = await import("node:crypto");
  try {
    return await openSandbox({
      port,
      ...(directory === undefined ? {} : { directory }),
      now: () => new Date(),
      random: (size) => randomBytes(size),
    });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") {
      throw new JitError("SANDBOX_PORT", `port ${port} of 127.0.0.1 is taken`, {
        hint: `is a sandbox running already? Or choose another: ${self(context)} sandbox --port 0`,
      });
    }
    throw error;
  }
}

function stateOf(running: WholeSandbox, organization: string, places: SandboxPlaces): SandboxState {
  const common = {
    AWS_ENDPOINT_URL: running.url,
    AWS_REGION: running.region,
    AWS_DEFAULT_REGION: running.region,
    AWS_EC2_METADATA_DISABLED: "true",
    JIT_ORGANIZATION: organization,
  };
  const people: Record<string, Record<string, string>> = {};
  for (const { name } of PEOPLE) {
    const credentials = running.credentials(name);
    if (credentials === undefined) continue;
    people[name] = {
      ...common,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      ...(credentials.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: credentials.sessionToken }),
    };
  }
  const bearer = startCiJob(running.world, ciJob("1"));
  people["ci"] = {
    ...common,
    CI: "true",
    GITHUB_ACTIONS: "true",
    GITHUB_REPOSITORY: "acme/shop",
    GITHUB_REF: "refs/heads/main",
    GITHUB_RUN_ID: "1",
    AWS_ROLE_ARN: CI_ROLE,
    AWS_ROLE_SESSION_NAME: "acme-shop-1",
    AWS_WEB_IDENTITY_TOKEN_FILE: places.ciToken,
    AWS_CONFIG_FILE: places.noProfiles,
    AWS_SHARED_CREDENTIALS_FILE: places.noProfiles,
    ACTIONS_ID_TOKEN_REQUEST_URL: running.ciTokenUrl,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer,
  };
  return {
    url: running.url,
    controlToken: running.controlToken,
    ciToken: running.ciToken(ciJob("1")),
    people,
  };
}

/** What `eval` needs to be somebody and nobody else: all that could name another identity is taken away. */
function printEnvironment(context: Context, person: string): number {
  if (text(context, "dir") !== undefined) {
    throw new JitError(
      "USAGE",
      "--dir is for a sandbox that starts; --env asks the one that was started last",
      {
        hint: "leave --dir out",
      },
    );
  }
  const state = readSandboxState(sandboxPlaces(context), `${self(context)} sandbox`);
  const port = text(context, "port");
  if (port !== undefined && port !== new URL(state.url).port) {
    throw new JitError("SANDBOX_NOT_RUNNING", `the sandbox that was started last is at ${state.url}`, {
      hint: "leave --port out to be somebody there",
    });
  }
  const known = state.people[person];
  if (known === undefined) {
    throw new JitError("USAGE", `the sandbox knows nobody called ${JSON.stringify(person)}`, {
      hint: Object.keys(state.people).join(", "),
    });
  }
  if (context.json) {
    printJson(context, known);
    return 0;
  }
  const others = Object.values(state.people).flatMap((variables) => Object.keys(variables));
  const gone = new Set([...credentialSources, ...others, nestingMarker, "JIT_PROFILE"]);
  const lines = [...gone].filter((name) => known[name] === undefined).map((name) => `unset ${name}`);
  for (const [name, value] of Object.entries(known))
    lines.push(`export ${name}='${value.replaceAll("'", "'\\''")}'`);
  context.terminal.print(lines.join("\n"));
  return 0;
}

function welcome(context: Context, running: WholeSandbox, organization: SandboxOrganization): void {
  const { terminal, style } = context;
  const jit = self(context);
  terminal.print(`${style.good("✓")} sandbox at ${running.url}; Ctrl-C ends it`);
  terminal.print("");
  terminal.print("In another shell, be somebody:");
  terminal.print(`  ${style.strong(`eval "$(${jit} sandbox --env alice)"`)}`);
  terminal.print(`  ${jit} stores`);
  terminal.print(`  ${jit} request customers:read`);
  terminal.print("");
  terminal.print(
    table(
      PEOPLE.map(({ name, title }) => [`  ${name}`, title]),
      (cell, _row, column) => (column === 0 ? style.name(cell) : cell),
      terminal.columns,
    ),
  );
  terminal.print(`  ${style.name("ci")}       a pipeline of acme/shop`);
  terminal.print("");
  // Locations are to be copied: none of them is folded.
  const files = [
    ["organization", organization.location],
    ["catalog", organization.catalog],
    ["administrator", organization.adminKey],
    ["log", organization.logKey],
    ["witness", organization.witnessKey],
  ];
  terminal.print(style.dim(table(files)));
}
