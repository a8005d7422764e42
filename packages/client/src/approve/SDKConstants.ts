/** Names of parameters, properties and filters. Texts are stable; applications may store them. */
export const SDKConstants = {
  /** Mobile context of `setStatus`: Base64, kept byte for byte. */
  PARAM_TX_MOBILE_CONTEXT: "TX_MOBILE_CONTEXT",
  /** The six digits that the person reads where it all began, for `setStatus` of a transaction that asks for them. */
  PARAM_TX_NUMBER: "TX_NUMBER",
  /** `apns`, `fcm`, `hms` or `web`, beside DEVICE_INFO_PUSHID; follows from the platform of the device otherwise. */
  PARAM_PUSH_PLATFORM: "PUSH_PLATFORM",

  CONTAINER_NAME: "CONTAINER_NAME",
  CONTAINER_URL: "CONTAINER_URL",
  CONTAINER_USERID: "CONTAINER_USERID",
  /** Epoch ms as text: containers that end by then. */
  CONTAINER_EXPIRY_DATE: "CONTAINER_EXPIRY_DATE",
  /** Epoch ms as text: containers that were made by then. */
  CONTAINER_CREATION_DATE: "CONTAINER_CREATION_DATE",
  /** Parameter of a prompt event: id of the policy. */
  CONTAINER_POLICY: "CONTAINER_POLICY",
  KEY_POLICY: "KEY_POLICY",
  TYPE: "TYPE",

  PROPERTY_DOMAIN: "PROPERTY_DOMAIN",
  PROPERTY_PROTOCOL_VERSION: "PROPERTY_PROTOCOL_VERSION",
  /** The server's id of the container. */
  PROPERTY_DEVICEID: "deviceid",

  KEY_PROPERTY_ID: "KEY_PROPERTY_ID",
  KEY_PROPERTY_LABEL: "KEY_PROPERTY_LABEL",
  KEY_PROPERTY_USAGE: "KEY_PROPERTY_USAGE",
  /** Epoch ms as text. */
  KEY_PROPERTY_CREATE: "KEY_PROPERTY_CREATE",
  /** Epoch ms as text, 0 for never. */
  KEY_PROPERTY_EXPIRY: "KEY_PROPERTY_EXPIRY",
  KEY_PROPERTY_USAGE_AUTH: "AUTH",
  KEY_PROPERTY_USAGE_SIGN: "SIGN",
  KEY_PROPERTY_USAGE_TRANSPORT: "TRANSPORT",
  KEY_PROPERTY_USAGE_OTP: "OTP",

  DEVICE_INFO_BRAND: "DEVICE_INFO_BRAND",
  DEVICE_INFO_MODEL: "DEVICE_INFO_MODEL",
  DEVICE_INFO_NAME: "DEVICE_INFO_NAME",
  DEVICE_INFO_OS: "DEVICE_INFO_OS",
  DEVICE_INFO_OS_NAME: "DEVICE_INFO_OS_NAME",
  DEVICE_INFO_OS_VERSION: "DEVICE_INFO_OS_VERSION",
  DEVICE_INFO_KEYSTORE: "DEVICE_INFO_KEYSTORE",
  DEVICE_INFO_FPENROLLED: "DEVICE_INFO_FPENROLLED",
  DEVICE_INFO_FPCAPABLE: "DEVICE_INFO_FPCAPABLE",
  DEVICE_INFO_ISROOTED: "DEVICE_INFO_ISROOTED",
  DEVICE_INFO_PUSHID: "DEVICE_INFO_PUSHID",

  /** What `getAction` of a transaction says. */
  ACTION_TRANSACTION: "TRANSACTION",
} as const;
