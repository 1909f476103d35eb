import { join } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the D-Bus session bus of this login is; `undefined` where there is none. */
export function busAddress(env: Environment, exists: (path: string) => boolean): string | undefined {
  const given = env["DBUS_SESSION_BUS_ADDRESS"];
  if (given) return given;
  const runtime = env["XDG_RUNTIME_DIR"];
  if (!runtime) return undefined;
  const socket = join(runtime, "bus");
  return exists(socket) ? `unix:path=${socket}` : undefined;
}

/**
 * Whether the bus answers a greeting (D-Bus specification, "Authentication Protocol") within `limit` ms. The keyring's
 * library waits for that answer for ever, and the whole process with it. A bus that is no Unix socket is not tried.
 */
export async function busAnswers(address: string, limit: number): Promise<boolean> {
  const path = socketIn(address);
  if (path === undefined) return true;
  const { connect } = process.getBuiltinModule("net");
  return await new Promise((resolve) => {
    const socket = connect({ path });
    const end = (answers: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answers);
    };
    const timer = setTimeout(() => end(false), limit);
    const user = Buffer.from(String(process.getuid?.() ?? 0)).toString("hex");
    socket.once("connect", () => socket.write(`\0AUTH EXTERNAL ${user}\r\n`));
    // Yes or no: it is alive.
    socket.once("data", () => end(true));
    socket.once("close", () => end(false));
    socket.once("error", () => end(false));
  });
}

/** The socket of the first address: `unix:path=/run/user/1000/bus,guid=…;…`, or `abstract=` in place of `path=`. */
function socketIn(addresses: string): string | undefined {
  const [first = ""] = addresses.split(";");
  if (!first.startsWith("unix:")) return undefined;
  const pairs = first
    .slice("unix:".length)
    .split(",")
    .map((pair) => pair.split("=", 2));
  const textOf = (name: string) => unescaped(pairs.find(([key]) => key === name)?.[1]);
  const abstract = textOf("abstract");
  return textOf("path") ?? (abstract === undefined ? undefined : `\0${abstract}`);
}

function unescaped(value: string | undefined): string | undefined {
  return value?.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
