/** Examples of `/rest/v3`: signatures and what goes with them. */
import type { Examples } from "../examples.ts";
import { values } from "../values.ts";

export const restSignatureExamples: Examples = {
  "POST /rest/v3/signature/verify": {
    summary: "Verify what a device signed; a wrong signature is an answer like a right one",
    body: {
      activationId: values.activation,
      applicationKey: values.applicationKey,
      data: "POST&L2xvZ2lu&QNkBN5c8OizwBGlM/4Y4FQ==&eyJhIjoxfQ==",
      signature: "wMWryQIh+IvpejI4MQUZYxSA9nDVzVubB7sI5Z4vQrM=",
      signatureType: "POSSESSION_KNOWLEDGE",
      signatureVersion: "3.3",
    },
    response: {
      signatureValid: true,
      activationStatus: "ACTIVE",
      blockedReason: null,
      activationId: values.activation,
      userId: values.user,
      applicationId: values.application,
      signatureType: "POSSESSION_KNOWLEDGE",
      remainingAttempts: 5,
      applicationRoles: ["retail"],
      activationFlags: [],
    },
  },
  "POST /rest/v3/signature/ecdsa/sign": {
    summary: "Sign data by the server's key of an activation",
    body: {
      activationId: values.activation,
      data: "YSBkb2N1bWVudA==",
    },
    response: {
      signature: "MEUCIE3vzXFXbeqgn5bvsCm6+hjg6DsLv0b8IqeGskd2L7mlAiEAw1WZJruACKnfhQ+L2TONZ2pqsX+pTkIfMTXZfowCG+Y=",
    },
  },
  "POST /rest/v3/signature/ecdsa/verify": {
    summary: "Verify data that a device signed by its own key",
    body: {
      activationId: values.activation,
      data: "YSBkb2N1bWVudA==",
      signature: "MEUCIQDQyBfvbRWZ6rClxjM5j9elU2mLjKtJm6MbrQKopWqOZQIgCf+Ugr5kwwpwgWPwDe+xtz77+oA6vzVxaZHMoH9XeOg=",
      signatureFormat: "DER",
    },
    response: {
      signatureValid: true,
    },
  },
  "POST /rest/v3/token/create": {
    summary: "Make a token for a device, for front servers",
    body: {
      activationId: values.activation,
      signatureType: "POSSESSION",
      applicationKey: values.applicationKey,
      protocolVersion: "3.3",
      temporaryKeyId: "c8073759-0b24-4ec9-b814-7f15366f44ae",
      ephemeralPublicKey: "BB4AY9922/0mWcI/gsFpP6mkMCPvR62Uag+ZeshbVBNP1Tqa1TkdOKWlI06xJ3RA32lEnhoIc75EkLwwpegN5es=",
      encryptedData: "81stvWoCIM9IkwJTwNHg4g==",
      mac: "LWyGhEDOJlIE6wxgABXVH8dK9JqBc7KqXCaHeyw4jDs=",
      nonce: "4d0YHisKfSUtCc2qKol1GQ==",
      timestamp: 1795806805845,
    },
    response: {
      encryptedData:
        "yPYUifAeL5VtDgS8E+VXeFwMv49tifW+PUMD4q10at2416ZXRYaFDGLaQ6xsEA0M0p72dDSEggb0mJyjaVc1gVcQmuFr4CqVR5mXRHZ4guwwTd2q8DNMVIWwG/3WAe24",
      mac: "TICJNH+9zy1zCM4LsTArXGBnNTc/v+TH+lJBSMR8CJ4=",
      nonce: "DAX4G3gwPd7473WuOzFqZA==",
      timestamp: 1795806805849,
    },
  },
  "POST /rest/v3/token/validate": {
    summary: "Validate a token digest, once per nonce",
    body: {
      tokenId: "c36de184-0afb-4815-9013-de578f3c8637",
      tokenDigest: "SOgw0zGxqa5yrrnl+d4lK8b9I4tYM759wYCWBcHPxj8=",
      nonce: "LiGgtiB83hHMTogIUKuB9Q==",
      timestamp: 1795806806068,
      protocolVersion: "3.3",
    },
    response: {
      tokenValid: true,
      activationId: values.activation,
      activationStatus: "ACTIVE",
      blockedReason: null,
      userId: values.user,
      applicationId: values.application,
      signatureType: "POSSESSION",
      applicationRoles: ["retail"],
      activationFlags: [],
    },
  },
  "POST /rest/v3/token/remove": {
    summary: "Remove a token of an activation",
    body: {
      tokenId: "0ffbecab-93eb-46fa-8841-1cc3494f3916",
      activationId: values.activation,
    },
    response: {
      removed: true,
    },
  },
  "POST /rest/v3/vault/unlock": {
    summary: "Open the vault for a signed request, for front servers",
    body: {
      activationId: values.activation,
      applicationKey: values.applicationKey,
      signature: "B0q7eLCraSjX9lx9+mAD3d5+JNfLUFLtqDGe9ROWcnI=",
      signatureType: "POSSESSION_KNOWLEDGE",
      signatureVersion: "3.3",
      signedData:
        "POST&L3BhL3ZhdWx0L3VubG9jaw==&dCejkvPUF64o5CfNtYa7Sw==&eyJ0ZW1wb3JhcnlLZXlJZCI6IjRiYmI3ZmU2LWVhZDUtNDQ1My05Mzc1LTRkODkyOTJjYTcyOSIsImVwaGVtZXJhbFB1YmxpY0tleSI6IkJFYmliZUlIYURZSTcwVjhZUm1JYlFzRktUL3JqUktGT3NIbUY2RUtEdlZvaXp6T2hURjVyYUoycU5jUkRydURENDNnZDdYZncrM2dkSzFSN3pBTmhIaz0iLCJlbmNyeXB0ZWREYXRhIjoiVzV4RmNRMWRiNzVOVmoyUVYwckltQ2UrenBYUndrTGo5ZFJENnJ0WGc4dz0iLCJtYWMiOiI2enR5NVpkU0JtRGJ1azc2VXlMQWFkMU5KMXoxR1cxRlNmSWZFbEppMUZvPSIsIm5vbmNlIjoiUDNFMk1OajMzT1ZjUExSMHFwOUFFQT09IiwidGltZXN0YW1wIjoxNzk1ODA2ODA2MjQ3fQ==",
      temporaryKeyId: "4bbb7fe6-ead5-4453-9375-4d89292ca729",
      ephemeralPublicKey: "BEbibeIHaDYI70V8YRmIbQsFKT/rjRKFOsHmF6EKDvVoizzOhTF5raJ2qNcRDruDD43gd7Xfw+3gdK1R7zANhHk=",
      encryptedData: "W5xFcQ1db75NVj2QV0rImCe+zpXRwkLj9dRD6rtXg8w=",
      mac: "6zty5ZdSBmDbuk76UyLAad1NJ1z1GW1FSfIfElJi1Fo=",
      nonce: "P3E2MNj33OVcPLR0qp9AEA==",
      timestamp: 1795806806247,
    },
    response: {
      encryptedData:
        "fweMubJJvX1ECPtwHdO3q7XRGxBf//eGB6c+DBtXl+TA0nmpoOK4rRkV2HFWm7QTxSBQq0XguVgT819WPMVbsWmsdBO6u1Dbplz0aCC5Rd4=",
      mac: "M9ofpf5RqhxfsRo/vf0XVmyUkxCFdxILBq+1n21EMzk=",
      nonce: "SZjfHvrB3uBWx3U11BkdYg==",
      timestamp: 1795806806252,
      signatureValid: true,
    },
  },
  "POST /rest/v3/ecies/decryptor": {
    summary: "Keys to open one encrypted request, for front servers",
    body: {
      activationId: values.activation,
      applicationKey: values.applicationKey,
      protocolVersion: "3.3",
      temporaryKeyId: "1d4bd8d6-f220-452b-b519-2dbf19621212",
      ephemeralPublicKey: "BGyRxrYNEgmoJsLk9RLQPz3sq/qImCjjw9jgEEhSBcDneLg1LYAsN2TIHrdAh+12c+S8sYAQAAea5hBNv+bPiDE=",
      nonce: "MRK8EBbgeAy734rs9mtafQ==",
      timestamp: 1795806806437,
    },
    response: {
      secretKey: "bdXLt50L/Evks3B5ooP3+xMoy8ZDkb/rvfRsZt8CSMN6o8QH2OhoHTUNFwbb10Lk",
      sharedInfo2: "Zw/QjkY36trvklMehMZ0Ow2IJrnCZXZdPLcMpfVed78=",
    },
  },
  "POST /rest/v3/keystore/create": {
    summary: "Make a temporary encryption key",
    body: {
      jwt: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhcHBsaWNhdGlvbktleSI6ImhEUk9EanVTY1BmY0wzd3hjamZUclE9PSIsImFjdGl2YXRpb25JZCI6IjBjZmRlZjM0LTYwNjItNGVkNS05NjNlLWQzZDMxNDc0YWFiZSIsImNoYWxsZW5nZSI6InJIMW5XS09QUDNrUGNEYUhrVC8wZmkzWSJ9.Y8hb54lqroDmWpVGqXQui2RB7uN_r4soc94gyWraQzQ",
    },
    response: {
      jwt: "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJiZjIyMDZmYS1hYTI0LTQxYmItODk2OS05ZDM0ZDQ3NGRjYjMiLCJhcHBsaWNhdGlvbktleSI6ImhEUk9EanVTY1BmY0wzd3hjamZUclE9PSIsImFjdGl2YXRpb25JZCI6IjBjZmRlZjM0LTYwNjItNGVkNS05NjNlLWQzZDMxNDc0YWFiZSIsImNoYWxsZW5nZSI6InJIMW5XS09QUDNrUGNEYUhrVC8wZmkzWSIsInB1YmxpY0tleSI6IkJNWWN2TFFiQWgyczh5aFpaT082a1p3RFZ3L0ZySVEvb2o0Mk83YkYwZ1NlenB6cXlWdExSYjQ5OE1NSDZvL0d1OU9CMmxwVCtTNVg2bnFkMFYvMXVUcz0iLCJpYXQiOjE3OTU4MDY4MDYsImV4cCI6MTc5NTgwNzEwNiwiaWF0X21zIjoxNzk1ODA2ODA2NzE0LCJleHBfbXMiOjE3OTU4MDcxMDY3MTR9.QUMhwBv_PoQJ2IYDJQKfZp4nLaEptLohWvOksdMmFXsutvhLU2gXlukyjyIIrcdR7ERlbuFcWcS9ytv02EPyDw",
    },
  },
  "POST /rest/v3/keystore/remove": {
    summary: "Remove a temporary encryption key",
    body: {
      id: "776dcdfb-b9f7-4c38-b4d1-a9c71f56f38e",
    },
    response: {
      id: "776dcdfb-b9f7-4c38-b4d1-a9c71f56f38e",
      removed: true,
    },
  },
};
