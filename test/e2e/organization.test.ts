import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { sandboxCatalog } from "../../src/cli/sandbox-catalog.ts";
import { useSandbox, why } from "../support/fixture.ts";
import type { Ended, Machine } from "../support/jit.ts";
import { assumedRoles, errorOf, expectError, expectHarmless } from "../support/ledger.ts";

/** An organization of one's own, as an administrator makes it, pinned by the path of its files. */

const { sandbox, machine } = useSandbox();
let sessions = 0;

afterEach(async () => {
  // A test that means to open a session counts it.
  expect(await assumedRoles(sandbox())).toHaveLength(sessions);
});

interface Own {
  readonly alice: Machine;
  readonly folder: string;
  readonly pin: string;
  admin(...args: readonly string[]): Promise<Ended>;
  write(catalog: string): void;
  ask(...flags: readonly string[]): Promise<Ended>;
}

const yaml = (version: number, change: (text: string) => string = (text) => text): string =>
  change(sandboxCatalog.replace("version: 1", `version: ${version}`));

/** Made once, copied for each test. */
const template = mkdtempSync(join(tmpdir(), "jit-organization-"));
let fingerprint = "";

beforeAll(async () => {
  const maker = await machine("alice");
  writeFileSync(join(template, "jit.yaml"), yaml(5));
  const made = await maker.jit(["trust", "init", "--organization", "acme", "--name", "ann", "--json"], {
    cwd: template,
  });
  fingerprint = JSON.parse(made.stdout).fingerprint;
  expect((await maker.jit(["catalog", "sign"], { cwd: template })).code).toBe(0);
});

afterAll(() => rmSync(template, { recursive: true }));

async function organization(): Promise<Own> {
  const alice = await machine("alice");
  const folder = join(alice.home, "organization");
  cpSync(template, folder, { recursive: true });
  const pin = `${join(folder, "jit.yaml")}#${fingerprint}`;
  alice.env = { ...alice.env, JIT_ORGANIZATION: pin };
  return {
    alice,
    folder,
    pin,
    admin: (...args) => alice.jit([...args, "--json"], { cwd: folder }),
    write: (catalog) => writeFileSync(join(folder, "jit.yaml"), catalog),
    ask: (...flags) => alice.jit(["request", "customers:read", ...why, "--json", ...flags]),
  };
}

describe("a signed catalog", () => {
  test("is believed, and sessions come of it", async () => {
    const { ask, alice, pin } = await organization();
    expect((await ask()).code).toBe(0);
    sessions += 1;
    expect((await alice.jit(["audit", "verify"])).code).toBe(0);
    expect((await alice.jit(["use", pin], { env: { JIT_ORGANIZATION: undefined } })).code).toBe(0);
    expect((await alice.jit(["stores"], { env: { JIT_ORGANIZATION: undefined } })).code).toBe(0);
  });

  test("without its signature is refused", async () => {
    const { ask, folder } = await organization();
    rmSync(join(folder, "jit.yaml.jws"));
    expectError(await ask(), "CATALOG_UNSIGNED", 7);
    rmSync(join(folder, "jit.yaml"));
    expectError(await ask(), "CATALOG_MISSING", 7);
  });

  test("signed by somebody else's key is refused", async () => {
    const { ask, admin, folder } = await organization();
    const made = await admin(
      ...["trust", "init", "--organization", "acme", "--name", "mallory"],
      ...["--key", "mallory.jwk", "--dir", "other"],
    );
    expect(made.code).toBe(0);
    rmSync(join(folder, "jit.yaml.jws"));
    expect((await admin("catalog", "sign", "--key", "mallory.jwk")).code).toBe(0);
    expectError(await ask(), "CATALOG_SIGNATURE_INVALID", 7);
    // Nor does the trust file help that goes with that key: another fingerprint is pinned.
    cpSync(join(folder, "other"), join(folder, "trust"), { recursive: true });
    expectError(await ask(), "TRUST_FINGERPRINT", 7);
  });

  test("changed by one byte, or no signed file at all, is refused", async () => {
    const { ask, folder } = await organization();
    const path = join(folder, "jit.yaml.jws");
    const good = JSON.parse(readFileSync(path, "utf8"));
    const [first] = good.signatures;
    const flipped = `${first.signature.startsWith("A") ? "B" : "A"}${first.signature.slice(1)}`;
    writeFileSync(path, JSON.stringify({ ...good, signatures: [{ ...first, signature: flipped }] }));
    expectError(await ask(), "CATALOG_SIGNATURE_INVALID", 7);
    writeFileSync(path, JSON.stringify({ ...good, signatures: [] }));
    expect((await ask()).code).toBe(7);
    const evil = Buffer.from(yaml(6, (text) => text.replace("30m", "55m"))).toString("base64url");
    writeFileSync(path, JSON.stringify({ ...good, payload: evil }));
    expectError(await ask(), "CATALOG_SIGNATURE_INVALID", 7);
    writeFileSync(path, "{}");
    expectError(await ask(), "CATALOG_UNSIGNED", 7);
    writeFileSync(path, Buffer.from([0xff, 0xfe, 0x00]));
    expectError(await ask(), "CATALOG_UNSIGNED", 7);
  });

  test("whose text was swapped after it was signed is refused", async () => {
    const { ask, write } = await organization();
    write(yaml(5, (text) => text.replace("profiles/", "exports/")));
    expectError(await ask(), "CATALOG_SWAPPED", 7);
  });

  test("older than one seen before is refused, though an administrator signed it", async () => {
    const { ask, admin, write } = await organization();
    expect((await ask("--dry-run")).code).toBe(0);
    write(yaml(4));
    expect((await admin("catalog", "sign")).code).toBe(0);
    expectError(await ask(), "CATALOG_ROLLED_BACK", 7);
    write(yaml(6));
    expect((await admin("catalog", "sign")).code).toBe(0);
    expect((await ask("--dry-run")).code).toBe(0);
  });

  test("of another organization is refused", async () => {
    const { ask, admin, write } = await organization();
    write(yaml(5, (text) => text.replace("organization: acme", "organization: evil")));
    expect((await admin("catalog", "sign")).code).toBe(0);
    expectError(await ask(), "CATALOG_WRONG_ORGANIZATION", 7);
  });

  test("with another fingerprint than the pinned is refused, and is not pinned by `jit use`", async () => {
    const { alice, pin } = await organization();
    const env = { JIT_ORGANIZATION: undefined };
    const other = `${pin.slice(0, -64)}${"0".repeat(64)}`;
    expectError(await alice.jit(["use", other, "--json"], { env }), "TRUST_FINGERPRINT", 7);
    expectError(await alice.jit(["request", "customers:read", ...why, "--json"], { env }), "NOT_PINNED", 7);
    for (const wrong of [
      pin.slice(0, -65),
      `${pin.slice(0, -64)}abc`,
      "ftp://x#unsigned",
      "s3://X#unsigned",
    ]) {
      expectError(await alice.jit(["use", wrong, "--json"], { env }), "LOCATION_INVALID", 2);
    }
  });

  test("unsigned is taken on loopback alone", async () => {
    const { alice, folder, write } = await organization();
    write(yaml(1));
    const JIT_ORGANIZATION = `${join(folder, "jit.yaml")}#unsigned`;
    expect((await alice.jit(["stores"], { env: { JIT_ORGANIZATION } })).code).toBe(0);
    for (const env of [
      { AWS_ENDPOINT_URL: undefined },
      {
        AWS_ENDPOINT_URL: undefined,
        AWS_ENDPOINT_URL_S3: sandbox().url,
        AWS_ENDPOINT_URL_STS: sandbox().url,
      },
      { AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true" },
    ]) {
      const ended = await alice.jit(["stores", "--json"], { env: { JIT_ORGANIZATION, ...env } });
      expect(["CATALOG_UNSIGNED", "ENDPOINT_REFUSED"]).toContain(errorOf(ended).code);
      expectError(ended, errorOf(ended).code, 7);
    }
  });
});

describe("a trust file", () => {
  test.each([
    ["gone", undefined],
    ["empty", ""],
    ["no JSON", "{"],
    ["an array", "[]"],
    ["not signed", '{"payload":"e30","signatures":[]}'],
  ])("that is %s is refused", async (_, text) => {
    const { ask, folder } = await organization();
    const path = join(folder, "trust/1.json");
    if (text === undefined) rmSync(path);
    else writeFileSync(path, text);
    const ended = await ask();
    expect(errorOf(ended).code).toMatch(/^TRUST_/);
    expectError(ended, errorOf(ended).code, 7);
  });

  test("a second version that nobody of the first signed is refused", async () => {
    const { ask, folder } = await organization();
    cpSync(join(folder, "trust/1.json"), join(folder, "trust/2.json"));
    const ended = await ask();
    expect(errorOf(ended).code).toMatch(/^TRUST_/);
    expectError(ended, errorOf(ended).code, 7);
  });

  test("needs as many administrators as it says", async () => {
    const { admin, folder, ask, alice, write } = await organization();
    await admin("trust", "init", "--organization", "acme", "--name", "bea", "--key", "b.jwk", "--dir", "b");
    const made = await admin(
      ...["trust", "init", "--organization", "acme", "--name", "ann", "--key", "a.jwk", "--dir", "two"],
      ...["--threshold", "2", "--administrator", "bea=b.jwk.pub"],
    );
    const pinned = JSON.parse(made.stdout).fingerprint;
    cpSync(join(folder, "two"), join(folder, "trust"), { recursive: true });
    alice.env = { ...alice.env, JIT_ORGANIZATION: `${join(folder, "jit.yaml")}#${pinned}` };
    expectError(await ask(), "TRUST_SIGNATURE_INVALID", 7);
    expectError(
      await admin("trust", "sign", "trust/1.json", "--key", "admin.jwk"),
      "KEY_NOT_ADMINISTRATOR",
      2,
    );
    expect((await admin("trust", "sign", "trust/1.json", "--key", "b.jwk")).code).toBe(0);
    write(yaml(7));
    expect((await admin("catalog", "sign", "--key", "a.jwk")).code).toBe(0);
    expectError(await ask(), "CATALOG_SIGNATURE_INVALID", 7);
    expect((await admin("catalog", "sign", "--key", "b.jwk")).code).toBe(0);
    expect((await ask("--dry-run")).code).toBe(0);
  });

  test("made again where one is, changes nothing", async () => {
    const { admin, folder } = await organization();
    const before = readFileSync(join(folder, "admin.jwk"));
    const again = await admin("trust", "init", "--organization", "acme", "--name", "ann");
    expectError(again, errorOf(again).code, 2);
    expect(readFileSync(join(folder, "admin.jwk"))).toEqual(before);
  });

  test.each([
    [["--organization", "acme"], "FLAG_MISSING", 2],
    [["--organization", "acme", "--name", "ann", "--threshold", "0"], "TRUST_INVALID", 7],
    [["--organization", "acme", "--name", "ann", "--threshold", "two"], "TRUST_INVALID", 7],
    [["--organization", "acme", "--name", "ann", "--administrator", "x"], "USAGE", 2],
  ])("init %j is refused, and leaves no key", async (flags, code, exit) => {
    const { admin, folder } = await organization();
    const key = ["--key", "new.jwk", "--dir", "new"];
    expectError(await admin("trust", "init", ...flags, ...key), code, exit);
    expect(() => readFileSync(join(folder, "new.jwk"))).toThrow();
  });
});

describe("a catalog with a mistake", () => {
  /** A change of the catalog, and the words that the mistake is said to be at. */
  test.each<[string, string | RegExp, string, string | undefined]>([
    ["broken YAML", "stores:", "stores: [", undefined],
    ["an unknown key", "maximumDuration: 4h", "maximumDuraton: 4h", "maximumDuraton"],
    ["a wrong type", "version: 5", "version: five", "five"],
    ["a list for a number", "minimumLength: 15", "minimumLength: [15]", "[15]"],
    ["a bad duration", "duration: 30m", "duration: soon", "soon"],
    ["a bad role", /role: .*pii-orders/, "role: no-arn", "no-arn"],
    ["a bad pattern", '"[A-Z]+-[0-9]+"', '"["', '"["'],
    ["a key twice", "organization: acme", "organization: acme\nversion: 7", "version: 7"],
    ["a tab", "  bucket: jit-audit", "\tbucket: jit-audit", undefined],
    ["an issuer that is none", "issuer: requester", "issuer: nobody", "nobody"],
    ["a list", /^.*$/s, "- version: 1\n", "- version"],
    ["nothing", /^.*$/s, "", undefined],
  ])("%s is told with file, line and column", async (_, from, to, at) => {
    const { admin, write } = await organization();
    const text = yaml(5, (good) => good.replace(from, to));
    write(text);
    const before = at === undefined ? undefined : text.slice(0, text.indexOf(at)).split("\n");
    const place = before === undefined ? "" : `${before.length}:${(before.at(-1) ?? "").length + 1}:`;
    for (const command of ["check", "sign"]) {
      const ended = await admin("catalog", command);
      expectError(ended, "CATALOG_INVALID", 7);
      expect(errorOf(ended).message).toContain(`jit.yaml:${place}`);
      expect(errorOf(ended).message).toMatch(/jit\.yaml:\d+:\d+:/);
    }
  });

  test("an unknown word is answered with a suggestion", async () => {
    const { admin, write } = await organization();
    write(yaml(5, (text) => text.replace("maximumDuration: 4h", "maximumDuraton: 4h")));
    expect(errorOf(await admin("catalog", "check")).message).toContain("maximumDuration");
  });

  test.each<[string, string]>([
    ["title: Orders with who ordered", 'title: "Orders \\e[2J with who ordered"'],
    ["title: Orders with who ordered", 'title: "Orders \\u202e with who ordered"'],
    ["title: Read orders", 'title: "Read \\u200b orders"'],
    ["owner: Carol (sales)", "owner: Carol \u2066 (sales)"],
    ["classification: confidential", 'classification: "conf\\x9bidential"'],
    ["dataCategories: [email, purchases]", 'dataCategories: ["em\\u200dail"]'],
    ["support: A customer asked for help", 'support: "A \\a customer asked for help"'],
    ["prefix: orders/", 'prefix: "orders\\u202e/"'],
    ["example: SUP-1234", 'example: "SUP-1234\\e[0m"'],
    ["orders:\n    title", '"ord\\eers":\n    title'],
  ])("hostile text instead of %j is refused, and never reaches the terminal", async (from, to) => {
    const { alice, admin, write, folder } = await organization();
    write(yaml(5, (text) => text.replace(from, to)));
    expect(readFileSync(join(folder, "jit.yaml"), "utf8")).not.toBe(yaml(5));
    const ended = await admin("catalog", "check");
    expectHarmless(ended);
    expectError(ended, errorOf(ended).code, errorOf(ended).code === "TEXT_HOSTILE" ? 3 : 7);
    expectHarmless(await alice.jit(["catalog", "check"], { cwd: folder }));
  });
});

describe("publishing", () => {
  test("into the bucket, by an administrator alone, and never backwards", async () => {
    const { folder, admin, write } = await organization();
    const ann = await machine("admin");
    const publish = (who: Machine) => who.jit(["catalog", "publish", "--json"], { cwd: folder });
    // The sandbox has an organization of its own there already: its trust file is never replaced.
    expectError(await publish(ann), "TRUST_CONFLICT", 7);
    write(yaml(0));
    const zero = await admin("catalog", "sign");
    if (zero.code === 0) expectError(await publish(ann), "CATALOG_ROLLED_BACK", 7);
    else expectError(zero, "CATALOG_INVALID", 7);
    write(yaml(5, (text) => `${text}\n# changed\n`));
    expectError(await publish(ann), "CATALOG_UNSIGNED", 7);
    expect((await admin("catalog", "sign")).code).toBe(0);
    const alice = await machine("alice");
    const denied = await publish(alice);
    expectError(denied, errorOf(denied).code, errorOf(denied).code === "TRUST_CONFLICT" ? 7 : 8);
  });

  test("a bucket whose catalog was replaced by another organization's is refused", async () => {
    const { alice, pin } = await organization();
    // The bucket's own pin, with the fingerprint of the organization on the disk.
    const JIT_ORGANIZATION = `s3://jit-audit#${pin.slice(-64)}`;
    expectError(
      await alice.jit(["request", "customers:read", ...why, "--json"], { env: { JIT_ORGANIZATION } }),
      "TRUST_FINGERPRINT",
      7,
    );
  });
});
