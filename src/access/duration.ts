import { JitError } from "../error.ts";
import type { Catalog, Target } from "./types.ts";

/** Hours, minutes and seconds in this order, each at most once: `1h30m`; or ISO 8601 with a time part alone: `PT1H30M`. */
export const durationPattern =
  /^(?:(?=[0-9])(?:[0-9]{1,5}h)?(?:[0-9]{1,5}m)?(?:[0-9]{1,6}s)?|PT(?=[0-9])(?:[0-9]{1,5}H)?(?:[0-9]{1,5}M)?(?:[0-9]{1,6}S)?)$/;

/**
 * Seconds of a duration such as `45m`, `1h30m`, `90s`, `PT1H30M`.
 * @throws JitError `DURATION_INVALID`
 */
export function parseDuration(text: string): number {
  if (!durationPattern.test(text)) {
    throw new JitError("DURATION_INVALID", `${JSON.stringify(text.slice(0, 40))} is no duration`, {
      hint: /^[0-9]+$/.test(text)
        ? `name the unit: ${text.slice(0, 6)}m`
        : "write it like 45m, 1h30m or PT45M",
    });
  }
  const seconds = part(text, /([0-9]+)h/i) * 3600 + part(text, /([0-9]+)m/i) * 60 + part(text, /([0-9]+)s/i);
  if (seconds === 0) {
    throw new JitError("DURATION_INVALID", "a duration must be longer than nothing", {
      hint: "write it like 45m, 1h30m or PT45M",
    });
  }
  return seconds;
}

function part(text: string, unit: RegExp): number {
  return Number(unit.exec(text)?.[1] ?? 0);
}

/** Whole seconds as `1h30m`, `45m`, `1m30s`; `parseDuration` reads it back. */
export function formatDuration(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = seconds % 60;
  const text = `${hours > 0 ? `${hours}h` : ""}${minutes > 0 ? `${minutes}m` : ""}${rest > 0 ? `${rest}s` : ""}`;
  return text === "" ? "0s" : text;
}

export interface MaximumDuration {
  readonly seconds: number;
  /** The store or the `store:access` that sets it. */
  readonly from: string;
}

/** The shortest of the maxima of all targets; of several alike the first. */
export function maximumDuration(targets: readonly Target[]): MaximumDuration {
  let shortest: MaximumDuration = { seconds: Number.POSITIVE_INFINITY, from: "" };
  for (const { store, access } of targets) {
    const limits = [
      { seconds: store.maximumDuration, from: store.name },
      { seconds: access.maximumDuration ?? Number.POSITIVE_INFINITY, from: `${store.name}:${access.name}` },
    ];
    for (const limit of limits) if (limit.seconds < shortest.seconds) shortest = limit;
  }
  return shortest;
}

/** What is asked for where nobody says how long: the catalog's default, or the maximum where that is shorter. */
export function defaultDuration(catalog: Catalog, targets: readonly Target[]): number {
  return Math.min(catalog.defaults.duration, maximumDuration(targets).seconds);
}

/** Seconds: what is over before a command has begun helps nobody. */
const shortestUseful = 60;

/**
 * What a person may ask for: within `checkDuration`, and a minute or more where the targets have that long.
 * @throws JitError as `checkDuration`; `DURATION_TOO_SHORT` naming the shortest and the longest
 */
export function checkAskedDuration(targets: readonly Target[], seconds: number): void {
  checkDuration(targets, seconds);
  const longest = maximumDuration(targets).seconds;
  const shortest = Math.min(shortestUseful, longest);
  if (seconds >= shortest) return;
  throw new JitError("DURATION_TOO_SHORT", `${formatDuration(seconds)} is over before it is of use`, {
    hint: `ask for ${formatDuration(shortest)} to ${formatDuration(longest)}`,
  });
}

/**
 * @param seconds the duration that is asked for
 * @throws JitError `DURATION_TOO_LONG` naming the maximum and what sets it; `DURATION_INVALID` where it is no whole
 * number of seconds above 0
 */
export function checkDuration(targets: readonly Target[], seconds: number): void {
  if (!Number.isSafeInteger(seconds) || seconds < 1) {
    throw new JitError("DURATION_INVALID", "a duration must be whole seconds, at least one");
  }
  const maximum = maximumDuration(targets);
  if (seconds > maximum.seconds) {
    throw new JitError(
      "DURATION_TOO_LONG",
      `${formatDuration(seconds)} is longer than the ${formatDuration(maximum.seconds)} that ${maximum.from} allows`,
      { hint: `ask for ${formatDuration(maximum.seconds)} or less` },
    );
  }
}
