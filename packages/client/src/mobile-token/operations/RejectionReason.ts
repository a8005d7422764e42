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

  /** The person turned back on a screen before the approval. */
  static preApproval(): RejectionReason {
    return new RejectionReason("PREAPPROVAL");
  }

  /** The person's own words, or a word of the application's. */
  static custom(reason: string): RejectionReason {
    return new RejectionReason(reason);
  }
}
