import type { Identity, Organization, Trust } from "../../access/types.ts";
import { attestedBy } from "../../audit/attested.ts";
import { type KnownIdentity, writeIdentity } from "../../local/believed.ts";
import { knownThumbprints } from "../../local/key-store.ts";
import type { TokenService } from "../../session/ports.ts";
import type { Context } from "../context.ts";
import type { Here } from "./here.ts";

/** What others signed about who asks, for one key of this machine. */
export interface Proofs {
  /** What goes into a request record. */
  attested(of: { readonly by: Identity; readonly at: string }): Readonly<Record<string, string>>;
  /** AWS's statement where it is for that audience alone, as a key's first record needs it. */
  statementFor(audience: string): string | undefined;
}

/**
 * Keys that a statement of AWS is to be for; none where the trust file names no issuer, since nothing could be checked
 * then. Whose turn it is shows only in GetCallerIdentity's answer, which is asked for at the same time.
 */
export function audiencesOf(
  here: Here,
  fingerprint: string,
  last: Organization | undefined,
): readonly string[] {
  if (last !== undefined && (last.trust?.tokenIssuers ?? []).length === 0) return [];
  return knownThumbprints({ keys: `${here.paths.data}/keys`, fingerprint });
}

/**
 * The statement that came with the identity, and where that is not for this key (a new one) another; of a CI job its
 * token too, at the same time.
 */
export async function proofsOf(
  asked: {
    readonly context: Context;
    readonly here: Here;
    readonly tokens: Pick<TokenService, "statement">;
    readonly known: KnownIdentity;
    readonly accessKeyId: string;
  },
  thumbprint: string,
  trust: Trust | undefined,
): Promise<Proofs> {
  const issuers = trust?.tokenIssuers ?? [];
  if (issuers.length === 0) return { attested: () => ({}), statementFor: () => undefined };
  const { context, here, tokens, known, accessKeyId } = asked;
  const isThere = known.statement === "-" || isFor(known.statement, thumbprint);
  const [aws, ci] = await Promise.all([
    isThere ? known.statement : ((await tokens.statement(thumbprint)) ?? "-"),
    jobToken(context, thumbprint),
  ]);
  if (!isThere) writeIdentity(here.places, accessKeyId, { ...known, statement: aws });
  const statement = aws === "-" ? undefined : aws;
  return {
    attested: (of) => attestedBy({ aws: statement, ci }, { ...of, thumbprint }, issuers),
    statementFor: (audience) => (audiencesIn(statement).join() === audience ? statement : undefined),
  };
}

async function jobToken({ env }: Context, thumbprint: string): Promise<string | undefined> {
  if (env["ACTIONS_ID_TOKEN_REQUEST_URL"] === undefined) return undefined;
  const { ciToken } = await import("../../local/ci-token.ts");
  return await ciToken(env, thumbprint);
}

function isFor(statement: string | undefined, thumbprint: string): boolean {
  return audiencesIn(statement).includes(thumbprint);
}

/** As the token says; its signature is looked at later. */
function audiencesIn(statement: string | undefined): readonly unknown[] {
  try {
    const claims: unknown = JSON.parse(Buffer.from(statement?.split(".")[1] ?? "", "base64url").toString());
    const audience: unknown =
      typeof claims === "object" && claims !== null && "aud" in claims ? claims.aud : undefined;
    return Array.isArray(audience) ? audience : [audience];
  } catch {
    return [];
  }
}
