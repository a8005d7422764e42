/** Mobile Token accounts: from what is remembered to the SDK's objects. */
import { passkeyBiometry } from "@countersign/client/biometry/passkey";
import { PowerAuth, PowerAuthAuthentication } from "@countersign/client/mobile-token";
import { language } from "../../texts/language.ts";
import { brand } from "../brand/brand.ts";
import type { MobileTokenAccount, MobileTokenRecord } from "./account.ts";
import { deviceStorage } from "./storage.ts";

/** The same instance each time. Nothing is asked of the server. */
export async function openMobileToken(record: MobileTokenRecord): Promise<MobileTokenAccount> {
  const powerAuth = await openInstance(record);
  return { ...record, powerAuth, services: powerAuth.createMobileToken({ acceptLanguage: language.value }) };
}

export async function openInstance({
  id,
  name,
  server,
  configuration,
}: Omit<MobileTokenRecord, "createdAt" | "kind">): Promise<PowerAuth> {
  const powerAuth = new PowerAuth(id);
  if (await powerAuth.isConfigured()) return powerAuth;
  const storage = await deviceStorage();
  const biometryProvider = passkeyBiometry({ storage, applicationName: brand.name, userName: name });
  const environment = { storage, biometryProvider, platform: "web", deviceInfo: navigator.userAgent.slice(0, 200) };
  // The page's policy admits no plain HTTP but on this machine itself.
  await powerAuth.configure(configuration, server, server.startsWith("http:"), environment);
  return powerAuth;
}

/** The person proves to be there by the passkey; nothing is signed. */
export function provePresence({ powerAuth }: MobileTokenAccount, promptMessage: string): Promise<void> {
  const authentication = PowerAuthAuthentication.biometry({ promptMessage });
  return powerAuth.groupedBiometricAuthentication(authentication, async () => undefined);
}
