import { endedEarly } from "../../session/revoke/ended-early.ts";
import { findLiveSessions, lookBack } from "../../session/revoke/live-sessions.ts";
import { revokeSessions } from "../../session/revoke/revoke.ts";
import { sweepDenials } from "../../session/revoke/sweep.ts";
import { connect } from "../compose.ts";
import { type Context, printJson } from "../context.ts";
import { printSwept, sessionLine } from "../render/revoke.ts";
import { ownerHere, rolesOf } from "../revoke-question.ts";

/** `jit sweep`, for cron: revokes sessions that were forgotten before their grant ended, and removes denials that have ended. */
export async function sweep(context: Context): Promise<number> {
  const connection = await connect(context);
  const { organization, clock, bucket } = connection;
  const { terminal, style } = context;
  const ports = await connection.revoke();
  const roles = rolesOf(connection);
  const owner = ownerHere(connection);
  const options = {
    log: organization.fingerprint,
    trust: organization.trust,
    clock,
    hours: lookBack(organization.catalog),
  };
  const early = await terminal.progress("Looking for what has ended early", async () => {
    const { sessions } = await findLiveSessions(bucket, { kind: "all" }, options);
    const known = sessions.filter(({ role }) => roles.includes(role));
    return await endedEarly({ store: bucket, policies: ports.policies }, known, options);
  });
  const revoked =
    early.length === 0
      ? undefined
      : await terminal.progress("Revoking", () =>
          revokeSessions(ports, {
            sessions: early,
            person: undefined,
            roles: [],
            reason: "jit sweep: forgotten by the requester",
            owner,
          }),
        );
  const failure = revoked?.roles.find(({ error }) => error !== undefined)?.error ?? revoked?.unrecorded;
  const swept = await terminal.progress("Sweeping", () => sweepDenials(ports, { roles, owner }));
  if (context.json) {
    printJson(context, { revoked: revoked?.sessions ?? [], swept });
  } else {
    for (const session of revoked?.sessions ?? []) {
      const mark = session.revoked ? `${style.good("✓")} revoked:` : `${style.bad("✗")} NOT revoked:`;
      terminal.print(`${mark} ${sessionLine(session)}`);
    }
    printSwept(context, swept);
  }
  if (failure !== undefined) throw failure;
  return 0;
}
