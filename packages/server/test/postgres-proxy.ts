/** A network between a store and PostgreSQL that breaks where it matters: at the COMMIT, or between BEGIN and the clock. */
import { createServer, connect, type Socket } from "node:net";
import { parse } from "pg-connection-string";

export type Break =
  | "none"
  /** The request for the time is lost, which a transaction begins with. */
  | "clock lost"
  /** The request is lost: the database never hears of the COMMIT. */
  | "commit lost"
  /** The answer is lost: the database committed. */
  | "answer lost"
  /** The answer is lost, and every connection with it; no new ones until `open` is set again. */
  | "server lost";

export interface Proxy {
  readonly url: string;
  /** Applies to the next such request, once. */
  break(how: Break): void;
  /** Whether new connections are let through. */
  open: boolean;
  close(): Promise<void>;
}

const clock = Buffer.from("clock_timestamp()");
const commit = Buffer.from("commit\0");
const committed = Buffer.from("COMMIT\0");

export async function startProxy(url: string): Promise<Proxy> {
  const { host, port, database, user } = parse(url);
  const target = host?.startsWith("/")
    ? { path: `${host}/.s.PGSQL.${port || 5432}` }
    : { host: host!, port: Number(port || 5432) };
  let next: Break = "none";
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    if (!state.open) return client.destroy();
    const server = connect(target);
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket)).on("error", () => {});
    }
    let waitsForAnswer = false;
    const cut = () => (client.destroy(), server.destroy());
    client.on("data", (bytes) => {
      if (next === "clock lost") {
        if (!bytes.includes(clock)) return void server.write(bytes);
        next = "none";
        return cut();
      }
      if (next !== "none" && bytes.includes(commit)) {
        if (next === "commit lost") {
          next = "none";
          return cut();
        }
        waitsForAnswer = true;
      }
      server.write(bytes);
    });
    server.on("data", (bytes) => {
      if (waitsForAnswer && bytes.includes(committed)) {
        if (next === "server lost") {
          state.open = false;
          for (const socket of sockets) socket.destroy();
        }
        next = "none";
        return cut();
      }
      if (!waitsForAnswer) client.write(bytes);
    });
    client.on("close", () => server.destroy());
    server.on("close", () => client.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const address = proxy.address() as { port: number };
  const state: Proxy = {
    url: `postgresql://${user ?? "postgres"}@127.0.0.1:${address.port}/${database}`,
    open: true,
    break: (how) => (next = how),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
  return state;
}
