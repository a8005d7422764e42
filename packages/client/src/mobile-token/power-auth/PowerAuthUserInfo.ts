/** The person behind an activation, as OpenID claims under the names of the face. */
import type { Claims } from "../../engine/account/user-info.ts";

/** Members are there as far as the server sent a claim of the right type. Everything it sent is in `allClaims`. */
export interface PowerAuthUserInfo {
  readonly subject?: string;
  readonly name?: string;
  readonly givenName?: string;
  readonly familyName?: string;
  readonly middleName?: string;
  readonly nickname?: string;
  readonly preferredUsername?: string;
  readonly profileUrl?: string;
  readonly pictureUrl?: string;
  readonly websiteUrl?: string;
  readonly email?: string;
  readonly isEmailVerified?: boolean;
  readonly phoneNumber?: string;
  readonly isPhoneNumberVerified?: boolean;
  readonly gender?: string;
  /** As received: `YYYY-MM-DD`, `0000-MM-DD` or a year. */
  readonly birthdate?: string;
  readonly zoneInfo?: string;
  readonly locale?: string;
  readonly userAddress?: PowerAuthUserAddress;
  /** Seconds since the epoch. */
  readonly updatedAt?: number;
  readonly allClaims: Claims;
}

export interface PowerAuthUserAddress {
  /** Lines end with a line feed alone. */
  readonly formatted?: string;
  readonly street?: string;
  readonly locality?: string;
  readonly region?: string;
  readonly postalCode?: string;
  readonly country?: string;
  readonly allClaims: Claims;
}

const texts = {
  subject: "sub",
  name: "name",
  givenName: "given_name",
  familyName: "family_name",
  middleName: "middle_name",
  nickname: "nickname",
  preferredUsername: "preferred_username",
  profileUrl: "profile",
  pictureUrl: "picture",
  websiteUrl: "website",
  email: "email",
  phoneNumber: "phone_number",
  gender: "gender",
  birthdate: "birthdate",
  zoneInfo: "zoneinfo",
  locale: "locale",
} as const;

const addressTexts = {
  formatted: "formatted",
  street: "street_address",
  locality: "locality",
  region: "region",
  postalCode: "postal_code",
  country: "country",
} as const;

export function asUserInfo(claims: Claims): PowerAuthUserInfo {
  const address = claims.address;
  const isAddress = typeof address === "object" && address !== null && !Array.isArray(address);
  return {
    ...pick(claims, texts, "string"),
    ...pick(claims, { isEmailVerified: "email_verified", isPhoneNumberVerified: "phone_number_verified" }, "boolean"),
    ...pick(claims, { updatedAt: "updated_at" }, "number"),
    ...(isAddress && { userAddress: asAddress(address as Claims) }),
    allClaims: claims,
  };
}

function asAddress(claims: Claims): PowerAuthUserAddress {
  const address: Partial<Record<keyof typeof addressTexts, string>> = pick(claims, addressTexts, "string");
  for (const name of ["formatted", "street"] as const) {
    if (address[name] !== undefined) address[name] = address[name].replaceAll("\r\n", "\n");
  }
  return { ...address, allClaims: claims };
}

interface Types {
  readonly string: string;
  readonly boolean: boolean;
  readonly number: number;
}

function pick<Name extends string, Type extends keyof Types>(
  claims: Claims,
  names: Readonly<Record<Name, string>>,
  type: Type,
): Partial<Record<Name, Types[Type]>> {
  const picked: Partial<Record<Name, Types[Type]>> = {};
  for (const [name, claim] of Object.entries(names) as [Name, string][]) {
    const value = claims[claim];
    // oxlint-disable-next-line valid-typeof -- `type` is one of the three of `Types`
    if (typeof value === type) picked[name] = value as Types[Type];
  }
  return picked;
}
