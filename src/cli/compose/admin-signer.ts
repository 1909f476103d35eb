import { isArn, parseKmsArn } from "../../access/kms-arn.ts";
import type { PublicJwk } from "../../access/types.ts";
import type { Signer } from "../../audit/ports.ts";
import type { Context } from "../context.ts";
import { readAdminKey, readPublicKey } from "./admin-keys.ts";

/**
 * The key that `--key` names: a file's, or one in KMS by its ARN.
 * @throws JitError `KEY_FILE`, `LOCAL_UNSAFE`, `KMS_…`
 */
export async function openAdminKey(context: Context, named: string): Promise<Signer> {
  return isArn(named) ? await openKmsKey(context, named) : readAdminKey(named);
}

/** The public half of another's key: of a file, or in KMS. */
export async function openPublicKey(context: Context, named: string): Promise<PublicJwk> {
  return isArn(named) ? (await openKmsKey(context, named)).publicKey : readPublicKey(named);
}

/** A signer with a key in KMS, by the caller's own credentials. */
export async function openKmsKey(context: Context, arn: string): Promise<Signer> {
  const key = parseKmsArn(arn);
  const { openPlainAws } = await import("./audit.ts");
  const { kmsKey } = await import("../../aws/kms-signer.ts");
  const kms = kmsKey({ aws: openPlainAws(context, key.region), key });
  return kms.signer(await kms.publicKey());
}
