import type { Catalog, Notification } from "../../access/types.ts";
import { type AppendPorts, holdChain } from "../../audit/append.ts";
import { codeOf } from "../../error.ts";
import type { Notice } from "../types.ts";
import type { Happening } from "./happening.ts";
import { jsonMessage } from "./json-message.ts";
import { slackMessage } from "./slack-message.ts";

/** Brings one message to where the catalog sends it. */
export interface Messenger {
  /**
   * Within the notification's timeout, and once.
   * @returns `undefined` where it arrived, else the code and our own words for why not
   */
  deliver(
    notification: Notification,
    message: { readonly body: string; readonly sentAt: number },
  ): Promise<Notice | undefined>;
}

export interface TellPorts {
  readonly messenger: Messenger;
  readonly records: AppendPorts;
}

/** What became of one message. */
export interface Told {
  /** Host of the webhook, or name of the program. */
  readonly to: string;
  readonly failure: Notice | undefined;
}

/** Sends what happened to everybody whom the catalog tells of it, all at the same time. Never throws. */
export async function tellAll(
  { messenger, records }: TellPorts,
  catalog: Pick<Catalog, "organization" | "notifications">,
  happening: Happening,
): Promise<readonly Told[]> {
  const { event } = happening;
  const meant = (catalog.notifications ?? []).filter(({ on }) => event === "test" || on.includes(event));
  const { organization } = catalog;
  return await Promise.all(
    meant.map(async (notification): Promise<Told> => {
      const to = receiverName(notification);
      try {
        const sentAt = Math.floor(records.clock.now().getTime() / 1000);
        const make =
          notification.to.kind === "webhook" && notification.to.format === "slack"
            ? slackMessage
            : jsonMessage;
        const body = make(happening, notification, { organization, sentAt });
        return { to, failure: await messenger.deliver(notification, { body, sentAt }) };
      } catch (error) {
        // Whatever it is, the request goes on.
        return {
          to,
          failure: { code: "NOTIFY_FAILED", message: `it failed (${codeOf(error) ?? "unknown"})` },
        };
      }
    }),
  );
}

/**
 * Says who was not told, and records it: one **notice** record each.
 * @returns for whoever asked; never throws
 */
export async function recordFailures(
  { records }: Pick<TellPorts, "records">,
  { event, request, requestHash }: Happening,
  told: readonly Told[],
): Promise<readonly Notice[]> {
  const failed = told.flatMap(({ to, failure }) => (failure === undefined ? [] : [{ to, ...failure }]));
  const notices = failed.map(({ to, code, message }) => ({
    code,
    message: `${to} was not told: ${message}`,
  }));
  if (failed.length === 0 || event === "test") return notices;
  try {
    await holdChain(records, async (append) => {
      for (const { to, code } of failed) {
        await append({ type: "notice", request, body: () => ({ requestHash, event, to, code }) });
      }
    });
    return notices;
  } catch (error) {
    const why = codeOf(error) ?? "unknown error";
    const message = `that somebody was not told is not recorded either: ${why}`;
    return [...notices, { code: "NOTICE_UNRECORDED", message }];
  }
}

/** Host of the webhook (its path may be a secret), or the program without its folder. */
export function receiverName({ to }: Notification): string {
  if (to.kind === "webhook") return (URL.parse(to.url)?.host || "webhook").slice(0, 255);
  return (to.command[0]?.split(/[/\\]/).at(-1) || "command").slice(0, 255);
}
