/** Why a person rejects an operation. The server keeps the text. */
export class RejectionReason {
  readonly serialized: string;

  private constructor(serialized: string) {
    this.serialized = serialized;
  }

  static unknown(): RejectionReason {
    return new RejectionReason("UNKNOWN");
  }

  static incorrectData(): RejectionReason {
    return new RejectionReason("INCORRECT_DATA");
  }

  static unexpectedOperation(): RejectionReason {
    return new RejectionReason("UNEXPECTED_OPERATION");
  }

  static custom(reason: string): RejectionReason {
    return new RejectionReason(reason);
  }
}
