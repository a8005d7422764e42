/** Examples of `/rest/v3`: signatures and what goes with them. */
import type { Examples } from "../examples.ts";
import { values } from "../values.ts";

export const restSignatureExamples: Examples = {
  "POST /rest/v3/signature/verify": {
    summary: "Verify what a device signed; a wrong signature is an answer like a right one",
    body: {
      activationId: values.activation,
      applicationKey: values.applicationKey,
      data: "POST&L2xvZ2lu&olkPbS2eBRwW+s5BG2OJUg==&eyJhIjoxfQ==",
      signature: "f/1mrL/7tH6pRmzBnuE4kpBahxCPc5f9Oz1cJIvKA3M=",
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
      signature: "MEYCIQDGyR30M9ob7irC4ptfLutTMweX5QTmAJTW57d6rRTyWAIhAKwfIonLUzKKKAsbBX/mwEMycBZxaMcegfoE3FlvGUgV",
    },
  },
  "POST /rest/v3/signature/ecdsa/verify": {
    summary: "Verify data that a device signed by its own key",
    body: {
      activationId: values.activation,
      data: "YSBkb2N1bWVudA==",
      signature: "MEYCIQDRBdGPdC9Ws93MLt49hC4AuZUKP+9wiitcBbRpQ3YYPwIhAOq2b/52zE+ztlt5GFvgQjfz8wZnD3cqxaezCg79WvMC",
      signatureFormat: "DER",
    },
    response: {
      signatureValid: true,
    },
  },
  "POST /rest/v3/signature/list": {
    summary: "What was verified for a user, newest first",
    body: {
      userId: values.user,
      timestampFrom: "2026-01-01T00:00:00Z",
      timestampTo: "2100-01-01T00:00:00Z",
    },
    response: {
      items: [
        {
          id: 320125608141746,
          userId: values.user,
          applicationId: values.application,
          activationId: values.activation,
          activationCounter: 0,
          activationCtrData: null,
          activationStatus: "ACTIVE",
          additionalInfo: [
            {
              key: "SIGNED_DATA_SHA256",
              value: "BluAcBCgEYxNe7zwxIGMt06RVDDLH6A_8LbIDhqb9ZM",
            },
          ],
          dataBase64: null,
          signatureVersion: "3.3",
          signatureType: "POSSESSION_KNOWLEDGE",
          signature: null,
          note: "signature_ok",
          valid: true,
          version: 3,
          timestampCreated: "2026-11-27T19:49:49.469+00:00",
        },
      ],
    },
  },
  "POST /rest/v3/signature/offline/personalized/create": {
    summary: "The QR code of an offline operation for one activation",
    body: {
      activationId: values.activation,
      data: "0a1e2f3b\nPayment\nRent\nA1*A1250.00EUR*NRent\nB",
    },
    response: {
      offlineData:
        "0a1e2f3b\nPayment\nRent\nA1*A1250.00EUR*NRent\nB\nt/7IIzPrpWQjl8RPQvUEJQ==\n1MEUCIEQ2ZDFv/cT/Kgof3wrDlQhR3Y8hDlCgrwjdyuyxE1l1AiEA92Y1nnpuA8tHpSegZk2jHQajr4qlzGlEEx0kA7rEAjI=",
      nonce: "t/7IIzPrpWQjl8RPQvUEJQ==",
    },
  },
  "POST /rest/v3/signature/offline/non-personalized/create": {
    summary: "The QR code of an offline operation for any activation of the application",
    body: {
      applicationId: values.application,
      data: "0a1e2f3b\nPayment\nRent\nA1*A1250.00EUR*NRent\nB",
    },
    response: {
      offlineData:
        "0a1e2f3b\nPayment\nRent\nA1*A1250.00EUR*NRent\nB\n4OtjJK8eVafN6whn+0K0gg==\n0MEUCIBC8Nt4j0sDK856JYUDR3iaM4PQJ/1rxayK8sGg2Q4yiAiEAodxxb+a5BioYmuoFwY1sa3wq/5v5r5lWnuZwTaMI10I=",
      nonce: "4OtjJK8eVafN6whn+0K0gg==",
    },
  },
  "POST /rest/v3/signature/offline/verify": {
    summary: "Verify the code that a person retyped; a wrong one is an answer like a right one",
    body: {
      activationId: values.activation,
      data: "POST&L29wZXJhdGlvbi9hdXRob3JpemUvb2ZmbGluZQ==&DmYtVDEZD8gC8JGWhLJd1A==&MGExZTJmM2ImQTEqQTEyNTAuMDBFVVIqTlJlbnQ=",
      signature: "39249040-51228153",
      allowBiometry: true,
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
  "POST /rest/v3/token/create": {
    summary: "Make a token for a device, for front servers",
    body: {
      activationId: values.activation,
      signatureType: "POSSESSION",
      applicationKey: values.applicationKey,
      protocolVersion: "3.3",
      temporaryKeyId: "a75ddd2e-d715-4391-a162-be07874cf759",
      ephemeralPublicKey: "BLJ4mHteWxRpRFYCEqlP05fvMwtu0Caw4N+NMOu/5MkTAL/co6LsTPx84DcBAIILjaOtm3CiCZmGyWW45zKc/5g=",
      encryptedData: "pzJQiKdg7/xx/qnCCd+Xww==",
      mac: "ImaeWkXePW3EHRhaklBZmNGrEDpTyYx85PNX/tpV6qM=",
      nonce: "2/EPOHkWpuYdewu2gOj/Dw==",
      timestamp: 1795808989670,
    },
    response: {
      encryptedData:
        "FzUgyXYnKlD/QgNtAPjSE/iezGnxmDe760qnWlwCGzkLXHChSjFrstzDEbB4t+inNogpXmpuJWlPMHfeuAtc7R7UuRr+LyX8ciNLPzn4hROAUPv1yueGbxUgxerCDFDB",
      mac: "wF+I6ZgodGC0LVLGSHFdMwH7MeXIKPZQV59NqEGf8aU=",
      nonce: "qxsui7/C4phJHTYlzcUD9g==",
      timestamp: 1795808989674,
    },
  },
  "POST /rest/v3/token/validate": {
    summary: "Validate a token digest, once per nonce",
    body: {
      tokenId: "6c59fa5f-14f5-4618-bd44-3d7bf2fe4b8a",
      tokenDigest: "cSteT3EtVF3f+Nv20suw/9m/IBfxE7JEbLahwkTEa9E=",
      nonce: "hbJXQRQg8VPOJuJSt6UazA==",
      timestamp: 1795808989745,
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
      tokenId: "4eddede8-5500-4299-a08b-655205a91c84",
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
      signature: "/6NOUeYsHhkgqbUi1GG1gy3DNoJ5tvHkkOh9M9Ha47Q=",
      signatureType: "POSSESSION_KNOWLEDGE",
      signatureVersion: "3.3",
      signedData:
        "POST&L3BhL3ZhdWx0L3VubG9jaw==&9eQCup3jM/rK3kytPOO04A==&eyJ0ZW1wb3JhcnlLZXlJZCI6ImE0ZTEzYzkxLTU3NTItNGVhOS05MjQ3LTdjZjFjZmMxMmNiYiIsImVwaGVtZXJhbFB1YmxpY0tleSI6IkJMYU9LVk45eUNUY1RLLzFTQ3VrTlFSZ0ZlQWY4cXJCUk5qWVM3STVIWnNaeGVrM1BDTjhwTUpjbUMzK1VKQjI4Ym5EaGtUbmFPbGhDaitVa0lzS1Uybz0iLCJlbmNyeXB0ZWREYXRhIjoiN3JHU3AzSFNJOHB3bDVtb2lGLzYvOVFCVlpCYnJ0dlg4N0poaWFaVnJGMD0iLCJtYWMiOiJWL2tnbEYvOE1VQ01wZExDcE9JSW5ISFdvNlZNVnlHVGhTNDV2eFYvb1dRPSIsIm5vbmNlIjoiODVXbjdyNVIvYW5ZUCs2VnlOQmxxQT09IiwidGltZXN0YW1wIjoxNzk1ODA4OTg5OTkwfQ==",
      temporaryKeyId: "a4e13c91-5752-4ea9-9247-7cf1cfc12cbb",
      ephemeralPublicKey: "BLaOKVN9yCTcTK/1SCukNQRgFeAf8qrBRNjYS7I5HZsZxek3PCN8pMJcmC3+UJB28bnDhkTnaOlhCj+UkIsKU2o=",
      encryptedData: "7rGSp3HSI8pwl5moiF/6/9QBVZBbrtvX87JhiaZVrF0=",
      mac: "V/kglF/8MUCMpdLCpOIInHHWo6VMVyGThS45vxV/oWQ=",
      nonce: "85Wn7r5R/anYP+6VyNBlqA==",
      timestamp: 1795808989990,
    },
    response: {
      encryptedData:
        "ZhbBcZ5qj3b7GFhPSmAft3A6u9L8Tt7XnjNKcLQTjFhRmoJo5tTniQK27MG0oz5n/JqbwlCmBIOYmnMT9ai4/qqcNs3Z99N/0gcwCmSqTLw=",
      mac: "Jt4lEiUXXqTuUw3yeDqlvStWkfoH4xdsxcqHYmN2JoI=",
      nonce: "XSB3AmX3Y3c9ro7a/6xULg==",
      timestamp: 1795808989998,
      signatureValid: true,
    },
  },
  "POST /rest/v3/ecies/decryptor": {
    summary: "Keys to open one encrypted request, for front servers",
    body: {
      activationId: values.activation,
      applicationKey: values.applicationKey,
      protocolVersion: "3.3",
      temporaryKeyId: "481e64d0-e85e-4a2f-ae3d-e4551da83aba",
      ephemeralPublicKey: "BN/XtPeaGifBw/BmPDKFjZse9kevaT5YZ4Dl+lp4r0OsEanvi7z+7ni3hHbLXqdGgCKM1C0Vt5vf6X52swdSrUE=",
      nonce: "SarJjkftIMs7G07UdF/c5w==",
      timestamp: 1795808990093,
    },
    response: {
      secretKey: "Qtb2I9UO9TLWWpCJfxiRARLykBcAJBB+5k9fU3mCE9thGc9hrpq/xNjpxosurslr",
      sharedInfo2: "3NmqFGZ0UwTcTVErcV2RQJlFC9SnPuJiEasjntK8mBE=",
    },
  },
  "POST /rest/v3/upgrade/start": {
    summary: "Nothing to upgrade: always refused",
    body: {
      requestObject: {
        activationId: values.activation,
        applicationKey: values.applicationKey,
      },
    },
    status: 400,
    whole: true,
    response: {
      status: "ERROR",
      responseObject: {
        code: "ERR0008",
        message: "There is nothing to upgrade.",
        localizedMessage: "There is nothing to upgrade.",
      },
    },
  },
  "POST /rest/v3/upgrade/commit": {
    summary: "Nothing to upgrade: always refused",
    body: {
      requestObject: {
        activationId: values.activation,
        applicationKey: values.applicationKey,
      },
    },
    status: 400,
    whole: true,
    response: {
      status: "ERROR",
      responseObject: {
        code: "ERR0008",
        message: "There is nothing to upgrade.",
        localizedMessage: "There is nothing to upgrade.",
      },
    },
  },
  "POST /rest/v3/keystore/create": {
    summary: "Make a temporary encryption key",
    body: {
      jwt: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhcHBsaWNhdGlvbktleSI6IlRuSVgyYURpb3lOa1VkNTdFbklrdXc9PSIsImFjdGl2YXRpb25JZCI6ImI5MGYwNmNjLTNkYjQtNDE0My1hNzNkLThmN2UzMjI1NDIwNyIsImNoYWxsZW5nZSI6IkQ3OThtRytZRVRORGFLOTJOL2NZVWRYdyJ9.-7Rn-C1zFhekTK1FtVDoOb2wFDvlYShHpy2-iJFk0rQ",
    },
    response: {
      jwt: "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI2NTcxOWVjYi1kMDc3LTQzZTQtYmYxYy0yOGM3ZTZiODk2ZWQiLCJhcHBsaWNhdGlvbktleSI6IlRuSVgyYURpb3lOa1VkNTdFbklrdXc9PSIsImFjdGl2YXRpb25JZCI6ImI5MGYwNmNjLTNkYjQtNDE0My1hNzNkLThmN2UzMjI1NDIwNyIsImNoYWxsZW5nZSI6IkQ3OThtRytZRVRORGFLOTJOL2NZVWRYdyIsInB1YmxpY0tleSI6IkJBYW9mSkJHNUVWN3laMzFsQjhxSzBqV3puU01NcURzU3dtaUM4SDdqWFNQd24zRytoNjg1R1c2d3VSSDd0emJwQnd4R284b3NBNG5CYk9vZk1XY0tFQT0iLCJpYXQiOjE3OTU4MDg5OTAsImV4cCI6MTc5NTgwOTI5MCwiaWF0X21zIjoxNzk1ODA4OTkwMjY5LCJleHBfbXMiOjE3OTU4MDkyOTAyNjl9.Pvmtaxq1NjUJVtHzA8iPaIjoWbuubS5J-bF15Wr1US4CjJcVdI1YFINaU_hVoxFF19ryM6xtZs6EEfNp7y1_KA",
    },
  },
  "POST /rest/v3/keystore/remove": {
    summary: "Remove a temporary encryption key",
    body: {
      id: "152abff2-b640-423a-9957-1a25e92b7648",
    },
    response: {
      id: "152abff2-b640-423a-9957-1a25e92b7648",
      removed: true,
    },
  },
};
