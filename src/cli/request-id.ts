import { parseId } from "../audit/id.ts";
import { JitError } from "../error.ts";

/** @throws JitError `REQUEST_ID_INVALID` */
export function refuseBadId(request: string): void {
  try {
    parseId(request);
  } catch (cause) {
    throw new JitError("REQUEST_ID_INVALID", `${JSON.stringify(request.slice(0, 60))} is no request id`, {
      hint: "it has 26 letters and digits; `jit status`, `jit pending` and `jit audit log` show them",
      cause,
    });
  }
}
