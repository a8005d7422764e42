/** Where the provider stands below the public address; its issuer is both together. */
export const oidcPath = "/oidc";
