/** What a container is made from: what was scanned or pushed, or what a person typed. */
export class ContainerInitialization {
  /** Whole content of the QR code or link, or `prov` of the push message. */
  activationCode: string | Uint8Array | undefined;
  /** Typed instead: all three. */
  userId: string | undefined;
  inviteCode: string | Uint8Array | undefined;
  serverUrl: string | undefined;
  /** Token of the platform's push service. */
  pushId: string | Uint8Array | undefined;
  /** `apns`, `fcm`, `hms` or `web`; follows from the platform of the device otherwise. */
  pushPlatform: string | undefined;
  /** How the person calls the device. */
  name: string | undefined;

  constructor(initially: Partial<ContainerInitialization> = {}) {
    this.activationCode = initially.activationCode;
    this.userId = initially.userId;
    this.inviteCode = initially.inviteCode;
    this.serverUrl = initially.serverUrl;
    this.pushId = initially.pushId;
    this.pushPlatform = initially.pushPlatform;
    this.name = initially.name;
  }
}

/** What a renewal is given: the password of the session key, where that has one. */
export class ContainerRenewal {
  password: Uint8Array | undefined;

  constructor({ password }: { readonly password?: Uint8Array | undefined } = {}) {
    this.password = password;
  }
}
