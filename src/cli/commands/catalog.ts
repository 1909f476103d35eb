import { parseCatalog } from "../../access/catalog/parse.ts";
import { parseLocation } from "../../access/location.ts";
import { compileSessionPolicy } from "../../access/policy/compile.ts";
import type { Rule } from "../../access/rules/tree.ts";
import {
  addCatalogSignature,
  readSignedCatalog,
  signCatalog,
  verifyCatalogFile,
} from "../../access/trust/catalog-file.ts";
import { readTrust, trustDigest, verifyTrustChain } from "../../access/trust/trust-file.ts";
import type { Catalog } from "../../access/types.ts";
import { codeOf, JitError } from "../../error.ts";
import type { Notice } from "../../session/types.ts";
import { readFile, readFileIfThere, trustFilesOf, writeFile } from "../compose/admin-files.ts";
import { openAdminKey } from "../compose/admin-signer.ts";
import { openBucket } from "../compose/audit.ts";
import { checkedRules } from "../compose/rules.ts";
import { type Context, printJson, text } from "../context.ts";
import { counted } from "../render/counted.ts";
import { noticeLine } from "../render/session.ts";
import { wrap } from "../style.ts";

const usual = "jit.yaml";

/** `jit catalog check`: the file, and each access compiled, so that nobody meets a policy that is too large at 3 a.m. */
export async function catalogCheck(context: Context): Promise<number> {
  const path = fileOf(context);
  const catalog = parseCatalog(readFile(path), path);
  const rules = await checkedRules(catalog, path);
  const sizes: { target: string; characters: number }[] = [];
  for (const store of catalog.stores.values()) {
    for (const access of store.accesses.values()) {
      const { characters } = compileSessionPolicy({
        targets: [{ store, access }],
        notAfter: new Date("2030-01-01T00:00:00Z"),
      });
      sizes.push({ target: `${store.name}:${access.name}`, characters });
    }
  }
  const notices = withoutEmergencies(catalog, rules);
  if (context.json) {
    printJson(context, {
      file: path,
      version: catalog.version,
      digest: catalog.digest,
      stores: catalog.stores.size,
      rules: rules.length,
      policies: sizes,
      notices,
    });
    return 0;
  }
  const { terminal, style } = context;
  const counts = [
    counted(catalog.stores.size, "store"),
    counted(sizes.length, "access", "accesses"),
    counted(rules.length, "rule"),
  ].join(", ");
  terminal.print(
    wrap(`${style.good("✓")} ${path}: version ${catalog.version}, ${counts}`, terminal.columns, "  "),
  );
  const biggest = sizes.toSorted((a, b) => b.characters - a.characters)[0];
  if (biggest !== undefined)
    terminal.print(
      style.dim(`  largest session policy: ${biggest.target}, ${biggest.characters} of 2048 characters`),
    );
  for (const notice of notices) terminal.note(noticeLine(context, notice));
  return 0;
}

/** Rules decide alone where there are some: a store's `breakGlass` is then for nobody until a rule names that action. */
function withoutEmergencies(catalog: Catalog, rules: readonly Rule[]): readonly Notice[] {
  const isPermitted = rules.some(
    ({ effect, actions }) => effect === "permit" && actions.includes("breakGlass"),
  );
  const stores = [...catalog.stores.values()].filter((store) => store.breakGlass !== undefined);
  if (rules.length === 0 || isPermitted || stores.length === 0) return [];
  const names = stores.map(({ name }) => name).join(", ");
  const message = `no rule permits breakGlass: nobody can break the glass of ${names}`;
  return [{ code: "BREAK_GLASS_UNRULED", message }];
}

/** `jit catalog sign`: writes or completes `jit.yaml.jws` beside the catalog. */
export async function catalogSign(context: Context): Promise<number> {
  const path = fileOf(context);
  const yaml = readFile(path);
  const catalog = parseCatalog(yaml, path);
  // A rule that is wrong would refuse everybody once it is published.
  await checkedRules(catalog, path);
  const signer = await openAdminKey(context, text(context, "key") ?? "admin.jwk");
  const before = readFileIfThere(`${path}.jws`);
  const same = before !== undefined && sameYaml(before, yaml);
  const after = same ? await addCatalogSignature(before, signer) : await signCatalog(yaml, signer);
  writeFile(`${path}.jws`, after, {});
  const signatures = readSignedCatalog(after).claimed.length;
  if (context.json)
    printJson(context, { file: `${path}.jws`, digest: catalog.digest, version: catalog.version, signatures });
  else {
    context.terminal.print(
      `${context.style.good("✓")} ${path}.jws: version ${catalog.version}, ${counted(signatures, "signature")}`,
    );
    context.terminal.note(
      context.style.dim(`  next: jit catalog publish${named(path)}, by who may write to the audit bucket`),
    );
  }
  return 0;
}

/**
 * `jit catalog publish`: trust files first, each created once, then the catalog by its digest, then `current.jws`. A crash
 * in between leaves the old catalog in force.
 */
export async function catalogPublish(context: Context): Promise<number> {
  const path = fileOf(context);
  const location = parseLocation(path);
  if (location.kind !== "path") throw new JitError("USAGE", "name the file of the catalog");
  const yaml = readFile(path);
  const catalog = parseCatalog(yaml, path);
  await checkedRules(catalog, path);
  const signed = readFileIfThere(location.signed);
  if (signed === undefined || !sameYaml(signed, yaml)) {
    throw new JitError("CATALOG_UNSIGNED", `${path} is not signed as it stands`, {
      hint: `run: jit catalog sign${named(path)} --key admin.jwk`,
    });
  }
  const trustFiles = trustFilesOf(location.trust);
  const first = trustFiles[0];
  if (first === undefined)
    throw new JitError("TRUST_INVALID", `there is no ${location.trust}/1.json`, {
      hint: "jit trust init makes it",
    });
  const fingerprint = trustDigest(readTrust(first).trust);
  const trust = verifyTrustChain(trustFiles, fingerprint);
  verifyCatalogFile(signed, trust);
  if (catalog.organization !== trust.organization) {
    throw new JitError(
      "CATALOG_WRONG_ORGANIZATION",
      `the catalog is of ${catalog.organization}, the trust file of ${trust.organization}`,
    );
  }
  const bucket = await openBucket(context, catalog);
  await refuseOtherOrganization(bucket, catalog.audit.bucket, fingerprint);
  const current = await bucket.readCurrent?.("v1/catalog/current.jws");
  const before =
    current === undefined
      ? undefined
      : parseCatalog(readSignedCatalog(current).yaml, "the published catalog");
  if (before !== undefined) refuseOlder(before, catalog, path);
  for (const [index, file] of trustFiles.entries())
    await createOnce(bucket, `v1/trust/${index + 1}.json`, file);
  await createOnce(bucket, `v1/catalog/${catalog.digest}.jws`, signed);
  await bucket.replace("v1/catalog/current.jws", signed);
  const use = `s3://${catalog.audit.bucket}#${fingerprint}`;
  if (context.json) printJson(context, { location: use, digest: catalog.digest, version: catalog.version });
  else {
    context.terminal.print(`${context.style.good("✓")} version ${catalog.version} is published`);
    context.terminal.print(`  people run: ${context.style.strong(`jit use ${use}`)}`);
  }
  return 0;
}

/** Before anything else is said of a bucket: whether it is this organization's, or there at all. */
async function refuseOtherOrganization(
  bucket: Awaited<ReturnType<typeof openBucket>>,
  name: string,
  fingerprint: string,
): Promise<void> {
  const first = await bucket.read("v1/trust/1.json").catch((error: unknown) => {
    if (codeOf(error) !== "AUDIT_BUCKET_MISSING") throw error;
    throw new JitError("AUDIT_BUCKET_MISSING", `the audit bucket ${name} does not exist`, {
      hint: "make it first, as docs/aws.md says, or name another as audit.bucket and sign again (the sandbox's is jit-audit)",
      cause: error,
    });
  });
  if (first === undefined) return;
  const published = trustDigest(readTrust(first).trust);
  if (published === fingerprint) return;
  throw new JitError(
    "TRUST_CONFLICT",
    `${name} holds another organization: its fingerprint is ${published}, that of your trust file ${fingerprint}`,
    {
      hint: "publish in a bucket of your own, or with that organization's trust files and key (the sandbox names their folder when it starts)",
    },
  );
}

function refuseOlder(before: Catalog, catalog: Catalog, path: string): void {
  if (before.digest === catalog.digest || before.version < catalog.version) return;
  const hint = `raise \`version\` in ${path} to ${before.version + 1}, and sign it again`;
  if (before.version === catalog.version) {
    throw new JitError(
      "CATALOG_FORKED",
      `version ${before.version} is published already with other content`,
      { hint },
    );
  }
  throw new JitError(
    "CATALOG_ROLLED_BACK",
    `version ${before.version} is published already, and this is version ${catalog.version}`,
    { hint },
  );
}

/** What was published with other signatures before is the same to its readers: the payload is what counts. */
async function createOnce(
  bucket: Awaited<ReturnType<typeof openBucket>>,
  key: string,
  bytes: Uint8Array,
): Promise<void> {
  try {
    await bucket.create(key, bytes);
  } catch (error) {
    if (codeOf(error) !== "RECORD_CONFLICT") throw error;
    const there = await bucket.read(key);
    if (there !== undefined && payloadOf(there) === payloadOf(bytes)) return;
    throw new JitError("TRUST_CONFLICT", `another file is published as ${key}`, {
      hint: "a published version is never changed: make the next one",
    });
  }
}

function payloadOf(jws: Uint8Array): unknown {
  const value: unknown = JSON.parse(Buffer.from(jws).toString());
  return typeof value === "object" && value !== null && "payload" in value ? value.payload : undefined;
}

function sameYaml(signed: Uint8Array, yaml: Uint8Array): boolean {
  return Buffer.from(readSignedCatalog(signed).yaml).equals(Buffer.from(yaml));
}

function fileOf(context: Context): string {
  return context.invocation.args[0] ?? usual;
}

/** The file as the next command has to be given it. */
function named(path: string): string {
  return path === usual ? "" : ` ${path}`;
}
