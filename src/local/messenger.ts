import type { Notification } from "../access/types.ts";
import { signatureHeader } from "../session/notify/signature.ts";
import type { Messenger } from "../session/notify/tell.ts";
import { type Notice, Secret } from "../session/types.ts";
import { runHook } from "./notify-command.ts";
import { callOut, type OutgoingOptions } from "./outgoing.ts";

export interface MessengerOptions extends OutgoingOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where commands run: never the folder that jit was called in, which may be anybody's. */
  readonly folder: string;
}

type Webhook = Extract<Notification["to"], { kind: "webhook" }>;

/** Sends messages to webhooks and commands. */
export function messenger(options: MessengerOptions): Messenger {
  return {
    async deliver({ to, timeout }, { body, sentAt }) {
      if (to.kind === "command") return await runHook(to.command, { body, timeout, ...options });
      const { secretVariable } = to;
      const secret = secretVariable === undefined ? undefined : options.env[secretVariable];
      if (secretVariable !== undefined && (secret === undefined || secret === "")) {
        const message = `the variable ${secretVariable}, which holds the secret of its signature, is not set`;
        return { code: "NOTIFY_SECRET_MISSING", message };
      }
      const headers: Record<string, string> =
        secret === undefined ? {} : { "jit-signature": signatureHeader(new Secret(secret), sentAt, body) };
      return await post(to, { body, headers, timeout }, options);
    },
  };
}

async function post(
  { url, networks }: Webhook,
  { body, headers, timeout }: { body: string; headers: Record<string, string>; timeout: number },
  options: OutgoingOptions,
): Promise<Notice | undefined> {
  const parsed = URL.parse(url);
  if (parsed === null) return { code: "NOTIFY_FORBIDDEN", message: "it is no URL" };
  const reply = await callOut({ url: parsed, body, headers, networks, timeout, maximumAnswer: 0 }, options);
  switch (reply.kind) {
    case "forbidden":
      return { code: "NOTIFY_FORBIDDEN", message: `it ${reply.what}` };
    case "down":
      return { code: "NOTIFY_DOWN", message: reply.why };
    case "wrong":
      return { code: "NOTIFY_FAILED", message: `it ${reply.what}` };
    default: {
      const { status } = reply;
      if (status >= 200 && status < 300) return undefined;
      const code = status === 429 || status >= 500 ? "NOTIFY_DOWN" : "NOTIFY_REFUSED";
      const redirect = status >= 300 && status < 400 ? ", a redirect, which is not followed" : "";
      return { code, message: `it answers ${status}${redirect}` };
    }
  }
}
