import { join } from "node:path";
import { parseDuration } from "../../access/duration.ts";
import { allLoopback } from "../../access/endpoints.ts";
import type { Notification } from "../../access/types.ts";
import { checkPrivateBlock } from "../../access/webhook/addresses.ts";
import { checkWebhookUrl } from "../../access/webhook/url.ts";
import type { Alert } from "../../audit/alerts/alert.ts";
import { dueAlerts, readSentState, type SentState } from "../../audit/alerts/due.ts";
import { JitError } from "../../error.ts";
import { ownDirectory, readPrivate, writePrivate } from "../../local/files.ts";
import { messenger } from "../../local/messenger.ts";
import { segmentOf } from "../../local/paths.ts";
import { alertJson, alertSlack } from "../../session/notify/alert-message.ts";
import { receiverName } from "../../session/notify/tell.ts";
import type { Notice } from "../../session/types.ts";
import { type Context, text } from "../context.ts";

/** Whom alerts are sent to, by the flags; `undefined`: nobody. @throws JitError `USAGE` */
export function alertReceiver(context: Context): Notification | undefined {
  const url = text(context, "webhook");
  if (url === undefined) return undefined;
  const wrong = (what: string) =>
    new JitError("USAGE", what, { hint: "docs/monitoring.md says where it may be" });
  const problem = checkWebhookUrl(url);
  if (problem !== undefined) throw wrong(`--webhook ${problem}`);
  const { network } = context.invocation.flags;
  const networks = Array.isArray(network) ? network.map(String) : [];
  for (const block of networks) {
    const bad = checkPrivateBlock(block);
    if (bad !== undefined) throw wrong(`--network ${bad}`);
  }
  const secretVariable = text(context, "secretVariable");
  if (secretVariable !== undefined && !/^JIT_[A-Z0-9_]{1,60}$/.test(secretVariable))
    throw wrong("--secret-variable is no name of a variable that begins with JIT_");
  const format = text(context, "format") === "slack" ? "slack" : "json";
  if (secretVariable !== undefined && format === "slack")
    throw wrong("--secret-variable signs messages of format json; Slack looks at no signature");
  const to = { kind: "webhook", url, format, secretVariable, networks } as const;
  return { to, on: [], texts: false, timeout: 10 };
}

/** Where it is remembered what was sent, unless told. */
export function alertFile(state: string, fingerprint: string): string {
  return join(state, "alerts", `${segmentOf(fingerprint)}.json`);
}

/** @throws JitError `ALERT_STATE` where the file is damaged, or another log's */
export function readSent(path: string, log: string): SentState {
  const bytes = readPrivate(path);
  if (bytes === undefined) return { v: 1, log, sent: {} };
  const state = readSentState(jsonOf(bytes));
  if (state?.log === log) return state;
  throw new JitError("ALERT_STATE", `${path} does not say what was sent of this log`, {
    hint: "name another file with --state, or remove this one: then everything is sent again",
  });
}

export function saveSent(path: string, state: SentState): void {
  ownDirectory(join(path, ".."));
  writePrivate(path, `${JSON.stringify(state)}\n`);
}

/** Most messages of one run; the rest comes with the next. */
const mostMessages = 20;

/**
 * Sends what is due, one after the other, and remembers each when it has arrived: a crash between the two has it sent again.
 * @returns how many arrived, and who was not told, once
 */
export async function sendAlerts(
  { env, home }: Context,
  to: Notification,
  alerts: readonly Alert[],
  {
    state,
    save,
    organization,
    repeat,
    now,
  }: {
    readonly state: SentState;
    readonly save: (state: SentState) => void;
    readonly organization: string;
    /** Duration. */
    readonly repeat: string;
    readonly now: Date;
  },
): Promise<{ readonly sent: number; readonly failures: readonly Notice[] }> {
  const post = messenger({ toLoopback: allLoopback(env), env, folder: home });
  const make = to.to.kind === "webhook" && to.to.format === "slack" ? alertSlack : alertJson;
  const sentAt = Math.floor(now.getTime() / 1000);
  const due = dueAlerts(alerts, state, parseDuration(repeat), now);
  const failures: Notice[] = [];
  let after = state;
  let sent = 0;
  for (const { alert, isRepeated } of due.slice(0, mostMessages)) {
    const body = make(alert, isRepeated, { organization, sentAt });
    const failure = await post.deliver(to, { body, sentAt });
    if (failure !== undefined) {
      failures.push({ code: failure.code, message: `${receiverName(to)} was not told: ${failure.message}` });
      // Who does not answer now will not in a second.
      break;
    }
    after = { ...after, sent: { ...after.sent, [alert.id]: sentAt } };
    save(after);
    sent += 1;
  }
  return { sent, failures };
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return undefined;
  }
}
