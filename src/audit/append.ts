import { sha256Hex } from "../access/digest.ts";
import type { Identity } from "../access/types.ts";
import { codeOf, JitError } from "../error.ts";
import { open, seal } from "./envelope.ts";
import { makeId } from "./id.ts";
import { formatKey } from "./key.ts";
import type {
  Chain,
  Clock,
  HeldChain,
  Journal,
  JournalEntry,
  PendingRecord,
  Random,
  RecordStore,
  Signer,
} from "./ports.ts";
import { makeNonce } from "./signer.ts";
import { formatTime, hourOf } from "./time.ts";
import type { AuditRecord, Bodies, Checkpoint, RecordType, StoredRecord } from "./types.ts";

/** What every record of this writer says. */
export interface Writer {
  /** The organization's fingerprint, or `unsigned`. */
  readonly log: string;
  readonly by: Identity;
  /** `jit/0.1.0` */
  readonly client: string;
  /** Digest of the catalog in force. */
  readonly catalog: string;
  readonly seen: Checkpoint | "-";
}

export interface AppendPorts {
  readonly store: Pick<RecordStore, "create">;
  /** The local state of this signer's chain in this log. */
  readonly chain: Chain;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly random: Random;
  readonly writer: Writer;
  /** AWS's signed statement for an audience, `undefined` where there is none. Asked for once in a key's life. */
  statement(audience: string): Promise<string | undefined>;
  /** Where requests under way are noted: an abort that a crash owes is opened there before, and closed after. */
  readonly journal?: Pick<Journal, "open" | "close">;
}

/** Where the record will stand; what a body may need to know of it. */
export interface Place {
  readonly id: string;
  readonly nonce: string;
  /** Request id, or `-`. */
  readonly request: string;
  readonly n: number;
  readonly prev: string;
  readonly at: string;
}

/** A record to be. */
export interface Draft<T extends RecordType> {
  readonly type: T;
  /** Request id. Left out for `request`, which makes its own. */
  readonly request?: string;
  body(place: Place): Bodies[T];
  /**
   * Called when the record is signed and kept on disk, before it is sent: whatever must be durable before the record
   * can be in the bucket (`journal.open`).
   */
  signed?(stored: StoredRecord<T>): Promise<void>;
}

/** Appends within one hold of the chain. */
export type Append = <T extends RecordType>(draft: Draft<T>) => Promise<StoredRecord<T>>;

/**
 * Appends one record to the writer's chain and to the bucket; the first of a key is preceded by its `enrol`. When the
 * promise resolves, the record is durable and readable by everyone. When it rejects, the record may be in the bucket
 * all the same, or arrive there with the next append; then an `abort` of code CRASHED follows it.
 * @throws JitError `KEY_IN_TWO_PLACES`; what `RecordStore.create`, the chain and the signer throw; `RECORD_INVALID`
 * and the like where the draft breaks the format (nothing is written then)
 */
export function appendRecord<T extends RecordType>(
  ports: AppendPorts,
  draft: Draft<T>,
): Promise<StoredRecord<T>> {
  return holdChain(ports, (append) => append(draft));
}

/** Several records in one hold: no other process's record comes between them. What a crash left is sent first. */
export function holdChain<R>(ports: AppendPorts, work: (append: Append) => Promise<R>): Promise<R> {
  return ports.chain.hold(async (chain) => {
    let owed = await resendPending(ports, chain);
    const payOwed = async (): Promise<void> => {
      if (owed === undefined) return;
      const { request, ...body } = owed;
      owed = undefined;
      await write(ports, chain, { type: "abort", request, body: () => ({ code: "CRASHED", ...body }) });
      // A crash here leaves a journal entry whose abort is stored already; the next run writes a second one.
      await ports.journal?.close(request);
    };
    const append: Append = async (draft) => {
      // A caller that aborts the very request says more than we would.
      if (draft.type === "abort" && draft.request === owed?.request) owed = undefined;
      await payOwed();
      if (chain.position.next === 0) await enrol(ports, chain);
      return write(ports, chain, draft);
    };
    try {
      return await work(append);
    } finally {
      await payOwed();
    }
  });
}

/** Brings this writer's key into the log, where it is not there yet. What a crash left is sent, and aborted, first. */
export async function enrolKey(ports: AppendPorts): Promise<void> {
  await holdChain(ports, async () => undefined);
  await ports.chain.hold(async (chain) => {
    if (chain.position.next === 0 && chain.position.pending === undefined) await enrol(ports, chain);
  });
}

/**
 * Sends what is signed and perhaps not stored. Whoever signed it died, or was told that it failed: a request or session
 * in it was never handed over, so an abort has to follow.
 */
async function resendPending(ports: AppendPorts, chain: HeldChain): Promise<JournalEntry | undefined> {
  const pending = chain.position.pending;
  if (pending === undefined) return undefined;
  const record = readPending(ports, chain, pending);
  const sha256 = sha256Hex(pending.bytes);
  const owed = owedFor(record, sha256);
  // Noted first: a crash after the record is sent must not lose the abort.
  if (owed !== undefined) await ports.journal?.open(owed);
  await send(ports, chain, { ...pending, record, sha256 });
  if (record.type === "abort") await ports.journal?.close(record.request);
  return owed;
}

function owedFor(record: AuditRecord, sha256: string): JournalEntry | undefined {
  const { request } = record;
  if (record.type === "request") return { request, requestHash: sha256, step: "request", accessKeyId: "-" };
  // A sealed session is handed over by its very record: whom it is for opens it, late as it comes.
  if (record.type !== "issue" || record.sealed !== "-") return undefined;
  const { requestHash, accessKeyId } = record;
  return { request, requestHash, step: "issueRecord", accessKeyId };
}

/** What lies on the disk is believed only if it is this key's next record in this log. */
function readPending(ports: AppendPorts, chain: HeldChain, pending: PendingRecord): AuditRecord {
  const { signer, writer } = ports;
  const opened = open(pending.bytes, (kid) => (kid === signer.thumbprint ? signer.publicKey : undefined));
  const { next, prev } = chain.position;
  const fits =
    opened.ok &&
    opened.record.log === writer.log &&
    opened.record.n === next &&
    opened.record.prev === prev &&
    keyNameOf(opened.record, opened.kid) === pending.key;
  if (!fits) {
    throw new JitError(
      "CHAIN_DAMAGED",
      "the record that this machine has yet to send is not the next of its chain",
      {
        hint: "the local state was changed or copied: give this machine a key of its own",
      },
    );
  }
  return opened.record;
}

/** Record 0: the key, and AWS's word whose it is. */
async function enrol(ports: AppendPorts, chain: HeldChain): Promise<void> {
  const statement = (await ports.statement(ports.signer.thumbprint)) ?? "-";
  await write(ports, chain, { type: "enrol", body: () => ({ key: ports.signer.publicKey, statement }) });
}

async function write<T extends RecordType>(
  ports: AppendPorts,
  chain: HeldChain,
  draft: Draft<T>,
): Promise<StoredRecord<T>> {
  const { signer, writer } = ports;
  const { log, client, catalog, seen } = writer;
  const { arn, userid, account } = writer.by;
  const now = ports.clock.now();
  const nonce = makeNonce(ports.random);
  const id = makeId(now.getTime(), signer.thumbprint, nonce);
  const { next: n, prev } = chain.position;
  const request = draft.request ?? (draft.type === "request" ? id : "-");
  const place = { id, nonce, request, n, prev, at: formatTime(now) };
  const head = { v: 1, type: draft.type, ...place, log, by: { arn, userid, account }, client, catalog, seen };
  const record = { ...head, ...draft.body(place) } as AuditRecord<T>;
  const bytes = await seal(record, signer);
  const stored = { key: keyNameOf(record, signer.thumbprint), bytes, sha256: sha256Hex(bytes), record };
  // A crash before this leaves nothing. After it the record occupies its number: the next run sends these bytes.
  await chain.setPending({ key: stored.key, bytes });
  // A crash between the two leaves a record that is sent, and aborted, by the next run.
  await draft.signed?.(stored);
  return send(ports, chain, stored);
}

async function send<T extends RecordType>(
  ports: AppendPorts,
  chain: HeldChain,
  stored: StoredRecord<T>,
): Promise<StoredRecord<T>> {
  try {
    // A crash or lost reply here leaves the record in the bucket or not; pending it is, so the same bytes go again.
    await ports.store.create(stored.key, stored.bytes);
  } catch (cause) {
    if (codeOf(cause) !== "RECORD_CONFLICT") throw cause;
    throw new JitError("KEY_IN_TWO_PLACES", "another machine has signed with this machine's key", {
      hint: "give each machine a key of its own; tell whoever keeps the audit bucket",
      cause,
    });
  }
  // A crash before this leaves a stored record pending: sending it again is a success that changes nothing.
  await chain.advance(stored.sha256);
  return stored;
}

function keyNameOf(record: AuditRecord, thumbprint: string): string {
  const { request, n, type, by, at } = record;
  return formatKey({ hour: hourOf(at), request, userid: by.userid, thumbprint, n, type });
}
