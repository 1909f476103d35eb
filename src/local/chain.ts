import { join } from "node:path";
import type { Chain, ChainPosition } from "../audit/ports.ts";
import { JitError } from "../error.ts";
import type { Lock } from "../session/ports.ts";
import { createPrivate, privateDirectory, readPrivate, removeFile, writePrivate } from "./files.ts";

/** A chain's file: where it stands, and which file its key lies in. */
export interface ChainState extends ChainPosition {
  /** Inode of the key's file: a copy of a key has another. */
  readonly keyInode: number;
}

export interface ChainPlace {
  readonly folder: string;
  readonly thumbprint: string;
}

/** Durable. Two chains of one key cannot be: a key is made with its chain, and never again. */
export function createChain(place: ChainPlace, keyInode: number): void {
  privateDirectory(place.folder);
  createPrivate(fileOf(place), print({ next: 0, prev: "-", pending: undefined, keyInode }));
}

/** For a key that never came to be. */
export function removeChain(place: ChainPlace): void {
  removeFile(fileOf(place));
}

/** @throws JitError `LOCAL_DAMAGED`: a chain never starts again by itself */
export function readChain(place: ChainPlace): ChainState | undefined {
  const bytes = readPrivate(fileOf(place));
  if (bytes === undefined) return undefined;
  const state = parse(Buffer.from(bytes).toString());
  if (state !== undefined) return state;
  throw new JitError(
    "LOCAL_DAMAGED",
    `the state of this machine's chain of records is damaged: ${fileOf(place)}`,
    {
      hint: "move the file away: the next request then enrols a new key",
    },
  );
}

/** One writer's chain, held by one process at a time; every change is durable. */
export function fileChain(place: ChainPlace, lock: Lock): Chain {
  return {
    async hold(work) {
      return await lock.hold(`chain-${place.thumbprint}`, async (fence) => {
        const found = readChain(place);
        if (found === undefined) {
          throw new JitError("LOCAL_DAMAGED", "the state of this machine's chain of records is gone", {
            hint: "run the command again: it enrols a new key",
          });
        }
        let state = found;
        const save = (next: ChainState, durable: true | "whole"): void => {
          writePrivate(fileOf(place), print(next), { durable, beforePublish: () => fence.check() });
          state = next;
        };
        return await work({
          get position() {
            return state;
          },
          async setPending(pending) {
            save({ ...state, pending }, true);
          },
          async advance(prev) {
            // If the power fails now, the record is pending again, and the same bytes are sent once more.
            save({ ...state, next: state.next + 1, prev, pending: undefined }, "whole");
          },
        });
      });
    },
  };
}

function fileOf({ folder, thumbprint }: ChainPlace): string {
  return join(folder, `${thumbprint}.json`);
}

function print({ next, prev, pending, keyInode }: ChainState): string {
  const sent =
    pending === undefined
      ? undefined
      : { key: pending.key, bytes: Buffer.from(pending.bytes).toString("base64") };
  return `${JSON.stringify({ v: 1, next, prev, pending: sent, keyInode })}\n`;
}

function parse(text: string): ChainState | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { v, next, prev, pending, keyInode } = value as Record<string, unknown>;
  const good =
    v === 1 &&
    Number.isSafeInteger(next) &&
    Number(next) >= 0 &&
    typeof prev === "string" &&
    /^(?:-|[0-9a-f]{64})$/.test(prev) &&
    typeof keyInode === "number";
  if (!good) return undefined;
  const state = { next: Number(next), prev, keyInode };
  if (pending === undefined) return { ...state, pending: undefined };
  if (typeof pending !== "object" || pending === null) return undefined;
  const { key, bytes } = pending as Record<string, unknown>;
  if (typeof key !== "string" || typeof bytes !== "string") return undefined;
  return { ...state, pending: { key, bytes: new Uint8Array(Buffer.from(bytes, "base64")) } };
}
