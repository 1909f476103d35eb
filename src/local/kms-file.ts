import { parsePublicJwk } from "../access/jwk.ts";
import type { PublicJwk } from "../access/types.ts";
import { codeOf, JitError } from "../error.ts";
import { readPrivate } from "./files.ts";

/** What this machine knows of a key in KMS, so that AWS need not be asked each time. */
export interface KmsFile {
  /** ARN of the key or an alias, as it was named. */
  readonly arn: string;
  readonly publicKey: PublicJwk;
}

export function printKmsFile({ arn, publicKey }: KmsFile): string {
  return `${JSON.stringify({ v: 1, arn, publicKey })}\n`;
}

/** @throws JitError `LOCAL_DAMAGED` */
export function readKmsFile(path: string): KmsFile | undefined {
  const bytes = readPrivate(path);
  if (bytes === undefined) return undefined;
  try {
    const value = JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown> | null;
    const arn = value?.["arn"];
    if (value?.["v"] !== 1 || typeof arn !== "string") throw new Error("not of this version");
    return { arn, publicKey: parsePublicJwk(value["publicKey"]) };
  } catch (cause) {
    throw new JitError("LOCAL_DAMAGED", `what is known of the key in KMS cannot be read: ${path}`, {
      hint: "move the file away: AWS is asked again then",
      cause: codeOf(cause),
    });
  }
}
