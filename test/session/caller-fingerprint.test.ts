import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromNodeProviderChain } from "@aws-sdk/credential-providers";
import { afterAll, beforeEach, expect, test } from "vitest";
import { callerFingerprint, type Environment } from "../../src/session/caller-fingerprint.ts";

const home = mkdtempSync(join(tmpdir(), "jit-caller-"));
const config = join(home, "config");
const credentials = join(home, "credentials");
const files = { existsSync, readFileSync, statSync };
const places = { AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: credentials };
const keys = { AWS_ACCESS_KEY_ID: "AKIAENVENVENVENVENV0", AWS_SECRET_ACCESS_KEY: "s" };

afterAll(() => rmSync(home, { recursive: true }));

beforeEach(() => {
  writeFileSync(config, "");
  writeFileSync(credentials, "");
});

const keysOf = (id: string) => `aws_access_key_id = ${id}\naws_secret_access_key=secret\n`;

function fingerprint(env: Environment = {}): string {
  return callerFingerprint({ ...places, ...env }, home, files);
}

const ignore = () => undefined;
const quiet = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };

/** The access key id that the SDK's own chain takes in the same place. */
async function sdkKey(env: Environment): Promise<string> {
  const saved = { ...process.env };
  try {
    for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) delete process.env[name];
    Object.assign(process.env, { HOME: home, AWS_EC2_METADATA_DISABLED: "true", ...places, ...env });
    return (await fromNodeProviderChain({ ignoreCache: true, logger: quiet })()).accessKeyId;
  } finally {
    for (const name of Object.keys(process.env)) delete process.env[name];
    Object.assign(process.env, saved);
  }
}

test.each<[string, Environment, string, string, string]>([
  ["keys in the environment", keys, "", "", "AKIAENVENVENVENVENV0"],
  ["the default profile", {}, "", `[default]\n${keysOf("AKIADEFAULTDEFAULT00")}`, "AKIADEFAULTDEFAULT00"],
  [
    "keys in the environment before the default profile",
    keys,
    "",
    `[default]\n${keysOf("AKIADEFAULTDEFAULT00")}`,
    "AKIAENVENVENVENVENV0",
  ],
  [
    "a named profile before keys in the environment",
    { ...keys, AWS_PROFILE: "work" },
    "",
    `[default]\n${keysOf("AKIADEFAULTDEFAULT00")}\n[work]\n${keysOf("AKIAWORKWORKWORKWORK")}`,
    "AKIAWORKWORKWORKWORK",
  ],
  [
    "a profile in the config file",
    { AWS_PROFILE: "work" },
    `[profile work]\r\n; a comment\r\n${keysOf("AKIAWORKWORKWORKWORK")}`,
    "",
    "AKIAWORKWORKWORKWORK",
  ],
  [
    "the credentials file over the config file",
    { AWS_PROFILE: "work" },
    `[profile work]\n${keysOf("AKIACONFIGCONFIG0000")}`,
    `[work]\n${keysOf("AKIAWORKWORKWORKWORK")}`,
    "AKIAWORKWORKWORKWORK",
  ],
])("%s: the key that the SDK takes", async (_what, env, configText, credentialsText, key) => {
  writeFileSync(config, configText);
  writeFileSync(credentials, credentialsText);
  expect(fingerprint(env)).toContain(key);
  expect(await sdkKey(env)).toBe(key);
});

test("where both a profile and keys are set, either makes another caller", () => {
  const both = { ...keys, AWS_PROFILE: "work" };
  writeFileSync(credentials, `[work]\n${keysOf("AKIAWORKWORKWORKWORK")}`);
  expect(fingerprint({ ...both, AWS_ACCESS_KEY_ID: "AKIAOTHEROTHEROTHER0" })).not.toBe(fingerprint(both));
  expect(fingerprint({ AWS_PROFILE: "work" })).not.toBe(fingerprint(both));
});

test("an edit elsewhere in the files makes no other caller", () => {
  writeFileSync(credentials, `[default]\n${keysOf("AKIADEFAULTDEFAULT00")}`);
  const before = fingerprint();
  writeFileSync(credentials, `[other]\na=b\n[default]\n${keysOf("AKIADEFAULTDEFAULT00")}`);
  expect(fingerprint()).toBe(before);
});

test.each([
  "role_arn = arn:aws:iam::111122223333:role/Dev\nsource_profile = default",
  "credential_process = other",
  "sso_session = corp",
  "web_identity_token_file = /token",
])("a profile with %j is told by how its files look", (extra) => {
  const text = `[default]\n${keysOf("AKIADEFAULTDEFAULT00")}${extra}\n`;
  writeFileSync(config, text);
  const before = fingerprint();
  expect(before).not.toContain("AKIADEFAULTDEFAULT00");
  writeFileSync(config, `${text}\n`);
  expect(fingerprint()).not.toBe(before);
});

test.each<[string, Environment]>([
  ["another profile", { AWS_PROFILE: "other" }],
  ["another role", { AWS_ROLE_ARN: "arn:aws:iam::111122223333:role/Other" }],
  ["another token", { AWS_WEB_IDENTITY_TOKEN_FILE: "/other" }],
  ["another container", { AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://127.0.0.1/x" }],
  ["other files", { AWS_CONFIG_FILE: "/nowhere/config" }],
])("%s is another caller", (_what, env) => {
  writeFileSync(config, "[default]\nsso_session = corp\n");
  expect(fingerprint(env)).not.toBe(fingerprint());
});

test("nothing at all is a caller too, and no secret is in any", () => {
  expect(callerFingerprint({}, "/nowhere", files)).toBe(callerFingerprint({}, "/nowhere", files));
  writeFileSync(
    credentials,
    "[default]\naws_access_key_id = AKIADEFAULTDEFAULT00\naws_secret_access_key = hush\n",
  );
  expect(fingerprint()).not.toContain("hush");
});
