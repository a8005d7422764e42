/** Examples of `/v1`: display and what goes with them. */
import type { Examples } from "../examples.ts";
import { values } from "../values.ts";

export const v1DisplayExamples: Examples = {
  "GET /v1/display-templates": {
    summary: "How operations are shown, by type and language",
    query: {
      operationType: values.displayedType,
    },
    response: {
      items: [
        {
          operationType: values.displayedType,
          language: "en",
          title: "Transfer",
          message: "Transfer ${amount}",
          attributes: [],
          updatedAt: "2026-11-27T19:49:48.186Z",
        },
      ],
    },
  },
  "GET /v1/display-templates/:operationType/:language": {
    summary: "How operations of a type are shown in a language",
    params: {
      operationType: values.displayedType,
      language: "en",
    },
    response: {
      operationType: values.displayedType,
      language: "en",
      title: "Transfer",
      message: "Transfer ${amount}",
      attributes: [],
      updatedAt: "2026-11-27T19:49:48.190Z",
    },
  },
  "PUT /v1/display-templates/:operationType/:language": {
    summary: "Set how operations of a type are shown in a language",
    params: {
      operationType: values.newDisplayedType,
      language: "en",
    },
    body: {
      title: "Payment of ${amount} ${currency}",
      message: "Approve the payment",
      attributes: [
        {
          id: "amount",
          type: "AMOUNT",
          text: "Amount",
          params: {
            amount: "amount",
            currency: "currency",
          },
        },
      ],
    },
    response: {
      operationType: values.newDisplayedType,
      language: "en",
      title: "Payment of ${amount} ${currency}",
      message: "Approve the payment",
      attributes: [
        {
          id: "amount",
          type: "AMOUNT",
          text: "Amount",
          params: {
            amount: "amount",
            currency: "currency",
          },
        },
      ],
      updatedAt: "2026-11-27T19:49:48.194Z",
    },
  },
  "DELETE /v1/display-templates/:operationType/:language": {
    summary: "Show operations of a type in a plain form again",
    params: {
      operationType: values.displayedType,
      language: "en",
    },
    status: 204,
  },
  "POST /v1/display-templates/:operationType/:language/preview": {
    summary: "What a device would show, by the template or by a draft of it",
    params: {
      operationType: values.displayedType,
      language: "en",
    },
    body: {
      parameters: {
        amount: "100",
      },
    },
    response: {
      formData: {
        title: "Transfer",
        message: "Transfer 100",
        attributes: [],
      },
    },
  },
};
