import { setFlagsFromString } from "node:v8";

/**
 * Keeps the part of the heap small in which values begin, for work that makes many that soon die: V8 would let it grow to some
 * 100 MiB, and collect no faster. To be called before that work begins.
 */
export function keepYoungHeapSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
}
