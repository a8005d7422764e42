/** Examples of `/rest/v3`: templates. */
import type { Examples } from "../examples.ts";
import { values } from "../values.ts";

export const restTemplateExamples: Examples = {
  "POST /rest/v3/operation/template/create": {
    summary: "Add a template",
    body: {
      templateName: values.newTemplate,
      operationType: values.template,
      dataTemplate: "A1*A${amount}${currency}*N${note}",
      signatureType: ["POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"],
      maxFailureCount: 5,
      expiration: 300,
      riskFlags: "X",
      proximityCheckEnabled: false,
    },
    response: {
      id: 5,
      templateName: values.newTemplate,
      operationType: values.template,
      dataTemplate: "A1*A${amount}${currency}*N${note}",
      signatureType: ["POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"],
      maxFailureCount: 5,
      expiration: 300,
      riskFlags: "X",
      proximityCheckEnabled: false,
    },
  },
  "POST /rest/v3/operation/template/list": {
    summary: "All templates",
    response: [
      {
        id: 1,
        templateName: values.template,
        operationType: "authorize_payment",
        dataTemplate: "A1*A${amount}${currency}*N${note}",
        signatureType: ["POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"],
        maxFailureCount: 5,
        expiration: 300,
        riskFlags: null,
        proximityCheckEnabled: false,
      },
    ],
  },
  "POST /rest/v3/operation/template/detail": {
    summary: "One template",
    body: {
      id: values.templateId,
    },
    response: {
      id: values.templateId,
      templateName: values.template,
      operationType: "authorize_payment",
      dataTemplate: "A1*A${amount}${currency}*N${note}",
      signatureType: ["POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"],
      maxFailureCount: 5,
      expiration: 300,
      riskFlags: null,
      proximityCheckEnabled: false,
    },
  },
  "POST /rest/v3/operation/template/update": {
    summary: "Change everything of a template but its name",
    body: {
      id: values.oldTemplateId,
      operationType: values.template,
      dataTemplate: "A1*A${amount}${currency}*N${note}",
      signatureType: ["POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"],
      maxFailureCount: 5,
      expiration: 300,
      riskFlags: "X",
      proximityCheckEnabled: false,
    },
    response: {
      id: values.oldTemplateId,
      templateName: values.oldTemplate,
      operationType: values.template,
      dataTemplate: "A1*A${amount}${currency}*N${note}",
      signatureType: ["POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"],
      maxFailureCount: 5,
      expiration: 300,
      riskFlags: "X",
      proximityCheckEnabled: false,
    },
  },
  "POST /rest/v3/operation/template/remove": {
    summary: "Remove a template",
    body: {
      id: values.oldTemplateId,
    },
  },
};
