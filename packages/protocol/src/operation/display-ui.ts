/** What stands around the form: screens before and after the decision, and how the buttons behave. */

export interface Ui {
  /** Swaps the buttons. */
  readonly flipButtons?: boolean | undefined;
  /** No approval while the person is in a call. */
  readonly blockApprovalOnCall?: boolean | undefined;
  /** The one screen that apps have known from the start. */
  readonly preApprovalScreen?: PreApprovalScreen | undefined;
  /** Several screens, in order; apps that know them ignore the single one. */
  readonly preApprovalScreens?: readonly PreApprovalScreenInList[] | undefined;
  readonly postApprovalScreen?: PostApprovalScreen | undefined;
  /** How the app lays out lists and details; for the app only. */
  readonly templates?: Readonly<Record<string, unknown>> | undefined;
}

export type PreApprovalScreenType = "WARNING" | "INFO" | "QR_SCAN";

export interface PreApprovalScreen {
  readonly type: PreApprovalScreenType;
  readonly heading: string;
  readonly message: string;
  readonly items?: readonly string[] | undefined;
  readonly approvalType?: "SLIDER" | "BUTTON" | undefined;
}

export interface PreApprovalScreenInList {
  /** By which the app reports visits. */
  readonly id?: string | undefined;
  readonly type: PreApprovalScreenType;
  readonly heading: string;
  readonly message: string;
  readonly backButton?: boolean | undefined;
  readonly image?: string | undefined;
  readonly elements?: readonly ScreenElement[] | undefined;
  readonly controls?: ScreenControls | undefined;
}

export interface ScreenElement {
  readonly id?: string | undefined;
  readonly type: "LIST_ITEM" | "ALERT" | "BUTTON";
  readonly style?: "INFO" | "WARNING" | "DANGER" | undefined;
  readonly text?: string | undefined;
  readonly href?: string | undefined;
  readonly icon?: string | undefined;
  readonly action?: "LINK" | "MAIL" | "PHONE" | undefined;
  /** Such as `REJECT`: what following the link does to the operation. */
  readonly actionSettings?: string | undefined;
}

export interface ScreenControls {
  readonly flip?: boolean | undefined;
  readonly axis?: "HORIZONTAL" | "VERTICAL" | undefined;
  readonly decline?: { readonly type: "BACK" | "REJECT"; readonly text?: string | undefined } | undefined;
  /** `counter`: seconds until the control can be used. */
  readonly approve?:
    | { readonly type: "SLIDER" | "BUTTON"; readonly text?: string | undefined; readonly counter?: number | undefined }
    | undefined;
}

export interface PostApprovalScreen {
  readonly type: "MERCHANT_REDIRECT" | "REVIEW" | "GENERIC";
  readonly heading: string;
  readonly message: string;
  /** `{redirectText, redirectUrl, countdown}`, `{attributes}`, or whatever the app knows. */
  readonly payload: Readonly<Record<string, unknown>>;
}

/**
 * `X` swaps the buttons, `C` blocks approval during a call, `F` warns of fraud first; other letters are not for online
 * approvals. The warning has words, because apps in the field fail on a screen without.
 */
export function uiOfRiskFlags(riskFlags: string): Ui | undefined {
  const ui: Ui = {
    ...(riskFlags.includes("X") && { flipButtons: true }),
    ...(riskFlags.includes("C") && { blockApprovalOnCall: true }),
    ...(riskFlags.includes("F") && { preApprovalScreen: fraudWarning }),
  };
  return Object.keys(ui).length === 0 ? undefined : ui;
}

const fraudWarning: PreApprovalScreen = {
  type: "WARNING",
  heading: "Watch out for fraud",
  message: "Approve only what you started yourself, and nothing that a caller asks you to approve.",
  approvalType: "SLIDER",
};

/** A screen that asks for a scan is of no use to an operation without a proximity check. */
export function withoutScan(ui: Ui | undefined, proximityCheck: boolean): Ui | undefined {
  if (ui === undefined || proximityCheck) return ui;
  const { preApprovalScreen: one, preApprovalScreens: several = [], ...rest } = ui;
  const left = several.filter(({ type }) => type !== "QR_SCAN");
  const ofUse: Ui = {
    ...rest,
    ...(one !== undefined && one.type !== "QR_SCAN" && { preApprovalScreen: one }),
    ...(left.length > 0 && { preApprovalScreens: left }),
  };
  return Object.keys(ofUse).length === 0 ? undefined : ofUse;
}
