import type { Payment } from "../api.ts";

const euros = new Intl.NumberFormat("en-IE", { style: "currency", currency: "EUR" });

export function inEuros(amount: string): string {
  return euros.format(Number(amount));
}

export const statusText: Readonly<Record<Payment["status"], string>> = {
  waiting: "Waiting for your phone",
  approved: "Paid",
  rejected: "Rejected",
  expired: "Too late",
  failed: "Cancelled",
};
