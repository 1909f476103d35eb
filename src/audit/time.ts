/** Times and hours as records spell them: UTC, RFC 3339 with whole seconds, years 0000 to 9999. */

const timeGrammar = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;
const hourGrammar = /^(\d{4})(\d{2})(\d{2})T(\d{2})$/;

/** `2026-11-24T08:16:36Z`; fractions of a second are cut off. */
export function formatTime(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** Whether a text is a time that exists: real days, no leap seconds, no hour 24. */
export function isTime(text: string): boolean {
  return (
    timeGrammar.test(text) &&
    isDay(number(text, 0, 4), number(text, 5, 7), number(text, 8, 10)) &&
    number(text, 11, 13) < 24 &&
    number(text, 14, 16) < 60 &&
    number(text, 17, 19) < 60
  );
}

/** Of digits, without a string for them: times come by the million. */
function number(text: string, start: number, end: number): number {
  let value = 0;
  for (let i = start; i < end; i++) value = value * 10 + text.charCodeAt(i) - 0x30;
  return value;
}

/** Unix seconds of a valid time. */
export function secondsOf(time: string): number {
  // Of one record it is asked again and again.
  if (time !== lastTime) {
    lastSeconds = Date.parse(time) / 1000;
    lastTime = time;
  }
  return lastSeconds;
}

let lastTime = "";
let lastSeconds = Number.NaN;

/** `20261124T08`: the hour of a valid time. */
export function hourOf(time: string): string {
  return time.slice(0, 13).replaceAll("-", "");
}

/** Whether `hourOf` a valid time is that hour. */
export function isInHour(time: string, hour: string): boolean {
  if (hour.length !== 11) return false;
  for (let i = 0; i < hour.length; i++) {
    // Behind year and month a time has a dash.
    const at = i < 4 ? i : i < 6 ? i + 1 : i + 2;
    if (time.charCodeAt(at) !== hour.charCodeAt(i)) return false;
  }
  return true;
}

/** Whether a text is an hour that exists. */
export function isHour(text: string): boolean {
  const parts = hourGrammar.exec(text);
  return parts !== null && isTime(`${parts[1]}-${parts[2]}-${parts[3]}T${parts[4]}:00:00Z`);
}

/** Unix milliseconds at which a valid hour begins. */
export function hourStart(hour: string): number {
  return Date.parse(hour.replace(hourGrammar, "$1-$2-$3T$4:00:00Z"));
}

/** The hours from one moment to another, both included, in order. */
export function* hoursBetween(first: Date, last: Date): Generator<string> {
  const hour = 3_600_000;
  const end = last.getTime();
  for (let at = Math.floor(first.getTime() / hour) * hour; at <= end; at += hour) {
    yield hourOf(new Date(at).toISOString());
  }
}

/** In the calendar that goes on backwards, as ISO 8601 has it. */
function isDay(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false;
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days =
    month === 2 ? (isLeap ? 29 : 28) : month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
  return day <= days;
}
