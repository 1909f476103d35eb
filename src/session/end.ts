import { sha256Hex } from "../access/digest.ts";
import { type AppendPorts, holdChain } from "../audit/append.ts";
import type { EndBody, StoredRecord } from "../audit/types.ts";
import type { EndedCommand } from "./exec.ts";
import type { Session } from "./types.ts";

/** What an end record is to say. */
export interface End extends EndBody {
  readonly request: string;
}

/** Ends of one caller's sessions that are yet to be recorded. */
export interface OwedEnds {
  /** Durable when the promise resolves. */
  add(end: End): Promise<void>;
  list(): Promise<readonly { readonly name: string; readonly end: End }[]>;
  remove(name: string): Promise<void>;
}

/** A command ended. The record holds the SHA-256 of its arguments joined by NUL, not the arguments. */
export function endOfCommand({ session, argv, exitCode, seconds }: EndedCommand): End {
  const command = sha256Hex(new TextEncoder().encode(argv.join("\0")));
  return { ...referenceTo(session), outcome: "completed", exitCode, seconds, command };
}

/** A session was forgotten: its credentials are on this machine no longer, though AWS still takes them. */
export function endForgotten(session: Session): End {
  return { ...referenceTo(session), outcome: "forgotten", exitCode: -1, seconds: -1, command: "-" };
}

function referenceTo({ request, requestHash, issueHash }: EndedCommand["session"]) {
  return { request, requestHash, issueHash };
}

/**
 * Writes the end records that are owed; who calls must be whose sessions they were, or the records count for nothing.
 * What cannot be written is owed still, or signed and sent with the next record.
 * @throws JitError as `appendRecord`
 */
export async function payOwedEnds(
  ports: AppendPorts,
  owed: OwedEnds,
): Promise<readonly StoredRecord<"end">[]> {
  if ((await owed.list()).length === 0) return [];
  return holdChain(ports, async (append) => {
    const written: StoredRecord<"end">[] = [];
    // Listed while the chain is held, so that no other run writes the same one.
    for (const { name, end } of await owed.list()) {
      const { request, ...body } = end;
      // Signed, it is sent whatever happens. A crash before the removal writes it twice: clumsy, but no gap.
      const signed = () => owed.remove(name);
      written.push(await append({ type: "end", request, body: () => body, signed }));
    }
    return written;
  });
}
