import { enrolKey, holdChain } from "../../audit/append.ts";
import { JitError } from "../../error.ts";
import { keyPlaceOf, retireOwnKey } from "../compose/keys.ts";
import { connect } from "../compose.ts";
import { type Context, isOn, printJson } from "../context.ts";
import { confirm } from "../prompts.ts";
import { wrap } from "../style.ts";

/** `jit keys rotate`: throws this machine's signing key away, and enrols a new one. */
export async function keysRotate(context: Context): Promise<number> {
  const before = await connect(context, false, { evenRevoked: true });
  const { records } = before.request;
  const old = records.signer.thumbprint;
  if (keyPlaceOf(context) !== undefined) {
    throw new JitError("USAGE", "this machine signs with a key in KMS, which is not jit's to change", {
      hint: "make another key in KMS, then: jit config key ARN",
    });
  }
  const { terminal, style } = context;
  const waiting = (await before.waiting.list()).length;
  if (waiting > 0)
    terminal.note(style.warn(`${waiting} of your requests wait for approval: they must be asked for anew`));
  if (!isOn(context, "yes") && terminal.interactive) {
    terminal.note("open sessions go on, and are not renewed");
    if (!(await confirm(context, "Throw this machine's signing key away?", "--yes")))
      throw new JitError("CANCELLED", "cancelled; nothing changed");
  }
  // What is signed and not sent would be lost with its key.
  await holdChain(records, async () => undefined);
  await records.chain.hold(async ({ position }) => {
    if (position.pending !== undefined)
      throw new JitError("LOCK_LOST", "another command is writing with this key", {
        hint: "try again when it has ended",
      });
    retireOwnKey(context, before, old);
  });
  // A crash here leaves no key: the next request makes one.
  const after = await connect(context);
  await enrolKey(after.request.records);
  const { thumbprint } = after.request.records.signer;
  if (context.json) printJson(context, { retired: old, thumbprint });
  else {
    terminal.print(`${style.good("✓")} new key ${thumbprint}`);
    const gone = `${old} is gone from this machine; what it signed stays valid until it is revoked`;
    terminal.note(style.dim(`  ${wrap(gone, terminal.noteColumns, "  ")}`));
  }
  return 0;
}
