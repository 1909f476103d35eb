import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { sha256Hex } from "../../access/digest.ts";
import { signCatalog } from "../../access/trust/catalog-file.ts";
import { makeTrust, readTrust, signTrust, trustDigest } from "../../access/trust/trust-file.ts";
import { formatVerifierKey } from "../../access/trust/verifier-key.ts";
import { privateDirectory, readPrivate, writePrivate } from "../../local/files.ts";
import { AUDIT_BUCKET } from "../../sandbox/account.ts";
import { CI_ISSUER } from "../../sandbox/issuers.ts";
import type { WholeSandbox } from "../../sandbox/sandbox.ts";
import { sandboxCatalog } from "../sandbox-catalog.ts";
import { createAdminKey, readAdminKey } from "./admin-keys.ts";
import { namedKey } from "./tree-keys.ts";

export interface SandboxOrganization {
  /** `s3://bucket#fingerprint` */
  readonly location: string;
  readonly adminKey: string;
  readonly catalog: string;
  /** Private keys of the log and of its witness, for `jit audit seal` and `jit audit witness`. */
  readonly logKey: string;
  readonly witnessKey: string;
}

const LOG_NAME = `${AUDIT_BUCKET}.s3.eu-central-1.amazonaws.com/v1/tree`;
const WITNESS_NAME = "witness.example/acme";

/**
 * Makes the sandbox's organization as an administrator would: a key, a trust file, a signed catalog, all published in
 * the audit bucket. In a folder that has one already (`--dir`), it is published as it stands.
 */
export async function publishOrganization(
  running: WholeSandbox,
  directory: string,
  keep: boolean,
): Promise<SandboxOrganization> {
  privateDirectory(directory);
  privateDirectory(join(directory, "trust"));
  const files = {
    key: join(directory, "admin.jwk"),
    catalog: join(directory, "jit.yaml"),
    signed: join(directory, "jit.yaml.jws"),
    // Where `jit catalog publish` looks for it.
    trust: join(directory, "trust", "1.json"),
    log: join(directory, "log.jwk"),
    witness: join(directory, "witness.jwk"),
  };
  const known = keep && Object.values(files).every((path) => existsSync(path));
  if (!known) {
    for (const path of Object.values(files)) if (existsSync(path)) rmSync(path);
    const signer = createAdminKey(files.key);
    const trust = makeTrust({
      organization: "acme",
      threshold: 1,
      administrators: [{ name: "admin", key: signer.publicKey }],
      logKeys: [formatVerifierKey(namedKey(LOG_NAME, false, createAdminKey(files.log).publicKey))],
      witnesses: [formatVerifierKey(namedKey(WITNESS_NAME, true, createAdminKey(files.witness).publicKey))],
      tokenIssuers: [
        { issuer: running.url, keys: [publicTokenKey(running.world.stsKeys.key("ES384"))] },
        { issuer: CI_ISSUER, keys: [publicTokenKey(running.world.ciKeys.key("RS256"))] },
      ],
    });
    writePrivate(files.trust, await signTrust(trust, signer));
    writePrivate(files.catalog, sandboxCatalog);
    writePrivate(
      files.signed,
      await signCatalog(new TextEncoder().encode(sandboxCatalog), readAdminKey(files.key)),
    );
  }
  const trust = readPrivate(files.trust) ?? new Uint8Array();
  const signed = readPrivate(files.signed) ?? new Uint8Array();
  if (!known) {
    running.seed.putObject(AUDIT_BUCKET, "v1/trust/1.json", trust, running.now());
    running.seed.putObject(AUDIT_BUCKET, "v1/catalog/current.jws", signed, running.now());
    // By its digest as well, as `publish` does: records made under it are verified by it when another is in force.
    const digest = sha256Hex(new TextEncoder().encode(sandboxCatalog));
    running.seed.putObject(AUDIT_BUCKET, `v1/catalog/${digest}.jws`, signed, running.now());
  }
  return {
    location: `s3://${AUDIT_BUCKET}#${trustDigest(readTrust(trust).trust)}`,
    adminKey: files.key,
    catalog: files.catalog,
    logKey: files.log,
    witnessKey: files.witness,
  };
}

/** A key with which the sandbox's STS or CI service signs, as an administrator would archive it from the issuer's JWKS. */
function publicTokenKey({ publicJwk }: { readonly publicJwk: object }): Record<string, string> {
  const entries = Object.entries(publicJwk);
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}
