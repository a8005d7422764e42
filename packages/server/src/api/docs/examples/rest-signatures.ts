/** Examples of `/rest/v3`: signatures and what goes with them. */
import type { Examples } from "../examples.ts";
import { values } from "../values.ts";

export const restSignatureExamples: Examples = {
  "POST /rest/v3/signature/verify": {
    summary: "Verify what a device signed; a wrong signature is an answer like a right one",
    body: {
      activationId: values.activation,
      applicationKey: values.applicationKey,
      data: "POST&L2xvZ2lu&A/cJnk6Ks3M8pWtDQa55XQ==&eyJhIjoxfQ==",
      signature: "lGo+4sGFTRBLJEleH5fsPlbKDKE6UgOQi3ovBFXJMlA=",
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
      signature: "MEUCIQCEYld0ABLOOw0CM3irdXm0NJoomnBjBpQvoqLtJcUnYgIgYZ/dBZfThmOxVduGnJJL2IBzbUq6NHCGiu18FiUVacI=",
    },
  },
  "POST /rest/v3/signature/ecdsa/verify": {
    summary: "Verify data that a device signed by its own key",
    body: {
      activationId: values.activation,
      data: "YSBkb2N1bWVudA==",
      signature: "MEUCIDNQkKbMXX5NLYgyx4tF2PPhZu7L4dwcEmePKjt7Y1yBAiEAxJIPssRid3ls6oIPr1b9yUquHPmxcJFG5ydrA+cRHJg=",
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
      temporaryKeyId: "b9ad9d23-0f52-4837-a87b-39976cf6dc95",
      ephemeralPublicKey: "BPQBJf+ktWFp++rSKOA83kLLIfaj/BOtuyD3AHaShNULr+nf0sM49FaS2nwhtqVFHJvoX16Yvwevl1E5JAkTg7Q=",
      encryptedData: "l/QVmpqHVAQPIAxC1ivOlw==",
      mac: "7qLYzNfHzh0/bbW0ArUHPZiPksemEO79kDHpUvSGU6o=",
      nonce: "1SWNdDerxVl7EbcyEGathw==",
      timestamp: 1795804280439,
    },
    response: {
      encryptedData:
        "H0WXg1P5yZSE/IgG+1UmNH5lcG0LTVPY9ZU3cwlhAFZOG57J5XDsKgasy+/ZGBpq/bC+S4vNuQbaHWAUvwADy91Asc0uxOqG+pxWvq9Y+ilYnqwH7ZwhuKsl4wndCkgn",
      mac: "r3akRFNP5Tg2m8aHqmniyOZV62JNrNWRN3wkWJz0HmI=",
      nonce: "r0d7HO2kLdc8mlEjbTanhw==",
      timestamp: 1795804280443,
    },
  },
  "POST /rest/v3/token/validate": {
    summary: "Validate a token digest, once per nonce",
    body: {
      tokenId: "03b97ccd-51ac-44aa-a024-1b9c80da75b2",
      tokenDigest: "En7H7VZ/wT9KJaXC3seK+M6XafuzzmuY+nfxddjHXXo=",
      nonce: "isbasQt4w823FY26aUpfrQ==",
      timestamp: 1795804280491,
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
      tokenId: "b7c67428-7682-4732-821f-d229b5934017",
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
      signature: "m6FxcRwi0a5rzHfyz7XvZgBd6v3wAOgK0jSXPG7CEaI=",
      signatureType: "POSSESSION_KNOWLEDGE",
      signatureVersion: "3.3",
      signedData:
        "POST&L3BhL3ZhdWx0L3VubG9jaw==&XSt0evdyayxqM6F5YFixjQ==&eyJ0ZW1wb3JhcnlLZXlJZCI6ImViYThjMWI2LTJjMDMtNGJmZS05YWY0LTY2ODk5YTEzM2Y1ZiIsImVwaGVtZXJhbFB1YmxpY0tleSI6IkJGMDhQdjkzblhYeEJGQllZeUg2MHljdm04cnNVT2t3YXVNZEVnRmd2Z0J3d3YybWtOUUdnLzNSTzczcW1CekVNUmppL25vYXlCTElhalREdHAzeUNJVT0iLCJlbmNyeXB0ZWREYXRhIjoicEtJREFNU0hyVzZaRU9pWkpUZGpoOGVGaVlGU0JtRkp3V0IyaCszRWJyaz0iLCJtYWMiOiJBTi82VEY3QVVGRWw0ZysvVnhzMmpKY2dCUEY0N3JENmxET0lLSEVSMC9NPSIsIm5vbmNlIjoiSWVza2dCcWhoZDVvM3dteG53NlJZZz09IiwidGltZXN0YW1wIjoxNzk1ODA0MjgwNjQ2fQ==",
      temporaryKeyId: "eba8c1b6-2c03-4bfe-9af4-66899a133f5f",
      ephemeralPublicKey: "BF08Pv93nXXxBFBYYyH60ycvm8rsUOkwauMdEgFgvgBwwv2mkNQGg/3RO73qmBzEMRji/noayBLIajTDtp3yCIU=",
      encryptedData: "pKIDAMSHrW6ZEOiZJTdjh8eFiYFSBmFJwWB2h+3Ebrk=",
      mac: "AN/6TF7AUFEl4g+/Vxs2jJcgBPF47rD6lDOIKHER0/M=",
      nonce: "IeskgBqhhd5o3wmxnw6RYg==",
      timestamp: 1795804280646,
    },
    response: {
      encryptedData:
        "DMZAQLtJ+A6cGs/oQ/zw9owGNtY2rgB5F+Qd69Ycg2IzabKT97pH6E9kFXwAc1vwfQrk7KELeJtcbPzdhxTfH0Do7+XljLp/qrvE+dh7ljQ=",
      mac: "OJmYO2P3/R96GXkND3nIv0nq26W/NvV6jSFaW5vIPEw=",
      nonce: "7ZV8pJ+yiI5GaDV6btSJew==",
      timestamp: 1795804280650,
      signatureValid: true,
    },
  },
  "POST /rest/v3/ecies/decryptor": {
    summary: "Keys to open one encrypted request, for front servers",
    body: {
      activationId: values.activation,
      applicationKey: values.applicationKey,
      protocolVersion: "3.3",
      temporaryKeyId: "9ad8d371-30ad-43ae-8e0d-4b05df12ceb9",
      ephemeralPublicKey: "BAEMGbGoSYsqHT0cWr19K2zyvzThDLWsHOUo8F6NB5/Sj6jb/Wcjfk2Sxjmkd8pZLxB0dhPFSDPm9Au0G3p4l5c=",
      nonce: "oAaCnYZRW4fOPUWabfrybg==",
      timestamp: 1795804280699,
    },
    response: {
      secretKey: "dsf3I5ZGk7wj1nXxZbJ2Xqr91cJDDFEjGSYSzdyPEL9sIUblt62FsyVCtAu3+qPs",
      sharedInfo2: "ayhMLB/pgXZZ5Nc5T+XE1mS196l7R/KXqIm1+pb3+GM=",
    },
  },
  "POST /rest/v3/keystore/create": {
    summary: "Make a temporary encryption key",
    body: {
      jwt: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhcHBsaWNhdGlvbktleSI6IlE2d0QyQXlSajZBUzhDcFlmcG9yblE9PSIsImFjdGl2YXRpb25JZCI6IjUyZTUyMTBjLTc4NDMtNDQxNi1hYWIyLTRhNTdmZjYwNzFlYiIsImNoYWxsZW5nZSI6IktBeUdxeWRLczh2VnoxM2FWTkhhSE9tMiJ9.eQmj4ENcboctjzeadJiKaSQjUjnsDRAwOQ3hziZLqg4",
    },
    response: {
      jwt: "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI0YmI0M2I1Ni01MWI3LTQ0OWYtODQwOC1iYmI1ZTdkOGI3ZDIiLCJhcHBsaWNhdGlvbktleSI6IlE2d0QyQXlSajZBUzhDcFlmcG9yblE9PSIsImFjdGl2YXRpb25JZCI6IjUyZTUyMTBjLTc4NDMtNDQxNi1hYWIyLTRhNTdmZjYwNzFlYiIsImNoYWxsZW5nZSI6IktBeUdxeWRLczh2VnoxM2FWTkhhSE9tMiIsInB1YmxpY0tleSI6IkJPSEUvTkJ5UkpjQTN1SGRTRXNxcEZCYU9yNklBVnFqanZDeXh2dlpjdWhUWENvbXc5ME9Xb2t3NFlQblUwYStQVEk0NmRML0pSU3VwdkRxbmNRTHlTQT0iLCJpYXQiOjE3OTU4MDQyODAsImV4cCI6MTc5NTgwNDU4MCwiaWF0X21zIjoxNzk1ODA0MjgwNzQ0LCJleHBfbXMiOjE3OTU4MDQ1ODA3NDR9.D87kgcZcfc2PrtSAPNd7EERYHR4lJSNxhVt0alOxCJdFhEY8BrEUax5h-vbVZ9C9RJD_497qrCOt-wMD2JD5-w",
    },
  },
  "POST /rest/v3/keystore/remove": {
    summary: "Remove a temporary encryption key",
    body: {
      id: "cf9d18ff-1926-4c45-ab69-9bbecd52ee0b",
    },
    response: {
      id: "cf9d18ff-1926-4c45-ab69-9bbecd52ee0b",
      removed: true,
    },
  },
};
