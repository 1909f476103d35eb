import type { CallLog } from "./calls.ts";
import { type Faults, parseFaultRule } from "./faults.ts";
import type { Reply } from "./service.ts";
import { type SignedRequest, sameSignature } from "./sigv4.ts";

/**
 * The sandbox's own requests, for tests that run it or its clients as other processes. All need the header
 * `x-sandbox-token`, so that no web page and no other program can reach them by knowing the port.
 *
 * - `POST /_sandbox/faults` adds a rule (or a list of rules), `DELETE` clears them, `GET` shows them
 * - `GET /_sandbox/calls` is the log, `DELETE` empties it
 * - `POST /_sandbox/tamper` with `{"bucket": "b", "key": "k"}` changes one bit of an object behind S3's back; with `"remove": true`
 *   its newest version is gone as if it had never been
 * - `POST /_sandbox/trail` has CloudTrail deliver its files and digests now; the answer names them
 * - `POST /_sandbox/clock` with `{"seconds": 3600}` moves the clock; `GET` tells the time
 */
export interface Control {
  readonly faults: Faults;
  readonly log: CallLog;
  readonly token: string;
  now(): Date;
  advanceClock(seconds: number): void;
  tamper(bucket: string, key: string, remove: boolean): boolean;
  /** Names of the files that CloudTrail wrote. */
  deliver(): readonly string[];
}

export function controlReply(control: Control, request: SignedRequest): Reply {
  if (!sameSignature(control.token, request.headers.get("x-sandbox-token") ?? "")) {
    return json(403, { error: "x-sandbox-token is missing or wrong" });
  }
  switch (`${request.method} ${request.path}`) {
    case "GET /_sandbox/calls":
      return json(200, control.log.records);
    case "DELETE /_sandbox/calls":
      control.log.clear();
      return json(200, []);
    case "GET /_sandbox/faults":
      return json(200, control.faults.rules);
    case "DELETE /_sandbox/faults":
      control.faults.clear();
      return json(200, []);
    case "POST /_sandbox/faults":
      return addFaults(control, bodyOf(request));
    case "POST /_sandbox/tamper":
      return tamper(control, bodyOf(request));
    case "POST /_sandbox/trail":
      return json(200, control.deliver());
    case "GET /_sandbox/clock":
      return json(200, { now: control.now().toISOString() });
    case "POST /_sandbox/clock":
      return moveClock(control, bodyOf(request));
    default:
      return json(404, { error: "no such control" });
  }
}

function bodyOf(request: SignedRequest): unknown {
  try {
    return JSON.parse(Buffer.from(request.body).toString());
  } catch {
    return undefined;
  }
}

function addFaults(control: Control, body: unknown): Reply {
  const rules = [body].flat().map(parseFaultRule);
  const good = rules.filter((rule) => rule !== undefined);
  if (good.length !== rules.length) return json(400, { error: "not a fault rule" });
  for (const rule of good) control.faults.add(rule);
  return json(200, control.faults.rules);
}

function tamper(control: Control, body: unknown): Reply {
  const { bucket, key, remove } = (typeof body === "object" && body !== null ? body : {}) as Record<
    string,
    unknown
  >;
  if (typeof bucket !== "string" || typeof key !== "string")
    return json(400, { error: "bucket and key are needed" });
  return control.tamper(bucket, key, remove === true)
    ? json(200, {})
    : json(404, { error: "no such object" });
}

function moveClock(control: Control, body: unknown): Reply {
  const seconds = typeof body === "object" && body !== null && "seconds" in body ? body.seconds : undefined;
  if (typeof seconds !== "number" || !Number.isFinite(seconds))
    return json(400, { error: "seconds is no number" });
  control.advanceClock(seconds);
  return json(200, { now: control.now().toISOString() });
}

function json(status: number, value: unknown): Reply {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
}
