import { join } from "node:path";
import { expect, test } from "vitest";
import { useSandbox, why } from "../support/fixture.ts";

const { sandbox, machine } = useSandbox();

/** Lines that a terminal of 80 columns breaks, though they could have been folded: what is longer stands alone. */
function tooWide(stdout: string): readonly string[] {
  return stdout.split("\n").filter((line) => [...line].length > 80 && line.trim().includes(" "));
}

test("what auditors and administrators read fits 80 columns; names to be copied are whole, and stand alone", async () => {
  const [alice, frank] = await Promise.all([machine("alice"), machine("frank")]);
  const asked = ["request", "orders:read", ...why, "--json"];
  expect((await alice.jit(asked)).code).toBe(0);
  // The ARN of an Identity Center's session alone takes a line.
  const { request } = JSON.parse((await frank.jit(asked)).stdout);
  const auditor = await machine("auditor");
  const key = join(sandbox().catalog, "../log.jwk");
  const shown: string[] = [];
  for (const args of [
    ["audit", "seal", "--key", key, "--full"],
    ["audit", "verify"],
    ["audit", "log"],
    ["audit", "show", request],
    ["audit", "prove", request, "--out", "proof.json"],
    ["audit", "verify", "--proof", "proof.json"],
    ["audit", "mirror", "copy"],
    ["keys", "list", "--all"],
    ["keys", "trust"],
  ]) {
    const { code, stdout, stderr } = await auditor.jit(args);
    expect([args, code, tooWide(stdout)], stderr).toEqual([args, 0, []]);
    shown.push(stdout);
  }
  const alices = `alice \\(${(await auditor.jit(["keys", "list", "--all", "--json"])).stdout.match(/AIDA\w+/)?.[0]}\\)`;
  expect(shown.join("")).toMatch(new RegExp(`records, .*${alices}; attested`));
});

test("each of several keys of the trust file has a line of its own", async () => {
  const admin = await machine("admin");
  const home = join(sandbox().catalog, "..");
  const names = ["acme.example/second", "acme.example/third"];
  const keys: string[] = [];
  for (const name of names)
    keys.push((await admin.jit(["trust", "key", name, "--key", `${name.slice(13)}.jwk`])).stdout.trim());
  const update = ["trust", "update", "--key", join(home, "admin.jwk"), "--dir", join(home, "trust")];
  expect((await admin.jit([...update, ...keys.flatMap((key) => ["--log-key", key])])).code).toBe(0);
  const { stdout } = await admin.jit(["trust", "show", "--dir", join(home, "trust")]);
  expect(stdout.split("\n").map((line) => line.trim())).toEqual(expect.arrayContaining(keys));
});

test("whose key AWS did not sign for is marked wherever the name is, on 80 columns too", async () => {
  const [frank, bob, auditor] = await Promise.all([machine("frank"), machine("bob"), machine("auditor")]);
  await sandbox().fault({ service: "sts", action: "GetWebIdentityToken", kind: "status", status: 403 });
  const asked = await frank.jit(["request", "payroll:read", ...why, "--json"]);
  expect(asked.code).toBe(4);
  await sandbox().clearFaults();
  const { stdout } = await bob.jit(["pending"]);
  expect(stdout).toContain("\n  by frank (path only), until ");
  expect(tooWide(stdout)).toEqual([]);
  const { stdout: report } = await auditor.jit(["audit", "report", "--for", "soc2", "--from", "2d"]);
  const { request } = JSON.parse(asked.stdout);
  expect(report).toMatch(new RegExp(`\\| ${request} \\| [-0-9: ]+ \\| frank \\(path only\\) \\|`));
});
