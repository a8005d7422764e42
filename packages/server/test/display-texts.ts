/** Display templates that tests set. */
export const english = {
  title: "Payment to ${payee:-somebody}",
  message: "Please pay ${note}.",
  resultTexts: { success: "Paid", failure: "Not paid", reject: "Refused ${note}" },
  attributes: [
    { id: "amount", type: "AMOUNT", text: "Amount", params: { amount: "amount", currency: "currency" } },
    { id: "note", type: "NOTE", text: "Note", params: { note: "note" } },
    { id: "iban", type: "KEY_VALUE", text: "To account", params: { value: "iban" } },
    { id: "new", type: "HOLOGRAM", text: "Currency", params: { value: "currency" } },
  ],
};
export const czech = { ...english, title: "Platba", message: "Prosím zaplaťte ${note}." };
