/** Who is looked at by which browser. Kept in memory: a demo begins anew with each start. */
import { randomBytes } from "node:crypto";
import type { Kind } from "./connect.ts";
import type { LogIn } from "./log-in.ts";
import type { Payment } from "./payments.ts";

export interface Customer {
  readonly userId: string;
  readonly name: string;
  readonly iban: string;
  /** Cents. */
  balance: number;
  /** Newest first. */
  payments: Payment[];
  /** The device that is being connected: its activation, or the offer made to it. */
  connecting?: { readonly kind: Kind; readonly id: string } | undefined;
}

/** One browser. */
export interface Session {
  customer?: Customer | undefined;
  logIn?: LogIn | undefined;
}

export interface Customers {
  /** The one of this cookie, or a new one with its own. */
  session(cookie: string | undefined): { readonly session: Session; readonly cookie: string };
  find(userId: string): Customer;
}

/** Not the one of the story: her devices are those that are connected here. */
export const demoCustomer = "anna";

const mostSessions = 1000;

export function customers(): Customers {
  const sessions = new Map<string, Session>();
  const known = new Map<string, Customer>();
  return {
    session(cookie = "") {
      const found = sessions.get(cookie);
      if (found !== undefined) return { session: found, cookie };
      const [fresh, session] = [randomBytes(32).toString("base64url"), {}];
      sessions.set(fresh, session);
      if (sessions.size > mostSessions) sessions.delete(sessions.keys().next().value as string);
      return { session, cookie: fresh };
    },
    find(userId) {
      const found = known.get(userId) ?? opened(userId);
      known.set(userId, found);
      return found;
    },
  };
}

function opened(userId: string): Customer {
  const name = userId === demoCustomer ? "Anna Novak" : userId;
  return { userId, name, iban: "CZ6508000000192000145399", balance: 482_050, payments: [] };
}
