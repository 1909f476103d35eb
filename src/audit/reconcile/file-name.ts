/** Names of the files that CloudTrail writes. */

export interface LogName {
  readonly kind: "log";
  readonly base: string;
  /** Empty where the name is not CloudTrail's own. */
  readonly account: string;
  readonly region: string;
  /** When it was delivered, Unix seconds; `undefined` where the name does not tell. */
  readonly at: number | undefined;
}

export interface DigestName {
  readonly kind: "digest";
  readonly base: string;
  readonly account: string;
  readonly region: string;
  readonly homeRegion: string;
  readonly trail: string;
  readonly at: number;
  /** Written for log files that an earlier digest should have had; outside its chain. */
  readonly isBackfill: boolean;
}

const logName = /^(\d{12})_CloudTrail_([a-z0-9-]+)_(\d{8}T\d{4}Z)_[A-Za-z0-9]+\.json\.gz$/;
const digestName =
  /^(\d{12})_CloudTrail-Digest_([a-z0-9-]+)_(.+)_([a-z0-9-]+)_(\d{8}T\d{6}Z)(_backfill)?\.json\.gz$/;

/** `undefined` for what is neither a log nor a digest. @param name with or without folders */
export function readFileName(name: string): LogName | DigestName | undefined {
  const base = baseOf(name);
  const [, owner = "", place = "", trail = "", homeRegion = "", ended, backfill] =
    digestName.exec(base) ?? [];
  if (ended !== undefined) {
    const at = timeIn(ended);
    if (at === undefined) return undefined;
    const isBackfill = backfill !== undefined;
    return { kind: "digest", base, account: owner, region: place, homeRegion, trail, at, isBackfill };
  }
  const [, account = "", region = "", delivered] = logName.exec(base) ?? [];
  if (delivered !== undefined) return { kind: "log", base, account, region, at: timeIn(delivered) };
  return /\.json(?:\.gz)?$/.test(base)
    ? { kind: "log", base, account: "", region: "", at: undefined }
    : undefined;
}

export function baseOf(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

function timeIn(spelled: string): number | undefined {
  const [, year, month, day, hour, minute, second = "00"] =
    /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})?Z$/.exec(spelled) ?? [];
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(ms) ? undefined : ms / 1000;
}
