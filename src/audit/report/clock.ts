import { JitError } from "../../error.ts";

/** When an office is open: Monday to Friday, from one minute of the day to another. */
export interface OfficeHours {
  /** IANA name. */
  readonly timeZone: string;
  /** Minutes after midnight. */
  readonly opens: number;
  readonly closes: number;
}

/** Where a moment stands on an office's clock. */
export interface LocalTime {
  /** 0 is Monday. */
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
  /** `2026-11-24 08:16` */
  readonly text: string;
}

const weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/** @throws JitError `TIME_INVALID` */
export function parseOfficeHours(text: string, timeZone: string): OfficeHours {
  const [, first, second, third, fourth] = /^(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$/.exec(text) ?? [];
  const opens = Number(first) * 60 + Number(second);
  const closes = Number(third) * 60 + Number(fourth);
  const isGood = first !== undefined && opens < closes && closes <= 1440;
  if (!isGood || Number(second) > 59 || Number(fourth) > 59) {
    throw new JitError("TIME_INVALID", `${JSON.stringify(text.slice(0, 40))} are no office hours`, {
      hint: "write them like 08:00-18:00",
    });
  }
  try {
    formatOf(timeZone);
  } catch (cause) {
    throw new JitError("TIME_INVALID", `${JSON.stringify(timeZone.slice(0, 60))} is no time zone`, {
      hint: "write it like Europe/Berlin",
      cause,
    });
  }
  return { timeZone, opens, closes };
}

/** @returns what a moment is on the clock of a zone */
export function clockOf(timeZone: string): (at: Date) => LocalTime {
  const format = formatOf(timeZone);
  return (at) => {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]));
    const part = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? "";
    return {
      weekday: weekdays.indexOf(part("weekday")),
      hour: Number(part("hour")),
      minute: Number(part("minute")),
      text: `${part("year")}-${part("month")}-${part("day")} ${part("hour")}:${part("minute")}`,
    };
  };
}

export function isOpen({ opens, closes }: OfficeHours, { weekday, hour, minute }: LocalTime): boolean {
  const at = hour * 60 + minute;
  return weekday < 5 && at >= opens && at < closes;
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat("en-GB", {
    timeZone,
    weekday: "short",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
}
