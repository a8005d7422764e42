/** How the server reaches the device: the token, and whose it is. */
import { type PushAddress, pushAddress as isPushAddress } from "@countersign/protocol/approve/enrol";
import { InvalidParameterException } from "./exceptions.ts";

const byPlatform: Readonly<Record<string, string>> = {
  ios: "apns",
  macos: "apns",
  android: "fcm",
  harmony: "hms",
  web: "web",
};

export function pushAddress(token: string, platform: string | undefined, devicePlatform: string): PushAddress {
  const address = { platform: platform ?? byPlatform[devicePlatform.toLowerCase()], token };
  if (isPushAddress(address)) return address as PushAddress;
  throw new InvalidParameterException("The push token is none, or its platform is not known");
}
