import type { Identity, Organization } from "../../access/types.ts";
import type { Clock, RecordStore } from "../../audit/ports.ts";
import type { Aws } from "../../aws/clients.ts";
import { type LocalWriter, openWriter, type WriterPlace } from "../../local/key-store.ts";
import type { Here } from "./here.ts";

/** Where keys and chains of one organization and `aws:userid` lie. */
export function writerPlace(
  { paths }: Here,
  { fingerprint }: Pick<Organization, "fingerprint">,
  { userid }: Pick<Identity, "userid">,
): WriterPlace {
  return { keys: `${paths.data}/keys`, chains: `${paths.state}/chains`, fingerprint, userid };
}

/** Who writes records: with the key in KMS that is named, else with this machine's own. Only the former loads KMS's SDK. */
export async function writerOf(
  here: Here,
  place: WriterPlace,
  remote: {
    readonly aws: Aws;
    readonly store: Pick<RecordStore, "list" | "listPrefixes" | "read">;
    readonly clock: Clock;
  },
): Promise<LocalWriter> {
  if (here.signingKey === undefined) return await openWriter(place, here.lock, here.vault);
  const { openKmsWriter } = await import("../../local/kms-writer.ts");
  const { kmsKey } = await import("../../aws/kms-signer.ts");
  const { parseKmsArn } = await import("../../access/kms-arn.ts");
  const arn = here.signingKey;
  return await openKmsWriter(place, here.lock, {
    arn,
    ...kmsKey({ aws: remote.aws, key: parseKmsArn(arn) }),
    async isEnrolled(thumbprint) {
      const { findEnrolment } = await import("../../audit/enrolments.ts");
      const { defaultHours } = await import("../../audit/record-reader.ts");
      const { hourOf, formatTime } = await import("../../audit/time.ts");
      const key = { hour: hourOf(formatTime(remote.clock.now())), userid: place.userid, thumbprint };
      return (await findEnrolment(remote.store, key, place.fingerprint, defaultHours)) !== undefined;
    },
  });
}
