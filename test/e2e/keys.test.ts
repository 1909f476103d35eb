import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { useSandbox, why } from "../support/fixture.ts";
import type { Machine } from "../support/jit.ts";

const { sandbox, machine } = useSandbox();
const json = (text: string) => JSON.parse(text);
const kms = (alias: string): string => `arn:aws:kms:eu-central-1:111122223333:alias/${alias}`;
const dataOf = (person: Machine): string => join(person.home, ".local/share/jit/keys");

/** Folder of the trust files that were published last. */
let published: string;

/** The administrator's copy of the organization's files. */
function organizationOf(admin: Machine): string {
  const folder = join(admin.home, "organization");
  rmSync(folder, { recursive: true, force: true });
  cpSync(dirname(sandbox().catalog), folder, { recursive: true });
  return folder;
}

const request = async (person: Machine, env = {}) => {
  const { code, stdout, stderr } = await person.jit(
    ["request", "customers:read", "--new", ...why, "--json"],
    { env },
  );
  return code === 0 ? "granted" : (/"code": ?"([A-Z_]+)"/.exec(stdout + stderr)?.[1] ?? stderr);
};
const verify = async () => {
  const auditor = await machine("auditor");
  const { code, stdout, stderr } = await auditor.jit(["audit", "verify", "--json"]);
  if (stdout === "") throw new Error(stderr);
  return { code, ...json(stdout) } as {
    code: number;
    ok: boolean;
    findings: { code: string; severity: string }[];
  };
};

test("a key in KMS signs records that verify; its chain stays on one machine", async () => {
  const alice = await machine("alice");
  expect((await alice.jit(["config", "key", kms("jit-alice")])).code).toBe(0);
  expect([await request(alice), await request(alice)]).toEqual(["granted", "granted"]);
  const [fingerprint = ""] = readdirSync(dataOf(alice));
  expect(readdirSync(join(dataOf(alice), fingerprint)).map((name) => name.split(".").at(-1))).toEqual([
    "kms",
  ]);
  expect(await verify()).toMatchObject({ code: 0, ok: true, findings: [] });
  expect(json((await alice.jit(["keys", "list", "--json"])).stdout)).toMatchObject({
    keys: [{ place: kms("jit-alice"), records: 6, revoked: null }],
  });
  expect(json((await alice.jit(["doctor", "--json"])).stdout).ok).toBe(true);
  // Without a setting she has a key of her own beside it: which of the two signs is told, and shown.
  expect((await alice.jit(["config", "key", "--unset"])).code).toBe(0);
  expect(await request(alice)).toBe("granted");
  const both = async (env = {}) => {
    const own = json((await alice.jit(["keys", "list", "--json"], { env })).stdout).keys as {
      place: string;
      signs: boolean;
      thumbprint: string;
    }[];
    const signing = own.filter(({ signs }) => signs);
    const shown = json((await alice.jit(["keys", "show", "--json"], { env })).stdout);
    expect(signing.map(({ thumbprint }) => thumbprint)).toEqual([shown.thumbprint]);
    return signing.map(({ place }) => place);
  };
  expect(await both()).toEqual(["file"]);
  expect(await both({ JIT_KEY: kms("jit-alice") })).toEqual([kms("jit-alice")]);
  expect((await alice.jit(["config", "key", kms("jit-alice")])).code).toBe(0);

  const other = await machine("alice");
  expect(await request(other)).toBe("granted");
  expect(json((await other.jit(["keys", "list", "--json"])).stdout).keys).toMatchObject([{ signs: true }]);
  expect(await request(other, { JIT_KEY: kms("jit-alice") })).toBe("KEY_IN_TWO_PLACES");
  expect(await request(other, { JIT_KEY: kms("jit-admin") })).toBe("KMS_DENIED");
  expect(await request(other, { JIT_KEY: "arn:aws:kms:nowhere" })).toBe("KMS_ARN_INVALID");
  await sandbox().fault({ service: "kms", kind: "dropBefore" });
  expect(await request(alice)).toBe("KMS_UNREACHABLE");
});

test("administrators sign trust files and catalogs with KMS; nobody else's key will do", async () => {
  const admin = await machine("admin");
  const catalog = join(organizationOf(admin), "jit.yaml");
  rmSync(`${catalog}.jws`);
  rmSync(join(dirname(catalog), "trust"), { recursive: true });
  const trust = join(dirname(catalog), "trust");
  const init = ["--organization", "acme", "--name", "admin", "--dir", trust];
  const made = await admin.jit(["trust", "init", ...init, "--key", kms("jit-admin"), "--json"]);
  expect(made.code).toBe(0);
  const { fingerprint } = json(made.stdout);
  expect((await admin.jit(["catalog", "sign", catalog, "--key", kms("jit-admin")])).code).toBe(0);
  expect((await admin.jit(["use", `${catalog}#${fingerprint}`, "--json"])).code).toBe(0);
  const stranger = await admin.jit([
    "trust",
    "sign",
    join(trust, "1.json"),
    "--key",
    kms("jit-alice"),
    "--json",
  ]);
  expect(stranger.stdout + stranger.stderr).toContain("KMS_DENIED");
  const asAlice = await machine("alice");
  const other = await asAlice.jit([
    "trust",
    "sign",
    join(trust, "1.json"),
    "--key",
    kms("jit-alice"),
    "--json",
  ]);
  expect(other.stdout + other.stderr).toContain("KEY_NOT_ADMINISTRATOR");
});

test("a pipeline's key is of one job: it is enrolled, marked as such, and gone with the job's home", async () => {
  const job = await machine("ci");
  expect(await request(job, { CI: "true" })).toBe("granted");
  const [fingerprint = ""] = readdirSync(dataOf(job));
  const [file = ""] = readdirSync(join(dataOf(job), fingerprint));
  const { thumbprint } = json((await job.jit(["keys", "list", "--json"])).stdout).keys[0];
  expect(readFileSync(join(dataOf(job), fingerprint, file), "utf8")).toContain('"kty":"OKP"');
  job.remove();
  expect(existsSync(dataOf(job))).toBe(false);
  const auditor = await machine("auditor");
  const { keys } = json((await auditor.jit(["keys", "list", "--all", "--json"])).stdout);
  expect(keys.find((key: { thumbprint: string }) => key.thumbprint === thumbprint)).toMatchObject({
    grade: "attested",
    pipeline: true,
  });
  expect(await verify()).toMatchObject({ code: 0, findings: [] });
});

test("a revoked key: what it signed before verifies, what comes after does not, and a new one takes its place", async () => {
  const [dave, admin, auditor] = [await machine("dave"), await machine("admin"), await machine("auditor")];
  const ask = async () => {
    const { code, stdout, stderr } = await dave.jit(["request", "orders:read", "--new", ...why, "--json"]);
    return code === 0 ? "granted" : /"code": ?"([A-Z_]+)"/.exec(stdout + stderr)?.[1];
  };
  expect(await ask()).toBe("granted");
  const { keys } = json((await dave.jit(["keys", "list", "--json"])).stdout);
  const { thumbprint, userid } = keys[0];
  expect(keys).toMatchObject([{ place: "file", records: 3, revoked: null }]);

  const folder = organizationOf(admin);
  const signedWith = ["--dir", join(folder, "trust"), "--key", join(folder, "admin.jwk")];
  const revoke = ["keys", "revoke", thumbprint, ...signedWith, "--at"];
  expect((await admin.jit([...revoke, "tomorrow"])).code).toBe(2);
  // S3 tells seconds: what came before must be older.
  await new Promise((done) => setTimeout(done, 1100));
  const at = `${new Date().toISOString().slice(0, 19)}Z`;
  expect((await admin.jit([...revoke, at])).code).toBe(0);
  expect((await admin.jit(["catalog", "publish", join(folder, "jit.yaml")])).code).toBe(0);
  published = join(folder, "trust");
  expect(await verify()).toMatchObject({ code: 0, findings: [] });

  // What this machine checked less than five minutes ago does not tell yet; the log does.
  expect(await ask()).toBe("granted");
  const found = await verify();
  expect(found).toMatchObject({ code: 20, ok: false });
  expect(new Set(found.findings.map(({ code }) => code))).toEqual(new Set(["KEY_REVOKED"]));
  const told = await dave.jit(["doctor"]);
  expect([told.code, told.stdout]).toEqual([1, expect.stringContaining("KEY_REVOKED")]);
  expect(await ask()).toBe("KEY_REVOKED");
  const rotated = await dave.jit(["keys", "rotate", "--yes", "--json"]);
  expect(json(rotated.stdout)).toMatchObject({ retired: thumbprint });
  expect(await ask()).toBe("granted");
  const mine = json((await dave.jit(["keys", "list", "--json"])).stdout).keys;
  expect(mine.map(({ place }: { place: string }) => place)).toEqual(["file", "gone"]);
  // The end of the session that came too late, by the new key, is of a request that does not count.
  const later = (await verify()).findings;
  expect(later.filter(({ severity }) => severity === "invalid").map(({ code }) => code)).toEqual([
    "KEY_REVOKED",
  ]);
  const all = json((await auditor.jit(["keys", "list", "--all", "--json"])).stdout).keys;
  const own = all.filter((key: { userid: string }) => key.userid === userid);
  expect(own).toHaveLength(2);
  expect(own.find((key: { thumbprint: string }) => key.thumbprint === thumbprint)).toMatchObject({
    grade: "attested",
    pipeline: false,
    records: 6,
    revoked: at,
  });
  const shown = json((await auditor.jit(["keys", "show", thumbprint, "--json"])).stdout);
  expect(shown).toMatchObject({ thumbprint, here: null, enrolments: [{ userid, records: 6 }] });
  const trust = json((await auditor.jit(["keys", "trust", "--json"])).stdout);
  expect(trust.revokedKeys).toMatchObject([{ thumbprint }]);
});

test("a thumbprint that begins as a flag does is one all the same", async () => {
  const auditor = await machine("auditor");
  const thumbprint = `-${"A".repeat(42)}`;
  for (const words of [
    ["keys", "show", thumbprint, "--json"],
    ["keys", "show", "--json", "--", thumbprint],
  ]) {
    const { code, stderr } = await auditor.jit(words);
    expect([code, json(stderr).error.code]).toEqual([2, "KEY_UNKNOWN"]);
  }
});

test("the log is sealed with an Ed25519 key in KMS", async () => {
  const [auditor, admin] = [await machine("auditor"), await machine("admin")];
  const folder = organizationOf(admin);
  const trust = join(folder, "trust");
  cpSync(published, trust, { recursive: true });
  const named = await auditor.jit(["trust", "key", "sandbox.example/kms", "--key", kms("jit-log"), "--json"]);
  const { key } = json(named.stdout);
  const update = ["trust", "update", "--log-key", key, "--dir", trust, "--key", join(folder, "admin.jwk")];
  expect((await admin.jit(update)).code).toBe(0);
  expect((await admin.jit(["catalog", "publish", join(folder, "jit.yaml")])).code).toBe(0);
  const sealed = await auditor.jit(["audit", "seal", "--key", kms("jit-log"), "--json"]);
  expect([sealed.code, json(sealed.stdout).origin]).toEqual([0, "sandbox.example/kms"]);
  const other = await auditor.jit(["audit", "seal", "--key", kms("jit-alice"), "--json"]);
  expect(other.stdout + other.stderr).toContain("KMS_DENIED");
});
