import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import type { Notification } from "../../src/access/types.ts";
import { messenger } from "../../src/local/messenger.ts";

/** Over the real network stack, and with real processes. */

const folder = mkdtempSync(join(tmpdir(), "jit-notify-"));
afterAll(() => rmSync(folder, { recursive: true }));
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
}

const answering = (status: number, headers: Record<string, string> = {}) =>
  serve((_request, reply) => void reply.writeHead(status, headers).end("<html>"));

type Webhook = Extract<Notification["to"], { kind: "webhook" }>;
const webhook = (url: string, change: Partial<Webhook> = {}): Notification => ({
  to: { kind: "webhook", url, format: "json", secretVariable: undefined, networks: [], ...change },
  on: ["pending"],
  texts: false,
  timeout: 5,
});
const command = (...words: string[]): Notification => ({
  to: { kind: "command", command: words },
  on: ["pending"],
  texts: false,
  timeout: 5,
});

const env = {
  PATH: process.env["PATH"],
  JIT_HOOK_SECRET: "s3cret",
  JIT_REASON: "private",
  AWS_SECRET_ACCESS_KEY: "private",
  aws_session_token: "private",
  COLOUR: "blue",
};
const here = messenger({ toLoopback: true, env, folder });
const message = { body: '{"v":1}', sentAt: 1_795_508_196 };
const codeOf = async (notification: Notification, from = here) =>
  (await from.deliver(notification, message))?.code;

describe("a webhook", () => {
  test("gets the message by POST, signed, with nothing else of the sender's", async () => {
    let seen: IncomingMessage | undefined;
    let body = "";
    const url = await serve(async (request, reply) => {
      seen = request;
      for await (const part of request) body += String(part);
      reply.end("ok");
    });
    expect(await codeOf(webhook(url, { secretVariable: "JIT_HOOK_SECRET" }))).toBeUndefined();
    expect(body).toBe('{"v":1}');
    expect(seen?.method).toBe("POST");
    expect(Object.keys(seen?.headers ?? {}).sort()).toEqual([
      "accept",
      "accept-encoding",
      "connection",
      "content-length",
      "content-type",
      "host",
      "jit-signature",
      "user-agent",
    ]);
    // printf '1795508196.{"v":1}' | openssl dgst -sha256 -hmac s3cret
    expect(seen?.headers["jit-signature"]).toBe(
      "t=1795508196,v1=2391b59196ae3ee117999bd7500658884926c4fe3deb3f9af3ee07e669cafd14",
    );
  });

  test("is not sent anything unsigned where the catalog wants a signature", async () => {
    let asked = 0;
    const url = await serve((_request, reply) => {
      asked += 1;
      reply.end();
    });
    for (const secret of [undefined, ""]) {
      const without = messenger({ toLoopback: true, env: { JIT_OTHER: secret }, folder });
      expect(await codeOf(webhook(url, { secretVariable: "JIT_OTHER" }), without)).toBe(
        "NOTIFY_SECRET_MISSING",
      );
    }
    expect(asked).toBe(0);
  });

  test.each([
    [204, undefined],
    [301, "NOTIFY_REFUSED"],
    [307, "NOTIFY_REFUSED"],
    [400, "NOTIFY_REFUSED"],
    [404, "NOTIFY_REFUSED"],
    [429, "NOTIFY_DOWN"],
    [503, "NOTIFY_DOWN"],
  ])("that answers %i: %s", async (status, code) => {
    expect(await codeOf(webhook(await answering(status, { location: "http://127.0.0.1:1/" })))).toBe(code);
  });

  test("that never answers is left at its timeout", async () => {
    const url = await serve(() => undefined);
    expect(await codeOf({ ...webhook(url), timeout: 0.2 })).toBe("NOTIFY_DOWN");
  });

  test("that is not there is down", async () => {
    expect(await codeOf(webhook("http://127.0.0.1:1/"))).toBe("NOTIFY_DOWN");
  });

  test.each([
    ["a private address", "https://10.255.255.1/", true],
    ["where clouds keep credentials", "https://169.254.169.254/", true],
    ["plain HTTP outside of this machine", "http://203.0.114.1/", true],
    ["this machine, outside of the sandbox", "http://127.0.0.1:1/", false],
  ])("at %s is not asked", async (_what, url, toLoopback) => {
    const one = messenger({ toLoopback, env, folder });
    expect(await codeOf(webhook(url), one)).toBe("NOTIFY_FORBIDDEN");
  });
});

const script = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
};

/** `Z` for a zombie; of what has just gone, too. */
function stateOf(pid: number): string | undefined {
  try {
    return /\) (\w) /.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1];
  } catch {
    return "Z";
  }
}

describe.skipIf(process.platform !== "linux")("a command", () => {
  test("gets the message on standard input, its arguments as they are, and no secret in its environment", async () => {
    const out = join(folder, "out");
    const path = script("good", `{ cat; echo; printf '%s\\n' "$@"; pwd; env; } > ${out}`);
    expect(await codeOf(command(path, "$(id) ; `id`", "two words"))).toBeUndefined();
    const said = readFileSync(out, "utf8");
    expect(said).toContain('{"v":1}\n$(id) ; `id`\ntwo words\n');
    expect(said).toContain("COLOUR=blue");
    expect(said).not.toMatch(/private|s3cret|JIT_|AWS_/i);
    expect(said).toContain(folder);
  });

  test("that fails is told with what it said, and no more of that than fits", async () => {
    const path = script("bad", "echo 'no route' >&2; yes x | head -c 100000 >&2; exit 7");
    const failure = await here.deliver(command(path), message);
    expect(failure?.code).toBe("NOTIFY_COMMAND");
    expect(failure?.message).toContain("exit code 7: no route");
    expect(failure?.message.length).toBeLessThan(300);
  });

  test.each([
    ["is not there", join(folder, "none"), "NOTIFY_COMMAND"],
    ["reads nothing", "/bin/true", undefined],
  ])("that %s: %s", async (_what, path, code) => {
    expect(await codeOf(command(path))).toBe(code);
  });

  test("that does not end is ended with its children", async () => {
    const pid = join(folder, "pid");
    const path = script("slow", `sleep 60 & echo $! > ${pid}; wait`);
    expect(await codeOf({ ...command(path), timeout: 0.5 })).toBe("NOTIFY_DOWN");
    const child = Number(readFileSync(pid, "utf8"));
    const end = performance.now() + 5000;
    for (;;) {
      // A process that was killed may stay as a zombie until its new parent looks at it.
      if (!existsSync(`/proc/${child}`) || stateOf(child) === "Z") break;
      expect(performance.now()).toBeLessThan(end);
      await new Promise((done) => setTimeout(done, 20));
    }
  });
});
