import { appendFileSync, closeSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { codeOf } from "../../src/error.ts";
import { fileLock } from "../../src/local/lock.ts";

/** Run as a process of its own: `lock-contender.ts FOLDER MODE`, prints what happened, one word a line. */
const [folder = "", mode = "count"] = process.argv.slice(2);
const lock = fileLock(join(folder, "locks"), { waitFor: 80_000, hungAfter: 20_000, heartbeat: 50 });
const counter = join(folder, "counter");
const busy = join(folder, "busy");

try {
  await lock.hold("one", async (fence) => {
    if (mode === "count") {
      // Fails where a second process is inside.
      closeSync(openSync(busy, "wx"));
      const before = Number(readFileSync(counter, "utf8"));
      await sleep(2);
      fence.check();
      writeFileSync(counter, String(before + 1));
      rmSync(busy);
    } else {
      process.stdout.write("holding\n");
      // Until a line comes, a kill, or a stop.
      await new Promise((resolve) => process.stdin.once("data", resolve));
      fence.check();
      appendFileSync(join(folder, "published"), `${process.pid}\n`);
    }
  });
  process.stdout.write("done\n");
} catch (error) {
  process.stdout.write(`${codeOf(error) ?? String(error)}\n`);
}
process.exit(0);
