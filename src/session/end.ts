import { sha256Hex } from "../access/digest.ts";
import { type AppendPorts, appendRecord } from "../audit/append.ts";
import type { EndBody, StoredRecord } from "../audit/types.ts";
import type { EndedCommand } from "./exec.ts";
import type { Session } from "./types.ts";

/** Writes that a command ended. The record holds the SHA-256 of its arguments joined by NUL, not the arguments. */
export function recordEnd(ports: AppendPorts, ended: EndedCommand): Promise<StoredRecord<"end">> {
  const { session, argv, exitCode, seconds } = ended;
  const command = sha256Hex(new TextEncoder().encode(argv.join("\0")));
  return append(ports, session, { outcome: "completed", exitCode, seconds, command });
}

/** Writes that a session was forgotten: its credentials are on this machine no longer, though AWS still takes them. */
export function recordForgotten(ports: AppendPorts, session: Session): Promise<StoredRecord<"end">> {
  return append(ports, session, { outcome: "forgotten", exitCode: -1, seconds: -1, command: "-" });
}

function append(
  ports: AppendPorts,
  { request, requestHash, issueHash }: Session,
  what: Omit<EndBody, "requestHash" | "issueHash">,
): Promise<StoredRecord<"end">> {
  const body = { requestHash, issueHash, ...what };
  return appendRecord(ports, { type: "end", request, body: () => body });
}
