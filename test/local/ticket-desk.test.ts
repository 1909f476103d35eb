import { createPrivateKey } from "node:crypto";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import type { TicketCheck } from "../../src/access/types.ts";
import { codeOf } from "../../src/error.ts";
import { ticketDesk } from "../../src/local/ticket-desk.ts";

/** Asked over the real network stack; only names are resolved by the test. */

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return (server.address() as AddressInfo).port;
}

const serve = (listener: RequestListener) => listen(createServer(listener));

const checkAt = (url: string, change: Partial<TicketCheck> = {}): TicketCheck => ({
  url,
  onDown: "refuse",
  timeout: 5,
  assigned: false,
  networks: [],
  ...change,
});

const desk = ticketDesk({ toLoopback: true });

async function codeFrom(work: Promise<unknown>): Promise<string | undefined> {
  return await work.then(
    () => undefined,
    (error: unknown) => codeOf(error),
  );
}

const good = '{"exists":true,"open":true,"assignee":"alice"}';
const known = { kind: "known", open: true, assignees: ["alice"], used: false };

describe("a webhook", () => {
  test("is asked in its path, with the ticket encoded, and with nothing else of the requester's", async () => {
    const seen: (string | undefined)[] = [];
    const port = await serve(({ method, url, headers }, reply) => {
      seen.push(method, url, headers["user-agent"], headers.authorization, headers.cookie);
      reply.end(good);
    });
    expect(await desk.ask(checkAt(`http://127.0.0.1:${port}/t/{ticket}`), "a/../b?x=1#y")).toEqual(known);
    expect(seen).toEqual(["GET", "/t/a%2F..%2Fb%3Fx%3D1%23y", "jit", undefined, undefined]);
  });

  test("is sent the ticket as JSON where its URL has no place for it", async () => {
    let body = "";
    const port = await serve(async (request, reply) => {
      for await (const part of request) body += String(part);
      reply.end(good);
    });
    await desk.ask(checkAt(`http://127.0.0.1:${port}/check`), 'SUP-"1');
    expect(JSON.parse(body)).toEqual({ v: 1, ticket: 'SUP-"1' });
  });

  test.each([404, 410])("that answers %i knows no such ticket", async (status) => {
    const port = await serve((_request, reply) => reply.writeHead(status).end("<h1>none</h1>"));
    expect(await desk.ask(checkAt(`http://127.0.0.1:${port}/{ticket}`), "S-1")).toEqual({ kind: "unknown" });
  });

  test.each([429, 500, 503])("that answers %i is down", async (status) => {
    const port = await serve((_request, reply) => reply.writeHead(status).end());
    expect(await desk.ask(checkAt(`http://127.0.0.1:${port}/{ticket}`), "S-1")).toMatchObject({
      kind: "down",
    });
  });

  test.each([204, 401, 403, 418])("that answers %i is none", async (status) => {
    const port = await serve((_request, reply) => reply.writeHead(status).end());
    expect(await codeFrom(desk.ask(checkAt(`http://127.0.0.1:${port}/{ticket}`), "S-1"))).toBe(
      "TICKET_CHECK_INVALID",
    );
  });

  test("that redirects is not followed", async () => {
    let followed = false;
    const port = await serve(({ url }, reply) => {
      if (url === "/there") followed = true;
      reply.writeHead(302, { location: "/there" }).end();
    });
    const asked = desk.ask(checkAt(`http://127.0.0.1:${port}/{ticket}`), "S-1");
    expect(await codeFrom(asked)).toBe("TICKET_CHECK_INVALID");
    expect(followed).toBe(false);
  });

  test("that never ends its answer is cut off by size", async () => {
    const port = await serve((_request, reply) => {
      reply.on("error", () => undefined);
      const more = () => {
        while (!reply.destroyed && reply.write(" ".repeat(8192))) {}
      };
      reply.on("drain", more);
      more();
    });
    const asked = desk.ask(checkAt(`http://127.0.0.1:${port}/{ticket}`), "S-1");
    expect(await codeFrom(asked)).toBe("TICKET_CHECK_INVALID");
  });

  test.each<[string, RequestListener]>([
    ["never answers", () => undefined],
    ["stops within its answer", (_request, reply) => void reply.write('{"exists":')],
  ])("that %s is down when its time is over", async (_what, listener) => {
    const port = await serve(listener);
    const asked = desk.ask(checkAt(`http://127.0.0.1:${port}/{ticket}`, { timeout: 0.1 }), "S-1");
    expect(await asked).toMatchObject({ kind: "down" });
  });

  test("that hangs up is down, and so is one that is not there", async () => {
    const port = await serve(({ socket }) => socket.destroy());
    expect(await desk.ask(checkAt(`http://127.0.0.1:${port}/{ticket}`), "S-1")).toMatchObject({
      kind: "down",
    });
    const gone = await serve(() => undefined);
    await new Promise((done) => servers.pop()?.close(done));
    expect(await desk.ask(checkAt(`http://127.0.0.1:${gone}/{ticket}`), "S-1")).toMatchObject({
      kind: "down",
    });
  });

  test("whose name has no address is down; a resolver that hangs too", async () => {
    const resolve = () => Promise.reject(Object.assign(new Error(), { code: "ENOTFOUND" }));
    expect(
      await ticketDesk({ toLoopback: false, resolve }).ask(checkAt("https://t.example/{ticket}"), "S-1"),
    ).toMatchObject({ kind: "down" });
    const hanging = ticketDesk({ toLoopback: false, resolve: () => new Promise(() => undefined) });
    expect(await hanging.ask(checkAt("https://t.example/{ticket}", { timeout: 0.05 }), "S-1")).toMatchObject({
      kind: "down",
    });
  });
});

describe("where it may be", () => {
  const at = (...addresses: string[]) => ({
    resolve: async () => addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
  });

  test.each([
    ["169.254.169.254"],
    ["10.0.0.7"],
    ["::ffff:127.0.0.1"],
    ["8.8.8.8", "127.0.0.1"],
  ])("a name of %s is not asked", async (...addresses) => {
    const asked = ticketDesk({ toLoopback: false, ...at(...addresses) });
    expect(await codeFrom(asked.ask(checkAt("https://t.example/{ticket}"), "S-1"))).toBe(
      "TICKET_CHECK_REFUSED",
    );
  });

  test("this machine is asked only in the sandbox, and by plain HTTP too", async () => {
    let asked = 0;
    const port = await serve((_request, reply) => {
      asked += 1;
      reply.end(good);
    });
    const outside = ticketDesk({ toLoopback: false });
    for (const url of [`http://127.0.0.1:${port}/{ticket}`, `https://127.0.0.1:${port}/{ticket}`]) {
      expect(await codeFrom(outside.ask(checkAt(url), "S-1"))).toBe("TICKET_CHECK_REFUSED");
    }
    expect(asked).toBe(0);
  });

  test("a name is resolved once, and the connection goes to the address that was looked at", async () => {
    const port = await serve((_request, reply) => reply.end(good));
    let resolved = 0;
    const rebinding = ticketDesk({
      toLoopback: true,
      resolve: async () => {
        resolved += 1;
        return [{ address: resolved === 1 ? "127.0.0.1" : "169.254.169.254", family: 4 }];
      },
    });
    // `localhost` counts as loopback by its name; what it is resolved to is the test's.
    expect(await rebinding.ask(checkAt(`http://localhost:${port}/{ticket}`), "S-1")).toEqual(known);
    expect(resolved).toBe(1);
  });
});

describe("TLS", () => {
  const key = createPrivateKey({
    key: {
      kty: "EC",
      crv: "P-256",
      x: "MWwshA86XsgoP9ncgeMZj4u0LOWjofI3E8xB2geo0sM",
      y: "AMh-TbDRVwUUq-DMN_6mxYWIr7TYtu50Cy5MxD9QbOk",
      d: "gdcpCLqjH1G0h-98xOmgNcgwZebkr-9z9_jsg9ATpaY",
    },
    format: "jwk",
  }).export({ type: "pkcs8", format: "pem" });
  /** Of `tickets.test`, signed by itself: nobody trusts it. */
  const certificate = [
    "MIIBnzCCAUSgAwIBAgIUWTZ8R/mhnaEzzQNyMHi27bERq8IwCgYIKoZIzj0EAwIwFzEVMBMGA1UEAwwMdGlja2V0cy50ZXN0MCAXDTI2",
    "MTEyNDEyMjcxN1oYDzIxMjYxMDMxMTIyNzE3WjAXMRUwEwYDVQQDDAx0aWNrZXRzLnRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC",
    "AAQxbCyEDzpeyCg/2dyB4xmPi7Qs5aOh8jcTzEHaB6jSwwDIfk2w0VcFFKvgzDf+psWFiK+02LbudAsuTMQ/UGzpo2wwajAdBgNVHQ4E",
    "FgQU6sFvsjNREmzJQvJ5wNMKNcGnPPwwHwYDVR0jBBgwFoAU6sFvsjNREmzJQvJ5wNMKNcGnPPwwDwYDVR0TAQH/BAUwAwEB/zAXBgNV",
    "HREEEDAOggx0aWNrZXRzLnRlc3QwCgYIKoZIzj0EAwIDSQAwRgIhAOqX12IttsBYsKyOdGzaHKpzuP84rWOg2B3BxAI1oP/aAiEA+cEs",
    "i8zsxbalfJmXpnm4ZjJNPURjiQFbT323ygoBHek=",
  ];
  const cert = `-----BEGIN CERTIFICATE-----\n${certificate.join("").replace(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
  const resolve = async () => [{ address: "127.0.0.1", family: 4 }];

  test("whose certificate nobody signed is refused, whatever the catalog says of one that is down", async () => {
    let asked = false;
    const port = await listen(
      createTlsServer({ key, cert }, (_request, reply) => {
        asked = true;
        reply.end(good);
      }),
    );
    const check = checkAt(`https://tickets.test:${port}/{ticket}`, { onDown: "allow" });
    expect(await codeFrom(ticketDesk({ toLoopback: true, resolve }).ask(check, "S-1"))).toBe(
      "TICKET_CHECK_INVALID",
    );
    expect(asked).toBe(false);
  });

  test("that is none is refused", async () => {
    const port = await serve((_request, reply) => reply.end(good));
    const check = checkAt(`https://tickets.test:${port}/{ticket}`);
    expect(await codeFrom(ticketDesk({ toLoopback: true, resolve }).ask(check, "S-1"))).toBe(
      "TICKET_CHECK_INVALID",
    );
  });
});
