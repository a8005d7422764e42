/**
 * What a bank changes to make the authenticator its own, beside `brand.css` and the icons. `npm run pages` takes another
 * folder of these files with `--brand`; see "Brand the authenticator" among the guides.
 */
export interface Brand {
  /** Shown as title, and by the browser beside a passkey. */
  readonly name: string;
  /** Digits of a PIN: at least 4. */
  readonly pin: { readonly shortest: number; readonly longest: number };
}

export const brand: Brand = {
  name: "Countersign",
  pin: { shortest: 4, longest: 8 },
};
