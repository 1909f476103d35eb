import { describe, expect, test } from "vitest";
import { allLoopback, checkEndpoint, checkEndpoints, type Variables } from "../../src/access/endpoints.ts";
import { codeOf } from "../../src/error.ts";

function code(env: Variables, named: readonly string[] = []): string | undefined {
  try {
    checkEndpoints(env, named);
  } catch (error) {
    return codeOf(error);
  }
  return undefined;
}

const sandbox = "http://127.0.0.1:4566";

describe("taken", () => {
  test.each<[string, Variables, readonly string[]]>([
    ["no endpoint at all", { AWS_REGION: "eu-central-1" }, []],
    ["empty ones", { AWS_ENDPOINT_URL: "", AWS_ENDPOINT_URL_S3: undefined }, []],
    ["all to loopback", { AWS_ENDPOINT_URL: sandbox }, []],
    ["all to loopback by name", { AWS_ENDPOINT_URL: "http://localhost:4566/" }, []],
    ["all to loopback over IPv6", { AWS_ENDPOINT_URL: "http://[::1]:4566" }, []],
    [
      "all to loopback, one elsewhere on it",
      { AWS_ENDPOINT_URL: sandbox, AWS_ENDPOINT_URL_S3: "http://127.9.9.9" },
      [],
    ],
    ["all to loopback over HTTPS", { AWS_ENDPOINT_URL: "https://localhost" }, []],
    ["a named host", { AWS_ENDPOINT_URL_S3: "https://s3.example.org" }, ["s3.example.org"]],
    [
      "a named host, port 443 written",
      { AWS_ENDPOINT_URL_S3: "https://s3.example.org:443/x" },
      ["s3.example.org"],
    ],
    ["a host named with port 443", { AWS_ENDPOINT_URL_S3: "https://s3.example.org" }, ["s3.example.org:443"]],
    ["a named port", { AWS_ENDPOINT_URL_S3: "https://s3.example.org:8443" }, ["s3.example.org:8443"]],
    ["a named host in capitals", { AWS_ENDPOINT_URL_S3: "HTTPS://S3.Example.org" }, ["S3.example.ORG"]],
    ["all to a named host", { AWS_ENDPOINT_URL: "https://aws.example.org" }, ["aws.example.org"]],
    ["one service to a named loopback port", { AWS_ENDPOINT_URL_S3: sandbox }, ["127.0.0.1:4566"]],
    ["certificates of one's own", { NODE_EXTRA_CA_CERTS: "/ca.pem", NODE_TLS_REJECT_UNAUTHORIZED: "1" }, []],
  ])("%s", (_, env, named) => {
    expect(code(env, named)).toBeUndefined();
  });
});

describe("refused", () => {
  test.each<[string, Variables, readonly string[]]>([
    ["elsewhere", { AWS_ENDPOINT_URL_S3: "https://evil.example" }, []],
    ["elsewhere, another host named", { AWS_ENDPOINT_URL_S3: "https://evil.example" }, ["s3.example.org"]],
    ["all elsewhere", { AWS_ENDPOINT_URL: "https://evil.example" }, []],
    ["one to loopback, the others at AWS", { AWS_ENDPOINT_URL_S3: sandbox }, []],
    [
      "all to loopback but one",
      { AWS_ENDPOINT_URL: sandbox, AWS_ENDPOINT_URL_STS: "https://evil.example" },
      [],
    ],
    [
      "one named, one not",
      { AWS_ENDPOINT_URL_S3: "https://a.example", AWS_ENDPOINT_URL_STS: "https://b.example" },
      ["a.example"],
    ],
    ["a service nobody knows", { AWS_ENDPOINT_URL_X: "https://evil.example" }, []],
    ["a variable in small letters", { aws_endpoint_url_s3: "https://evil.example" }, []],
    ["loopback under a name that clients do not read", { aws_endpoint_url: sandbox }, []],
    [
      "loopback that clients are told to ignore",
      { AWS_ENDPOINT_URL: sandbox, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true" },
      [],
    ],
    ["plain HTTP to a named host", { AWS_ENDPOINT_URL: "http://s3.example.org" }, ["s3.example.org"]],
    [
      "plain HTTP to a named host's port",
      { AWS_ENDPOINT_URL: "http://s3.example.org:80" },
      ["s3.example.org:80"],
    ],
    ["another port of a named host", { AWS_ENDPOINT_URL: "https://s3.example.org:8443" }, ["s3.example.org"]],
    ["a subdomain of a named host", { AWS_ENDPOINT_URL: "https://x.s3.example.org" }, ["s3.example.org"]],
    [
      "a named host as the beginning",
      { AWS_ENDPOINT_URL: "https://s3.example.org.evil.example" },
      ["s3.example.org"],
    ],
    [
      "a named host as user name",
      { AWS_ENDPOINT_URL: "https://s3.example.org@evil.example" },
      ["s3.example.org"],
    ],
    [
      "a named host after a user name",
      { AWS_ENDPOINT_URL: "https://me:secret@s3.example.org" },
      ["s3.example.org"],
    ],
  ])("%s", (_, env, named) => {
    expect(code(env, named)).toBe("ENDPOINT_REFUSED");
  });

  // Each of these is or looks like loopback to one reader of URLs or another.
  test.each([
    "http://127.0.0.1@evil.example",
    "http://127.0.0.1:4566@evil.example",
    "http://evil.example@127.0.0.1",
    "http://@127.0.0.1",
    "http://127.0.0.1\\@evil.example",
    "http://127.0.0.1#@evil.example\u0000",
    "http://localhost.evil.example",
    "http://127.0.0.1.evil.example",
    "http://127.0.0.1.",
    "http://localhost.",
    "http://127.1",
    "http://0177.0.0.1",
    "http://0x7f.0.0.1",
    "http://2130706433",
    "http://127.0.0.01",
    "http://127.0.0.256",
    "http://0.0.0.0",
    "http://[::]",
    "http://[::ffff:127.0.0.1]",
    "http://[0:0:0:0:0:0:0:1]",
    "http://[::1%25eth0]",
    "http://①②⑦.0.0.1",
    "http://ｌocalhost",
    "http://loc\u00adalhost",
    "http://local\thost",
    " http://127.0.0.1",
    "http:127.0.0.1",
    "http:\\\\127.0.0.1",
    "http:///127.0.0.1",
    "http://%31%32%37.0.0.1",
    "//127.0.0.1",
    "127.0.0.1:4566",
    "ftp://127.0.0.1",
    "file:///etc/passwd",
    "unix:/tmp/x",
    "http://",
    "x",
  ])("%j is not loopback", (url) => {
    expect(code({ AWS_ENDPOINT_URL: url })).toBe("ENDPOINT_REFUSED");
    expect(code({ AWS_ENDPOINT_URL: sandbox, AWS_ENDPOINT_URL_S3: url })).toBe("ENDPOINT_REFUSED");
  });

  test.each([
    { NODE_TLS_REJECT_UNAUTHORIZED: "0" },
    { NODE_TLS_REJECT_UNAUTHORIZED: "0", AWS_ENDPOINT_URL: sandbox },
    { Node_TLS_reject_unauthorized: "0" },
  ])("TLS switched off: %j", (env) => {
    expect(code(env)).toBe("TLS_DISABLED");
  });

  test("a password in a URL does not come into the message", () => {
    try {
      checkEndpoints({ AWS_ENDPOINT_URL: "https://me:hunter2@s3.example.org" }, []);
      expect.unreachable();
    } catch (error) {
      expect(String(error)).not.toContain("hunter2");
    }
  });
});

test.each<[Variables, boolean]>([
  [{}, false],
  [{ AWS_ENDPOINT_URL: sandbox }, true],
  [{ AWS_ENDPOINT_URL: sandbox, AWS_ENDPOINT_URL_S3: "https://localhost" }, true],
  [{ AWS_ENDPOINT_URL_S3: sandbox, AWS_ENDPOINT_URL_STS: sandbox }, false],
  [{ AWS_ENDPOINT_URL: sandbox, AWS_ENDPOINT_URL_S3: "https://s3.example.org" }, false],
  [{ aws_endpoint_url: sandbox }, false],
])("whether all is loopback: %j", (env, expected) => {
  expect(allLoopback(env)).toBe(expected);
});

test("an endpoint of a configuration file counts only if named", () => {
  const refused = expect.objectContaining({ code: "ENDPOINT_REFUSED" });
  expect(() => checkEndpoint(sandbox, "endpoint_url of profile dev", [])).toThrow(refused);
  expect(() => checkEndpoint("https://evil.example", "endpoint_url", ["s3.example.org"])).toThrow(refused);
  expect(() => checkEndpoint("https://s3.example.org/", "endpoint_url", ["s3.example.org"])).not.toThrow();
});
