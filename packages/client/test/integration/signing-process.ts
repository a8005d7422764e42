/** The other process of `counter.test.ts`: signs without end with the activation it is told of, and reports each header. */
import { PowerAuth, PowerAuthAuthentication } from "../../src/mobile-token/index.ts";
import { openFileStorage } from "../../src/storage/file.ts";

const [directory = "", instanceId = "", configuration = "", count = ""] = process.argv.slice(2);
const storage = await openFileStorage({ directory });
const powerAuth = new PowerAuth(instanceId);
await powerAuth.configure(configuration, "https://peer.test", false, { storage });
for (let round = 0; round < Number(count); round++) {
  const { value } = await powerAuth.requestSignature(PowerAuthAuthentication.possession(), "POST", "/x", "{}");
  await new Promise((resolve) => process.send?.(value, resolve));
}
process.disconnect();
