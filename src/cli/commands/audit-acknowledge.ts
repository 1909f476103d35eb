import { refuseRevokedKey } from "../../access/trust/revoked-keys.ts";
import { acknowledgementName, signAcknowledgement } from "../../audit/acknowledge/acknowledgement.ts";
import { canBeAcknowledged, evidenceOf, findingHash, nameFinding } from "../../audit/acknowledge/evidence.ts";
import { readAcknowledgements } from "../../audit/acknowledge/read.ts";
import type { JudgedFinding } from "../../audit/acknowledge/report.ts";
import { codeOf, JitError } from "../../error.ts";
import { commentOf } from "../approvals.ts";
import { refuseStranger } from "../compose/admin-keys.ts";
import { openAdminKey } from "../compose/admin-signer.ts";
import { openAudit } from "../compose/audit.ts";
import { argument, type Context, printJson, text } from "../context.ts";
import { findingLine } from "../render/finding.ts";
import { verifyAll } from "./audit.ts";

/** `jit audit acknowledge FINDING`: an administrator's word that a finding is known, beside the records for all to read. */
export async function auditAcknowledge(context: Context): Promise<number> {
  const wanted = argument(context, 0, "the finding");
  if (!/^[0-9a-f]{8,64}$/.test(wanted)) {
    throw new JitError("USAGE", "that is no hash of a finding", {
      hint: "`jit audit verify` shows it: 8 of its digits are enough",
    });
  }
  const reason = reasonOf(context);
  const audit = await openAudit(context);
  const { store, trust, fingerprint } = audit;
  if (trust === undefined)
    throw new JitError("TRUST_INVALID", "without a trust file there is no administrator");
  const signer = await openAdminKey(context, text(context, "key") ?? "admin.jwk");
  refuseStranger(trust, signer);
  refuseRevokedKey(trust, signer.thumbprint, audit.clock.now());
  const { findings } = await context.terminal.progress("Verifying every record", (tell) =>
    verifyAll(context, audit, tell),
  );
  const found = findIn(findings, wanted);
  const named = nameFinding(found, await evidenceOf(store, found.object));
  const hash = findingHash(named);
  if (hash !== found.hash)
    throw new JitError("FINDING_CHANGED", "the object has changed meanwhile", {
      hint: "look at it again: jit audit verify",
    });
  const said = { v: 1 as const, log: fingerprint, reason, ...named, severity: found.severity };
  try {
    await store.create(acknowledgementName(hash, signer.thumbprint), await signAcknowledgement(said, signer));
  } catch (error) {
    if (codeOf(error) !== "RECORD_CONFLICT") throw error;
    throw new JitError("ACKNOWLEDGED_ALREADY", "this key has acknowledged that finding before", {
      hint: "what is said of it stands, and cannot be said anew",
    });
  }
  const by = (await readAcknowledgements(store, audit)).counting.get(hash)?.by;
  if (context.json)
    printJson(context, { hash, finding: found, counts: by !== undefined, acknowledged: by ?? [] });
  else {
    const { terminal, style } = context;
    const known = by === undefined ? found : { ...found, acknowledged: by };
    terminal.print(findingLine(known, style, terminal.columns));
    if (by === undefined)
      terminal.note(style.dim(`  it counts once ${trust.threshold} administrators have acknowledged it`));
  }
  return 0;
}

function reasonOf(context: Context): string {
  const reason = commentOf(context, text(context, "reason"), "reason");
  if (reason !== "") return reason;
  throw new JitError("FLAG_MISSING", "--reason is missing: why may this finding stand?", {
    hint: "it lies beside the records, and everybody who verifies reads it",
  });
}

/** @throws JitError `FINDING_UNKNOWN`, `FINDING_AMBIGUOUS` */
function findIn(findings: readonly JudgedFinding[], wanted: string): JudgedFinding {
  const hashes = new Set(findings.flatMap(({ hash }) => (hash?.startsWith(wanted) === true ? [hash] : [])));
  const [hash, other] = hashes;
  const found = findings.find((one) => one.hash !== undefined && one.hash === hash);
  if (found === undefined) {
    const grave = findings.some(({ code, severity }) => severity === "invalid" && !canBeAcknowledged(code));
    throw new JitError("FINDING_UNKNOWN", `there is no finding ${wanted}`, {
      hint: grave
        ? "`jit audit verify` shows those that can be acknowledged; that the tree is damaged is none of them"
        : "`jit audit verify` shows them",
    });
  }
  if (other !== undefined)
    throw new JitError("FINDING_AMBIGUOUS", `${wanted} begins several findings: give more digits`);
  return found;
}
