import type { Notification } from "../types.ts";
import { checkPrivateBlock } from "../webhook/addresses.ts";
import { checkWebhookUrl } from "../webhook/url.ts";
import type { Report } from "./problem.ts";
import type { CatalogYaml } from "./schema.ts";

type NotificationYaml = NonNullable<CatalogYaml["notifications"]>[number];

/** Who is told of what; a webhook or a command each. */
export function notificationsOf(
  all: readonly NotificationYaml[] = [],
  report: Report,
): readonly Notification[] {
  return all.flatMap((one, index) => {
    const own: Report = (path, ...rest) => report([index, ...path], ...rest);
    const to = receiverOf(one, own);
    if (to === undefined) return [];
    return [{ to, on: one.on, texts: one.texts ?? false, timeout: timeoutOf(one, own) }];
  });
}

function receiverOf({ webhook, command }: NotificationYaml, report: Report): Notification["to"] | undefined {
  if ((webhook === undefined) === (command === undefined)) {
    report([], "needs either webhook or command");
    return undefined;
  }
  if (webhook === undefined) return { kind: "command", command: command ?? [] };
  const { url, format, secretVariable, networks = [] } = webhook;
  const own: Report = (path, ...rest) => report(["webhook", ...path], ...rest);
  const problem = checkWebhookUrl(url);
  if (problem !== undefined) own(["url"], problem);
  if (secretVariable !== undefined && format === "slack")
    own(["secretVariable"], "signs messages of format json; Slack looks at no signature");
  checkNetworks(networks, own);
  return { kind: "webhook", url, format, secretVariable, networks };
}

/** How long somebody else may take. @returns seconds */
export function timeoutOf(
  { timeout = 3 }: { readonly timeout?: number | undefined },
  report: Report,
): number {
  if (timeout > 30) report(["timeout"], "is longer than 30s, for which nobody waits");
  return timeout;
}

export function checkNetworks(networks: readonly string[], report: Report): void {
  for (const [index, block] of networks.entries()) {
    const wrong = checkPrivateBlock(block);
    if (wrong !== undefined) report(["networks", index], wrong);
  }
}
