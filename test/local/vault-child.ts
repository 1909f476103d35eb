import { keyringVault } from "../../src/local/vault.ts";

/** Run within a D-Bus session of its own that has a Secret Service: prints what two runs of jit find. */
const state = process.argv[2] ?? "";
const run = () => keyringVault({ state, env: process.env, platform: process.platform, now: Date.now });
const tried = await run().probe();
const keys = [await run().key(), await run().key()].map((key) => key && Buffer.from(key).toString("hex"));
process.stdout.write(`${JSON.stringify({ kind: tried.kind, keys })}\n`);
process.exit(0);
