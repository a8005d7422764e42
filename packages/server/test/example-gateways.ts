/** Settings of push gateways for examples, with keys that are made for them. */
import { generateKeyPairSync } from "node:crypto";
import { ecKey } from "./push-bank.ts";

export function serviceAccount() {
  const { privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  return { project_id: "mobile-bank", client_email: "push@mobile-bank.example", private_key: privateKey };
}

/** One of each kind. */
export async function gateways(): Promise<Readonly<Record<string, object>>> {
  return {
    apns: { keyId: "ABC123DEFG", teamId: "DEF123GHIJ", topic: "example.bank.mobile", key: ecKey() },
    fcm: { serviceAccount: serviceAccount() },
    hms: { clientId: "100000001", clientSecret: "secret" },
    web: { subject: "mailto:push@bank.example" },
  };
}
