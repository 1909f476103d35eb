import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** The real binary as a child process, against a sandbox of its own. */

const binary = resolve(import.meta.dirname, "../../bin/jit.js");
/** The Node that runs the binary; another one tests the oldest supported. */
const node = process.env["JIT_TEST_NODE"] ?? process.execPath;

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** One person's machine: a home folder of its own, and what is in the environment. */
export class Machine {
  readonly home: string;
  env: Environment;

  constructor(env: Environment = {}) {
    this.home = mkdtempSync(join(tmpdir(), "jit-home-"));
    this.env = env;
  }

  /** The whole environment of a child: nothing of the test's own but PATH. */
  environment(extra: Environment = {}): NodeJS.ProcessEnv {
    const all: Record<string, string | undefined> = {
      PATH: process.env["PATH"],
      HOME: this.home,
      TERM: "xterm",
      AWS_EC2_METADATA_DISABLED: "true",
      ...this.env,
      ...extra,
    };
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  }

  /** Runs `jit` to its end. */
  async jit(
    args: readonly string[],
    options: { env?: Environment; cwd?: string; input?: string } = {},
  ): Promise<Ended> {
    return await runToEnd(node, [binary, ...args], {
      env: this.environment(options.env),
      cwd: options.cwd ?? this.home,
      input: options.input,
    });
  }

  /** Starts `jit` and leaves it running. */
  start(args: readonly string[], options: { env?: Environment; cwd?: string } = {}) {
    return spawn(node, [binary, ...args], {
      env: this.environment(options.env),
      cwd: options.cwd ?? this.home,
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  /** Runs another program on this machine. */
  async run(command: string, args: readonly string[], options: { env?: Environment } = {}): Promise<Ended> {
    return await runToEnd(command, args, {
      env: this.environment(options.env),
      cwd: this.home,
      input: undefined,
    });
  }

  remove(): void {
    // A process that records the end of a command may still be writing there.
    rmSync(this.home, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

async function runToEnd(
  command: string,
  args: readonly string[],
  options: { env: NodeJS.ProcessEnv; cwd: string; input: string | undefined },
): Promise<Ended> {
  return await new Promise((done, failed) => {
    const child = spawn(command, args, {
      env: options.env,
      cwd: options.cwd,
      stdio: ["pipe", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", failed);
    child.on("close", (code, signal) => done({ code: code ?? signalCode(signal), stdout, stderr }));
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
  });
}

function signalCode(signal: NodeJS.Signals | null): number {
  return signal === "SIGKILL" ? 137 : signal === "SIGTERM" ? 143 : 255;
}

interface SandboxStateFile {
  readonly controlToken: string;
  readonly ciToken: string;
}

/** A running `jit sandbox`, its people, and its controls. */
export class SandboxProcess {
  readonly url: string;
  readonly #machine: Machine;
  readonly #child: ReturnType<Machine["start"]>;
  readonly #token: string;
  readonly #ciToken: string;
  readonly #environments = new Map<string, Environment>();

  constructor(url: string, machine: Machine, child: ReturnType<Machine["start"]>, state: SandboxStateFile) {
    this.url = url;
    this.#machine = machine;
    this.#child = child;
    this.#token = state.controlToken;
    this.#ciToken = state.ciToken;
  }

  /** The sandbox's own `jit.yaml`, beside its administrator's key. */
  get catalog(): string {
    return join(this.#machine.home, ".local/state/jit/sandbox/jit.yaml");
  }

  /** An identity token of the CI service, for a job of the repository that the CI role trusts. */
  ciToken(): string {
    return this.#ciToken;
  }

  /** What `eval "$(jit sandbox --env NAME)"` would set. */
  async environmentOf(person: string): Promise<Environment> {
    const known = this.#environments.get(person);
    if (known !== undefined) return known;
    const { code, stdout, stderr } = await this.#machine.jit(["sandbox", "--env", person, "--json"]);
    if (code !== 0) throw new Error(`sandbox --env ${person}: ${stderr}`);
    const environment = JSON.parse(stdout) as Environment;
    this.#environments.set(person, environment);
    return environment;
  }

  /** Runs a script of bash on the sandbox's own machine, where `jit` is the real binary. */
  async shell(script: string, env: Environment = {}): Promise<Ended> {
    return await this.#machine.run("bash", ["-c", `jit() { '${node}' '${binary}' "$@"; }\n${script}`], {
      env,
    });
  }

  /** A new machine of one person. */
  async machineOf(person: string): Promise<Machine> {
    return new Machine(await this.environmentOf(person));
  }

  async fault(rule: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#control("POST", "faults", rule);
  }

  async clearFaults(): Promise<void> {
    await this.#control("DELETE", "faults");
  }

  async calls(): Promise<readonly SandboxCall[]> {
    return (await (await this.#control("GET", "calls")).json()) as readonly SandboxCall[];
  }

  async clearCalls(): Promise<void> {
    await this.#control("DELETE", "calls");
  }

  async advanceClock(seconds: number): Promise<void> {
    await this.#control("POST", "clock", { seconds });
  }

  /** Changes one bit of an object where it lies. */
  async tamper(bucket: string, key: string, remove = false): Promise<void> {
    await this.#control("POST", "tamper", { bucket, key, remove });
  }

  /** Has CloudTrail write its log files and digests. */
  async deliverTrail(): Promise<void> {
    await this.#control("POST", "trail");
  }

  async #control(method: string, path: string, body?: unknown): Promise<Response> {
    const reply = await fetch(`${this.url}/_sandbox/${path}`, {
      method,
      headers: { "x-sandbox-token": this.#token },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!reply.ok)
      throw new Error(`sandbox control ${method} ${path}: ${reply.status} ${await reply.text()}`);
    return reply;
  }

  async stop(): Promise<void> {
    await new Promise<void>((done) => {
      if (this.#child.exitCode !== null) return done();
      this.#child.once("exit", () => done());
      this.#child.kill("SIGTERM");
    });
    this.#machine.remove();
  }
}

export interface SandboxCall {
  readonly service: string;
  readonly action: string;
  readonly resource: string;
  readonly accessKeyId: string | undefined;
  readonly start: number;
  readonly end: number;
  readonly status: number;
  readonly code?: string;
}

/** Starts `jit sandbox` on a free port, on a machine of its own. */
export async function startSandbox(): Promise<SandboxProcess> {
  const machine = new Machine();
  const child = machine.start(["sandbox", "--port", "0", "--json"]);
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const url = await new Promise<string>((done, failed) => {
    let text = "";
    child.stdout?.setEncoding("utf8").on("data", (more: string) => {
      text += more;
      const found = /"url":\s*"([^"]+)"/.exec(text);
      if (found?.[1] !== undefined) done(found[1]);
    });
    child.once("exit", (code) => failed(new Error(`jit sandbox ended with ${code}: ${stderr}`)));
  });
  const state = JSON.parse(
    readFileSync(join(machine.home, ".local/state/jit/sandbox.json"), "utf8"),
  ) as SandboxStateFile;
  return new SandboxProcess(url, machine, child, state);
}

/** Tries until it no longer throws, for what another process does in its own time; at most ten seconds. */
export async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  const end = performance.now() + 10_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((done) => setTimeout(done, 100));
    }
  }
}
