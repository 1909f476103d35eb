import { afterAll, afterEach, beforeAll } from "vitest";
import { type Environment, type Machine, type SandboxProcess, startSandbox } from "./jit.ts";

/** One sandbox for a test file, and machines that are removed after it. Faults are cleared after each test. */
export function useSandbox(): {
  readonly sandbox: () => SandboxProcess;
  machine(person: string, env?: Environment): Promise<Machine>;
} {
  let sandbox: SandboxProcess | undefined;
  const machines: Machine[] = [];
  const running = (): SandboxProcess => {
    if (sandbox === undefined) throw new Error("the sandbox is not running");
    return sandbox;
  };
  beforeAll(async () => {
    sandbox = await startSandbox();
  });
  afterEach(async () => {
    await sandbox?.clearFaults();
  });
  afterAll(async () => {
    for (const machine of machines) machine.remove();
    await sandbox?.stop();
  });
  return {
    sandbox: running,
    async machine(person, env = {}) {
      const machine = await running().machineOf(person);
      machine.env = { ...machine.env, ...env };
      machines.push(machine);
      return machine;
    },
  };
}

/** A good justification. */
export const why = [
  "--purpose",
  "support",
  "--reason",
  "Customer cannot log in, checking the profile",
] as const;
export const whyVariables = {
  JIT_PURPOSE: "support",
  JIT_REASON: "Customer cannot log in, checking the profile",
};

/** A program that reads one S3 object with whatever credentials it finds. */
export const readObject = `
import { GetObjectCommand, S3Client } from "${new URL("../../node_modules/@aws-sdk/client-s3/dist-cjs/index.js", import.meta.url).href}";
const [bucket, ...key] = process.argv.at(-1).replace("s3://", "").split("/");
const s3 = new S3Client({ maxAttempts: 1 });
try {
  const reply = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key.join("/") }));
  process.stdout.write(await reply.Body.transformToString());
} catch (error) {
  process.stdout.write(error.name);
  process.exitCode = 1;
}
`;

/** Arguments for Node to run `readObject` on a location. */
export function reader(location: string): string[] {
  return [process.execPath, "--input-type=module", "-e", readObject, location];
}
