import { treeKeysOf } from "../../audit/tree/keys.ts";
import { witness } from "../../audit/tree/witness.ts";
import { openAdminKey } from "../compose/admin-signer.ts";
import { openAudit } from "../compose/audit.ts";
import { openHere } from "../compose/here.ts";
import { openTreeKey, witnessFile, witnessMemory } from "../compose/tree-keys.ts";
import { type Context, printJson, text } from "../context.ts";

/** `jit audit witness`: cosigns the newest checkpoint if it continues the last; for cron, in another account than the log's. */
export async function auditWitness(context: Context): Promise<number> {
  const audit = await openAudit(context);
  const { logKeys, witnesses } = treeKeysOf(audit.trust);
  const named = text(context, "key") ?? "witness.jwk";
  const { signer, key } = openTreeKey(await openAdminKey(context, named), named, witnesses, "witness");
  const { paths, lock } = openHere(context);
  const file = text(context, "state") ?? witnessFile(paths.state, audit.fingerprint);
  const memory = witnessMemory(file);
  // Two runs at once would remember in the wrong order.
  const witnessed = await lock.hold(`witness ${file}`, () =>
    witness({ store: audit.store, clock: audit.clock, signer, key, logKeys, memory }),
  );
  const { terminal, style } = context;
  if (witnessed === undefined) {
    if (context.json) printJson(context, { cosigned: false, size: 0 });
    else terminal.print("the log has no checkpoint yet");
    return 0;
  }
  const { head, before, cosigned } = witnessed;
  const root = Buffer.from(head.root).toString("base64");
  if (context.json) {
    printJson(context, {
      cosigned,
      origin: head.origin,
      size: head.size,
      root,
      before: before?.size ?? null,
    });
    return 0;
  }
  const since =
    before === undefined ? "the first that this witness saw" : `it continues that of ${before.size}`;
  terminal.print(
    cosigned
      ? `${style.good("✓")} cosigned the log of ${head.size} entries; ${since}`
      : `${style.good("✓")} the log of ${head.size} entries is cosigned already`,
  );
  return 0;
}
