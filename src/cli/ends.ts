import { isJitError, JitError } from "../error.ts";
import { type End, payOwedEnds } from "../session/end.ts";
import type { Session } from "../session/types.ts";
import { owedEndsOf } from "./compose/local.ts";
import type { Connection } from "./compose.ts";
import type { Context } from "./context.ts";

/** Whose session ended: only that caller's records of it count. */
export type Owner = Pick<Session, "organization"> & {
  readonly identity: Pick<Session["identity"], "userid">;
};

/**
 * Records an end. It is noted on the disk first, so that the next run of the same caller records what this one cannot.
 * @throws JitError as connecting and `payOwedEnds`, with words that say so; `END_OF_ANOTHER` where somebody else calls now
 */
export async function recordEnd(
  context: Context,
  owner: Owner,
  end: End,
  connection: () => Promise<Pick<Connection, "organization" | "identity" | "request">>,
): Promise<void> {
  const owed = await owedEndsOf(context, owner.organization, owner.identity.userid);
  await owed.add(end);
  try {
    const { organization, identity, request } = await connection();
    if (identity.userid !== owner.identity.userid || organization.fingerprint !== owner.organization) {
      throw new JitError("END_OF_ANOTHER", `its requester was another than ${identity.arn}`);
    }
    await payOwedEnds(request.records, owed);
  } catch (error) {
    const { code, message } = isJitError(error)
      ? error
      : { code: "UNEXPECTED", message: "something unexpected went wrong" };
    throw new JitError(code, `${message}; the requester's next run records it`, { cause: error });
  }
}
