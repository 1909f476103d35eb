import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { codeOf } from "../../src/error.ts";
import { type OutputFormat, outputFormats, printCredentials } from "../../src/session/credentials-output.ts";
import { Secret } from "../../src/session/types.ts";
import { after, lapsingAt, session } from "./sessions.ts";

/** A session whose token is a text of the test's. */
function withToken(token: string) {
  const base = session();
  return { ...base, credentials: { ...base.credentials, sessionToken: new Secret(token) } };
}

test.each(outputFormats)("%s", (format) => {
  expect(printCredentials(session(), format)).toMatchSnapshot();
});

test("without a region none is named", () => {
  expect(printCredentials(session({ region: undefined }), "env")).not.toContain("REGION");
});

test("the end is the grant's where that comes first", () => {
  const of = lapsingAt(after(3600), { notAfter: after(60) });
  expect(printCredentials(of, "env")).toContain("AWS_CREDENTIAL_EXPIRATION=2026-11-24T08:01:00Z\n");
});

test.each(
  outputFormats.filter((format) => format !== "process"),
)("%s refuses what would end a line", (format) => {
  for (const bad of ["a\nb", "a\rb", "a\0b", "\u007f"]) {
    let code: string | undefined;
    try {
      printCredentials(withToken(bad), format);
    } catch (error) {
      code = codeOf(error);
    }
    expect(code).toBe("CREDENTIALS_UNPRINTABLE");
  }
});

test.each(['"', "%PATH%", "!", "^"])("windows-cmd refuses %j, which it cannot quote", (text) => {
  expect(() => printCredentials(withToken(text), "windows-cmd")).toThrow();
});

test("PowerShell's quotes are doubled, typographic ones too", () => {
  const text = printCredentials(withToken("a'b\u2019c\u201bd"), "powershell");
  expect(text).toContain("$Env:AWS_SESSION_TOKEN = 'a''b\u2019\u2019c\u201b\u201bd'\n");
});

const shells: { shell: string; format: OutputFormat; print: string; args: string[] }[] = [
  { shell: "bash", format: "env", print: 'printf %s "$AWS_SESSION_TOKEN"', args: ["-c"] },
  { shell: "dash", format: "env", print: 'printf %s "$AWS_SESSION_TOKEN"', args: ["-c"] },
  { shell: "zsh", format: "env", print: 'printf %s "$AWS_SESSION_TOKEN"', args: ["-fc"] },
  { shell: "bash", format: "env-no-export", print: 'printf %s "$AWS_SESSION_TOKEN"', args: ["-c"] },
  { shell: "fish", format: "fish", print: 'printf %s "$AWS_SESSION_TOKEN"', args: ["-Nc"] },
  {
    shell: "pwsh",
    format: "powershell",
    print: "[Console]::Out.Write($Env:AWS_SESSION_TOKEN)",
    args: ["-NoProfile", "-Command"],
  },
];

const printable = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 40 })
  .filter((text) => Array.from(text).every((char) => char >= " " && char !== "\u007f"));

for (const { shell, format, print, args } of shells) {
  const absent = spawnSync(shell, [...args, "exit 0"]).error !== undefined;
  test.skipIf(absent)(`${shell} reads back what ${format} printed`, () => {
    const run = (script: string) => spawnSync(shell, [...args, script], { encoding: "utf8" });
    fc.assert(
      fc.property(
        fc.oneof(fc.constantFrom("'", "\\'", "$(id)`id`", "a b;c&d|e", "!!", "~"), printable),
        (token) => {
          const { stdout, stderr } = run(`${printCredentials(withToken(token), format)}${print}`);
          expect([stdout, stderr]).toEqual([token, ""]);
        },
      ),
      { numRuns: shell === "pwsh" ? 5 : 40 },
    );
  });
}

test.skipIf(spawnSync("bash", ["-c", "exit 0"]).error !== undefined)("eval leaves no profile to win", () => {
  const script = `eval "$1"; printf '%s,%s' "\${AWS_PROFILE-none}" "$AWS_ACCESS_KEY_ID"`;
  const { stdout } = spawnSync("bash", ["-c", script, "-", printCredentials(session(), "env")], {
    encoding: "utf8",
    env: { AWS_PROFILE: "work" },
  });
  expect(stdout).toBe("none,ASIAEXAMPLEEXAMPLE00");
});
