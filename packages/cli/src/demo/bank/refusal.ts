/** What the bank's page is told when something cannot be: a status and a code. */
export class BankRefusal extends Error {
  override readonly name = "BankRefusal";
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

export function refuse(status: number, code: string): BankRefusal {
  return new BankRefusal(status, code);
}
