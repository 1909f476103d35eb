import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { useSandbox } from "../support/fixture.ts";
import { Machine } from "../support/jit.ts";
import { expectError } from "../support/ledger.ts";

/** The sandbox as somebody tries it who has read its first lines. */

const { sandbox } = useSandbox();

const ask = `jit request orders:read --new --yes --purpose support --reason "Customer asked where the order is" --json`;
const be = (person: string) => `eval "$(jit sandbox --env ${person})"`;

test("alice, then a pipeline, then alice again in one shell: each is that person alone", async () => {
  const step = (person: string) => `${be(person)}; jit doctor > /dev/null && ${ask}; echo "exit $?"`;
  // What another identity, and another tool, may have left there.
  const left = {
    AWS_PROFILE: "work",
    AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://127.0.0.1:1/",
    JIT_SESSION: "01ARYZ6S41TSV4RRFFQ69G5FAV",
    JIT_PROFILE: "work",
  };
  const ended = await sandbox().shell(["alice", "ci", "alice"].map(step).join("\n"), left);
  expect(ended.stdout.match(/^exit .*$/gm)).toEqual(["exit 0", "exit 0", "exit 0"]);
  const steps = ended.stdout.split(/^exit .*$/m).slice(0, 3);
  const who = steps.map((step) => /"arn": "([^"]+)"/.exec(step)?.[1]);
  expect(who).toEqual([
    expect.stringContaining("user/alice"),
    expect.stringContaining("acme-shop-1"),
    expect.stringContaining("user/alice"),
  ]);
});

test("nothing of one person is left for the next", async () => {
  const { stdout } = await sandbox().shell(`${be("ci")}; ${be("alice")}; env`);
  const names = stdout.split("\n").map((line) => line.split("=")[0] ?? "");
  const others =
    /^(CI|GITHUB_.*|ACTIONS_.*|AWS_(ROLE_.*|WEB_IDENTITY_.*|CONFIG_FILE|SHARED_CREDENTIALS_FILE|SESSION_TOKEN))$/;
  expect(names.filter((name) => others.test(name))).toEqual([]);
  expect(names).toContain("AWS_ACCESS_KEY_ID");
  const back = (await sandbox().shell(`${be("alice")}; ${be("ci")}; env`)).stdout;
  expect(back).not.toMatch(/^AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY)=/m);
});

test("the pipeline's token is readable by its owner alone", () => {
  const token = join(dirname(sandbox().catalog), "ci-token");
  expect(statSync(token).mode & 0o777).toBe(0o600);
});

test("its first screen fits 80 columns, but for locations that are to be copied", async () => {
  const own = new Machine();
  const child = own.start(["sandbox", "--port", "0"]);
  let screen = "";
  const ended = new Promise((done) => child.once("exit", done));
  for await (const text of child.stdout ?? []) {
    screen += text;
    if (/^witness .*\n/m.test(screen.slice(screen.indexOf("organization")))) child.kill("SIGTERM");
  }
  await ended;
  own.remove();
  const lines = screen.split("\n").filter((line) => !/s3:\/\/|\/\S+\.(?:yaml|jwk|js)\b/.test(line));
  expect(lines.filter((line) => [...line].length > 80)).toEqual([]);
  expect(lines.length).toBeGreaterThan(12);
});

test("a pipeline without credentials is told what a pipeline needs", async () => {
  const bare = "unset AWS_WEB_IDENTITY_TOKEN_FILE AWS_ROLE_ARN";
  const { stderr } = await sandbox().shell(`${be("ci")}; ${bare}; jit doctor --json; ${ask}`);
  expect(stderr).toContain("AWS_NO_CREDENTIALS");
  expect(stderr).toContain("AWS_WEB_IDENTITY_TOKEN_FILE");
});

test("what it says to type is what works here", async () => {
  const started = (env: Readonly<Record<string, string>>) =>
    sandbox().shell(`XDG_STATE_HOME=/nowhere jit sandbox --env alice --json`, env);
  expect((await started({ npm_command: "exec" })).stderr).toContain("npx jit sandbox");
  expect((await started({})).stderr).toMatch(/node \S*jit\.js sandbox/);
});

test("`--env` with a port that the running sandbox does not have, or after it has ended, gives nobody's environment", async () => {
  const own = new Machine();
  const child = own.start(["sandbox", "--port", "0", "--json"]);
  const ended = new Promise((done) => child.once("exit", done));
  const url = await new Promise<string>((done) => {
    child.stdout?.once("data", (text) => done(JSON.parse(String(text)).url));
  });
  const environment = (...flags: string[]) => own.jit(["sandbox", "--env", "alice", "--json", ...flags]);
  expect(JSON.parse((await environment("--port", new URL(url).port)).stdout)).toMatchObject({
    AWS_ENDPOINT_URL: url,
  });
  expectError(await environment("--port", "1"), "SANDBOX_NOT_RUNNING", 1);
  expectError(await environment("--dir", own.home), "USAGE", 2);
  child.kill("SIGTERM");
  await ended;
  expectError(await environment(), "SANDBOX_NOT_RUNNING", 1);
  own.remove();
});
