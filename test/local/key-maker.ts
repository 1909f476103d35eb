import { openWriter } from "../../src/local/key-store.ts";
import { fileLock } from "../../src/local/lock.ts";

/** Run as a process of its own: opens the writer of a place, appends one record to its chain, and tells which. */
const [place = "{}", locks = ""] = process.argv.slice(2);
const { signer, chain } = await openWriter(JSON.parse(place), fileLock(locks));
const n = await chain.hold(async (held) => {
  const { next } = held.position;
  await held.setPending({ key: "k", bytes: new Uint8Array([next]) });
  await held.advance("ab".repeat(32));
  return next;
});
process.send?.({ thumbprint: signer.thumbprint, n });
