import type { Environment, SandboxProcess } from "./jit.ts";

/** Any client of AWS's SDK, with a person's own credentials, against the sandbox. */
export function clientOptions(sandbox: SandboxProcess, env: Environment, region = "eu-central-1") {
  return {
    region,
    endpoint: sandbox.url,
    forcePathStyle: true,
    credentials: {
      accessKeyId: String(env["AWS_ACCESS_KEY_ID"]),
      secretAccessKey: String(env["AWS_SECRET_ACCESS_KEY"]),
      ...(env["AWS_SESSION_TOKEN"] === undefined ? {} : { sessionToken: env["AWS_SESSION_TOKEN"] }),
    },
  };
}
