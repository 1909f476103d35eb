import { parentPort, workerData } from "node:worker_threads";
import { type Batch, BatchChecker } from "../audit/check/batch.ts";
import { sodiumVerify } from "./sodium.ts";

/** The thread of a `CheckPool`: checks one batch after the other. */
const checker = new BatchChecker(String(workerData), await sodiumVerify());
parentPort?.on("message", (batch: Batch) => {
  const result = checker.check(batch);
  parentPort?.postMessage(result, [result.checked.buffer]);
});
