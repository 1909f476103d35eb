import { extendsOf } from "../extends.ts";
import { asNoise, type Finding, finding } from "../finding.ts";
import type { Link, RequestLink } from "./link.ts";
import type { Spoilt } from "./spoilt.ts";

/** All that lies under one request. */
export interface Records {
  readonly links: readonly Link[];
  readonly spoilt: Spoilt;
}

/**
 * Whether what a request says to extend is there, another one of the same requester and for the same targets. Anybody can say so of
 * anything under the own prefix: it is noise where no session came of it.
 * @param find what lies under another request
 * @param fitsGone where what lies under it is known no more, whether it fitted; `undefined`: it is known
 */
export function extendsFindings(
  links: readonly Link[],
  find: (request: string) => Records | undefined,
  fitsGone: (request: string, asked: RequestLink) => boolean | undefined = () => undefined,
): Finding[] {
  return links
    .filter((link) => link.type === "request")
    .flatMap((link) => judge(link, links, find, fitsGone));
}

function judge(
  asked: RequestLink,
  links: readonly Link[],
  find: (request: string) => Records | undefined,
  fitsGone: (request: string, asked: RequestLink) => boolean | undefined,
): Finding[] {
  const named = extendsOf(asked.asked);
  if (named === undefined) return [];
  const graver = links.some(({ tellsSession }) => tellsSession);
  const say = (code: "EXTENDS_UNKNOWN" | "EXTENDS_DIFFERS", message: string) => {
    const found = finding(code, asked.name, asked.userid, message);
    return [graver ? found : asNoise(found)];
  };
  const differs = () =>
    say("EXTENDS_DIFFERS", "the request extends another requester's, or one for other targets");
  const fitted = fitsGone(named, asked);
  if (fitted !== undefined) return fitted ? [] : differs();
  const { links: others = [], spoilt } = find(named) ?? {};
  const requests = others.filter((link) => link.type === "request");
  if (requests.length === 0 && spoilt?.has("request", asked.userid) === true) return [];
  if (requests.length === 0) return say("EXTENDS_UNKNOWN", "the request extends one that is not in the log");
  const fits = requests.some(
    (one) =>
      one.userid === asked.userid &&
      one.sha256 !== asked.sha256 &&
      one.targets.join(" ") === asked.targets.join(" "),
  );
  return fits ? [] : differs();
}
