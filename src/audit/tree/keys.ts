import {
  cosignature,
  noteSignature,
  readVerifierKey,
  type VerifierKey,
} from "../../access/trust/verifier-key.ts";
import type { Trust } from "../../access/types.ts";

/** Who signs and cosigns, as the trust file has it. */
export interface TreeKeys {
  readonly logKeys: readonly VerifierKey[];
  readonly witnesses: readonly VerifierKey[];
}

/** Who signs and cosigns the tree, by the trust file; keys of kinds that we cannot verify are left out. */
export function treeKeysOf(trust: Pick<Trust, "logKeys" | "witnesses"> | undefined): TreeKeys {
  const keysOf = (texts: readonly string[], type: number) =>
    texts.flatMap((text) => readVerifierKey(text) ?? []).filter((key) => key.type === type);
  return {
    logKeys: keysOf(trust?.logKeys ?? [], noteSignature),
    witnesses: keysOf(trust?.witnesses ?? [], cosignature),
  };
}
