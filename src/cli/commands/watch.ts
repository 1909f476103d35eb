import { JitError } from "../../error.ts";
import type { WaitingRequest } from "../../session/approve/waiting.ts";
import { requestArgument } from "../approvals.ts";
import { type Connection, connect } from "../compose.ts";
import type { Context } from "../context.ts";
import { report } from "../render/obtained.ts";
import { waitFor } from "../waiting.ts";

/** `jit watch [REQUEST]`: waits for the approvals of a request of this machine, and picks its session up. */
export async function watch(context: Context): Promise<number> {
  const connection = await connect(context);
  const of = await wanted(context, connection);
  return report(context, await waitFor(context, connection, of), of.targets);
}

async function wanted(context: Context, connection: Connection): Promise<WaitingRequest> {
  const { organization, identity } = connection;
  const own = (await connection.waiting.list()).filter(
    (one) => one.organization === organization.fingerprint && one.userid === identity.userid,
  );
  const [named] = context.invocation.args;
  const id = named === undefined ? undefined : requestArgument(context);
  const found = id === undefined ? own.at(-1) : own.find(({ request }) => request === id);
  if (found !== undefined) return found;
  if (id === undefined) {
    throw new JitError("REQUEST_NOT_FOUND", "no request of yours waits on this machine", {
      hint: "jit request STORE:ACCESS makes one",
    });
  }
  throw new JitError("REQUEST_NOT_OURS", `the request ${id} does not wait on this machine`, {
    hint: "it is picked up where it was made, by who made it; `jit audit show` tells what became of it",
  });
}
