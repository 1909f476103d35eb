import { fromEnv } from "@aws-sdk/credential-providers";
import { expect, test } from "vitest";
import { codeOf } from "../../src/error.ts";
import { childEnvironment } from "../../src/session/child-environment.ts";
import { Secret } from "../../src/session/types.ts";
import { secretText, session, tokenText } from "./sessions.ts";

const endpoint = { uri: "http://127.0.0.1:4000/x", authorization: new Secret("Bearer t") };

const parent = {
  PATH: "/bin",
  AWS_ENDPOINT_URL: "http://127.0.0.1:4566",
  AWS_ACCESS_KEY_ID: "AKIAOLD",
  AWS_SECRET_ACCESS_KEY: "old",
  AWS_SESSION_TOKEN: "old",
  AWS_SECURITY_TOKEN: "old",
  AWS_CREDENTIAL_EXPIRATION: "old",
  AWS_PROFILE: "work",
  AWS_DEFAULT_PROFILE: "work",
  AWS_ROLE_ARN: "old",
  AWS_WEB_IDENTITY_TOKEN_FILE: "old",
  AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/old",
  AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: "/old",
  AWS_REGION: "us-east-1",
  EMPTY: "",
  ABSENT: undefined,
};

test("a child has the session's keys, and nothing of the parent's", () => {
  expect(childEnvironment(parent, session(), undefined, "linux")).toEqual({
    PATH: "/bin",
    AWS_ENDPOINT_URL: "http://127.0.0.1:4566",
    EMPTY: "",
    AWS_ACCESS_KEY_ID: "ASIAEXAMPLEEXAMPLE00",
    AWS_SECRET_ACCESS_KEY: secretText,
    AWS_SESSION_TOKEN: tokenText,
    AWS_CREDENTIAL_EXPIRATION: "2026-11-24T08:30:00Z",
    AWS_REGION: "eu-central-1",
    AWS_DEFAULT_REGION: "eu-central-1",
    JIT_SESSION: session().request,
  });
});

test("a child with an endpoint has no keys, and no file that would win over it", () => {
  const child = childEnvironment(parent, session(), endpoint, "linux");
  expect(child).toEqual({
    PATH: "/bin",
    AWS_ENDPOINT_URL: "http://127.0.0.1:4566",
    EMPTY: "",
    AWS_CONTAINER_CREDENTIALS_FULL_URI: endpoint.uri,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: "Bearer t",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_CONFIG_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_REGION: "eu-central-1",
    AWS_DEFAULT_REGION: "eu-central-1",
    JIT_SESSION: session().request,
  });
  expect(JSON.stringify(child)).not.toContain(secretText);
});

test("the parent's region stays where the session has none", () => {
  const child = childEnvironment(parent, session({ region: undefined }), undefined, "linux");
  expect(child["AWS_REGION"]).toBe("us-east-1");
});

test("Windows does not tell cases apart", () => {
  const mixed = { Path: "C:\\", aws_profile: "work", Aws_Access_Key_Id: "old", aws_region: "us-east-1" };
  const child = childEnvironment(mixed, session(), undefined, "win32");
  const names = Object.keys(child).map((name) => name.toUpperCase());
  expect(names).toHaveLength(new Set(names).size);
  expect(child["Path"]).toBe("C:\\");
  expect(names).not.toContain("AWS_PROFILE");
});

test.each([
  ["linux", "JIT_SESSION"],
  ["win32", "Jit_Session"],
])("on %s a session inside a session is refused", (platform, name) => {
  let code: string | undefined;
  try {
    childEnvironment({ [name]: "01K" }, session(), undefined, platform);
  } catch (error) {
    code = codeOf(error);
  }
  expect(code).toBe("NESTED_SESSION");
});

test("the AWS SDK takes the session from the environment", async () => {
  const child = childEnvironment({}, session(), undefined, "linux");
  const saved = { ...process.env };
  try {
    Object.assign(process.env, child);
    expect(await fromEnv()()).toMatchObject({
      accessKeyId: "ASIAEXAMPLEEXAMPLE00",
      secretAccessKey: secretText,
      sessionToken: tokenText,
      expiration: new Date("2026-11-24T08:30:00Z"),
    });
  } finally {
    for (const name of Object.keys(child)) delete process.env[name];
    Object.assign(process.env, saved);
  }
});
