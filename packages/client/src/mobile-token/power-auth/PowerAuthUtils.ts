/** What is known about the machine and the application, for user agents and support. */
import { PowerAuthError } from "../PowerAuthError.ts";

export interface PowerAuthEnvironmentInfo {
  readonly systemName: string;
  readonly systemVersion: string;
  readonly applicationVersion?: string | undefined;
  readonly applicationIdentifier?: string | undefined;
  readonly deviceManufacturer: string;
  /** Model or kind of the device, never a number of its own. */
  readonly deviceId: string;
  readonly sdkVersion: string;
}

/** Version of this package. */
export const sdkVersion = "0.1.0";

interface Surroundings {
  readonly userAgent?: string;
  readonly platform?: string;
  readonly product?: string;
  readonly userAgentData?: {
    readonly platform?: string;
    getHighEntropyValues?(
      names: readonly string[],
    ): Promise<{ readonly platformVersion?: string; readonly model?: string }>;
  };
}

let given: Partial<PowerAuthEnvironmentInfo> = {};

export class PowerAuthUtils {
  /** Members the platform does not tell are `unknown`; what `setEnvironmentInfo` was given wins. */
  static async getEnvironmentInfo(): Promise<PowerAuthEnvironmentInfo> {
    const surroundings = (globalThis as { navigator?: Surroundings }).navigator ?? {};
    const { userAgentData, userAgent = "", platform, product } = surroundings;
    const details = await userAgentData?.getHighEntropyValues?.(["platformVersion", "model"]).catch(() => undefined);
    const system = userAgentData?.platform ?? platform ?? product;
    return {
      systemName: system || "unknown",
      systemVersion: details?.platformVersion || versionIn(userAgent) || "unknown",
      deviceManufacturer: "unknown",
      deviceId: details?.model || "unknown",
      sdkVersion,
      ...given,
    };
  }

  /** Our addition: what only the application knows, such as its own version. Replaces what was given before. */
  static setEnvironmentInfo(info: Partial<Omit<PowerAuthEnvironmentInfo, "sdkVersion">>): void {
    given = { ...info };
  }

  /** Has an effect on iOS only. Throws `WRONG_PARAMETER` where it makes no sense anywhere. */
  static async migrateiOSSharingConfiguration(migration: {
    readonly from?: { readonly appGroup: string } | null | undefined;
    readonly to?: { readonly appGroup: string } | null | undefined;
  }): Promise<void> {
    const { from, to } = migration;
    if (from?.appGroup === to?.appGroup) {
      throw new PowerAuthError("WRONG_PARAMETER", "There is nothing to migrate between these configurations");
    }
  }
}

function versionIn(userAgent: string): string | undefined {
  return /(?:Android|OS X|iPhone OS|Windows NT|Node\.js)[ /]([\d._]+)/.exec(userAgent)?.[1]?.replaceAll("_", ".");
}
