import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

/** Enough that most values die before they are moved. */
const enough = 16 * 1024 * 1024;

/**
 * Holds down the part of the heap in which values begin, for work that makes very many that soon die: V8 would let it grow to
 * some 100 MiB, and gain nothing.
 * @returns to be called again and again while that work goes on
 */
export function holdYoungHeap(): () => void {
  let isHeld = false;
  return () => {
    if (isHeld) return;
    const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
    if ((young?.space_size ?? 0) < enough) return;
    setFlagsFromString("--semi-space-growth-factor=1");
    isHeld = true;
  };
}

/** What threads that are begun from now on have of it, from the start and for good. */
export const threadYoungHeapMb = 12;

/** To be called before such threads are begun. */
export function prepareThreadHeaps(): void {
  // Three such halves make the whole.
  setFlagsFromString(`--min-semi-space-size=${threadYoungHeapMb / 3}`);
}
