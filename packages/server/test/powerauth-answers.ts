/** Error objects of the PowerAuth surface, as devices get them. */

export const signatureWrong = { code: "ERR_AUTHENTICATION", message: "POWER_AUTH_SIGNATURE_INVALID" };
export const tokenWrong = { code: "ERR_AUTHENTICATION", message: "POWER_AUTH_TOKEN_INVALID" };
export const vaultRefused = { code: "ERR_SECURE_VAULT", message: "POWER_AUTH_SECURE_VAULT_INVALID" };
export const notOpened = { code: "ERR_ENCRYPTION", message: "POWER_AUTH_ENCRYPTION_FAILED" };
export const noTemporaryKey = { code: "ERR_TEMPORARY_KEY", message: "POWER_AUTH_TEMPORARY_KEY_FAILURE" };

/** A whole body. */
export const activationRefused = {
  status: "ERROR",
  responseObject: { code: "ERR_ACTIVATION", message: "POWER_AUTH_ACTIVATION_INVALID" },
};
