/** Opens the demo bank: a back end that is a relying party of the server, and the page in front of it. */
import { join } from "node:path";
import type { Connection } from "../../connection.ts";
import { confirm, connectionState, countContainers, devicesOf, invite, readKind } from "./connect.ts";
import { type Customer, customers, demoCustomer, type Session } from "./customers.ts";
import { type BankRequest, listen, type Listening } from "./http.ts";
import { beginLogIn, logInState } from "./log-in.ts";
import { euros, readOrder } from "./order.ts";
import { readPages } from "./pages.ts";
import { codesOf, pay, type Payment, prove, receiptOf, redeem } from "./payments.ts";
import { refuse } from "./refusal.ts";
import { setUp } from "./set-up.ts";

export interface BankPlace {
  readonly connection: Connection;
  readonly publicUrl: string;
  /** Folder of the built pages. */
  readonly pages: string;
  /** 0 for any. */
  readonly port: number;
}

export async function openBank({ connection, publicUrl, pages, port }: BankPlace): Promise<Listening> {
  const files = readPages(join(pages, "demo"));
  const closing = new AbortController();
  const ties = await setUp(connection, publicUrl, closing.signal);
  const known = customers();
  const authenticator = `${ties.publicUrl}/authenticator/`;

  const state = async ({ customer }: Session) => ({
    authenticator,
    console: `${connection.privateUrl}/console/`,
    ...(customer && {
      customer: {
        name: customer.name,
        iban: customer.iban,
        balance: euros(customer.balance),
        devices: (await devicesOf(ties, customer)).length + (await countContainers(ties, customer)),
      },
      payments: customer.payments.map(shown),
    }),
  });
  const one = async (payment: Payment) => ({ ...shown(payment), ...(await codesOf(ties, payment)) });

  /** What there is: method and path, the part after the last slash but one as `:id`. */
  const routes: Readonly<Record<string, (session: Session, request: BankRequest, id: string) => Promise<object>>> = {
    "GET /state": state,
    async "POST /session"(session) {
      session.customer = known.find(demoCustomer);
      return state(session);
    },
    async "POST /session/end"(session) {
      session.customer = undefined;
      return state(session);
    },
    async "POST /log-in"(session) {
      await beginLogIn(ties, session);
      return logInState(ties, session, known);
    },
    "GET /log-in": (session) => logInState(ties, session, known),
    "POST /connection": async (session, { body }) => invite(ties, customerOf(session), readKind(body)),
    "GET /connection": async (session) => connectionState(ties, customerOf(session)),
    "POST /connection/confirm": async (session) => confirm(ties, customerOf(session)),
    "POST /payments": async (session, { body }) => one(await pay(ties, customerOf(session), readOrder(body))),
    "GET /payments/:id": async (session, _, id) => one(paymentOf(session, id)),
    async "POST /payments/:id/cancel"(session, _, id) {
      const payment = paymentOf(session, id);
      await payment.cancel();
      return shown(payment);
    },
    async "POST /payments/:id/code"(session, { body: { code } }, id) {
      if (typeof code !== "string" || code.length > 64) throw refuse(400, "code");
      await redeem(ties, paymentOf(session, id), code);
      return {};
    },
    "GET /payments/:id/proof": async (session, _, id) => prove(ties, paymentOf(session, id)),
  };

  const listening = await listen(port, files, async (request) => {
    const { session, cookie } = known.session(request.cookie);
    const [, resource = "", id = "", ...rest] = request.path.split("/");
    if (request.method === "GET" && resource === "payments" && rest[0] === "receipt") {
      const text = await receiptOf(ties, paymentOf(session, id));
      return { cookie, download: { name: "receipt.jws", text } };
    }
    const byId = [request.method, ` /${resource}/:id`, ...rest.map((part) => `/${part}`)].join("");
    const route = routes[`${request.method} ${request.path}`] ?? (id === "" ? undefined : routes[byId]);
    if (route === undefined) throw refuse(404, "not-found");
    return { cookie, json: await route(session, request, id) };
  });
  return {
    url: listening.url,
    async close() {
      closing.abort();
      await listening.close();
    },
  };
}

function customerOf({ customer }: Session): Customer {
  if (customer === undefined) throw refuse(401, "not-logged-in");
  return customer;
}

function paymentOf(session: Session, id: string): Payment {
  const found = customerOf(session).payments.find((payment) => payment.id === id);
  if (found === undefined) throw refuse(404, "not-found");
  return found;
}

function shown({ id, way, title, cents, iban, note, createdAt, expiresAt, status, words, factors }: Payment) {
  return { id, way, title, amount: euros(cents), iban, note, createdAt, expiresAt, status, words, factors };
}
