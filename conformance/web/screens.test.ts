/** Every row of a form and every screen around an approval, as the Mobile Token model has them. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { payment } from "../world.ts";
import { checkPage } from "./look.ts";
import {
  connect,
  describeAtBothSizes,
  openPhone,
  openScene,
  type Page,
  pay,
  paymentForm,
  type Scene,
  typePin,
} from "./scene.ts";

describeAtBothSizes("authenticator: forms and screens", (size) => {
  let scene: Scene;
  let page: Page;
  before(async () => {
    scene = await openScene(size);
    page = await openPhone(scene);
    await connect(scene, page, "anna");
  });
  after(() => scene?.close());

  const show = (ui: object) =>
    scene.world.v1("PUT", "/display-templates/payment/en", paymentForm("Payment", "Amount", ui));
  const openNext = async () => {
    const operation = await pay(scene, "anna");
    await page.getByRole("link", { name: /Payment|Everything/ }).click();
    return operation;
  };
  const finish = async (id: string) => {
    await typePin(page);
    await page.getByRole("heading", { name: "Approved" }).waitFor();
    assert.equal((await scene.world.bank.getOperation(id)).status, "APPROVED");
  };

  test("rows of every type are shown; one of a type that nobody knows says so and shows what was sent", async () => {
    const row = (id: string, type: string, params: object) => ({ id, type, text: `The ${id}`, params });
    await scene.world.v1("PUT", "/display-templates/payment/en", {
      title: "Everything",
      message: "Look at all of it",
      attributes: [
        row("heading", "HEADING", {}),
        row("amount", "AMOUNT", { amount: "amount", currency: "currency" }),
        row("conversion", "AMOUNT_CONVERSION", {
          dynamic: "dynamic",
          sourceAmount: "amount",
          sourceCurrency: "currency",
          targetAmount: "target",
          targetCurrency: "targetCurrency",
        }),
        row("value", "KEY_VALUE", { value: "iban" }),
        row("note", "NOTE", { note: "note" }),
        row("alert", "ALERT", { alertType: "alertType", title: "alertTitle", message: "alertMessage" }),
        row("image", "IMAGE", { thumbnailUrl: "thumbnail", originalUrl: "original" }),
        row("party", "PARTY_INFO", {
          logoUrl: "thumbnail",
          name: "party",
          description: "about",
          websiteUrl: "original",
        }),
      ],
    });
    const parameters = {
      ...payment.parameters,
      dynamic: "true",
      target: "31000.00",
      targetCurrency: "CZK",
      alertType: "WARNING",
      alertTitle: "A new payee",
      alertMessage: "You have not paid there before.",
      thumbnail: "https://localhost/none.png",
      original: "https://localhost/large",
      party: "The Shop",
      about: "Things",
    };
    const operation = await pay(scene, "anna", { parameters });
    await page.getByRole("link", { name: /Everything/ }).click();
    for (const text of [
      "The heading",
      "€1,250.00",
      "CZ2730300000001165254011",
      "Rent",
      "A new payee",
      "The Shop",
      "Things",
    ]) {
      await page.getByText(text, { exact: true }).first().waitFor();
    }
    await page.getByText(/31,000/).waitFor();
    await page.getByText("The rate may still change.").waitFor();
    await page.getByRole("link", { name: "Show the whole picture" }).waitFor();
    await checkPage(page, "rows");
    await page.getByRole("button", { name: "Approve" }).click();
    await finish(operation.id);
    await page.getByRole("button", { name: "Done" }).click();
  });

  test("a warning with a list, a wait and a slider comes before the PIN; turning back there goes back", async () => {
    await show({
      flipButtons: true,
      blockApprovalOnCall: true,
      preApprovalScreens: [
        {
          id: "warning",
          type: "WARNING",
          heading: "Is it really you?",
          message: "Nobody from the bank asks you to approve.",
          elements: [
            { type: "LIST_ITEM", text: "I started this payment myself" },
            { type: "ALERT", style: "DANGER", text: "A caller who asks for it is a fraudster." },
            { type: "BUTTON", text: "Call the bank", action: "PHONE", href: "+420800123456" },
          ],
          controls: {
            flip: true,
            decline: { type: "REJECT", text: "It was not me" },
            approve: { type: "SLIDER", text: "It is me", counter: 1 },
          },
        },
      ],
    });
    const operation = await openNext();
    await page.getByText("End the call first").waitFor();
    const [approve, reject] = await Promise.all([
      page.getByRole("button", { name: "Approve" }).boundingBox(),
      page.getByRole("button", { name: "Reject" }).boundingBox(),
    ]);
    assert.ok((approve?.x ?? 0) < (reject?.x ?? 0), "the buttons have changed places");
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByRole("heading", { name: "Is it really you?" }).waitFor();
    const slider = page.getByRole("button", { name: "It is me" });
    assert.equal(await slider.isDisabled(), true, "it cannot be used before the time to read is over");
    await checkPage(page, "warning");
    await page.locator(".slider-knob:enabled").waitFor();
    const box = (await page.locator(".slider").boundingBox())!;
    const slide = async (distance: number) => {
      await page.mouse.move(box.x + 20, box.y + 20);
      await page.mouse.down();
      await page.mouse.move(box.x + 20 + distance, box.y + 20, { steps: 5 });
      await page.mouse.up();
    };
    await slide(box.width / 3);
    await page.getByRole("heading", { name: "Is it really you?" }).waitFor();
    await slide(box.width);
    await finish(operation.id);
    const { additionalData } = await scene.world.bank.getOperation(operation.id);
    assert.match(JSON.stringify(additionalData), /"screen":"warning".*"action":"CONTINUE"/);
    await page.getByRole("button", { name: "Done" }).click();

    const rejected = await openNext();
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByRole("button", { name: "It was not me" }).click();
    await page.getByRole("heading", { name: "Rejected" }).waitFor();
    assert.equal((await scene.world.bank.getOperation(rejected.id)).status, "REJECTED");
    await page.getByRole("button", { name: "Done" }).click();
  });

  test("the slider is held by key, too", async () => {
    await show({
      preApprovalScreen: { type: "WARNING", heading: "Wait", message: "Read.", items: ["One"], approvalType: "SLIDER" },
    });
    const operation = await openNext();
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByRole("button", { name: "Slide to approve" }).focus();
    await page.keyboard.down("Enter");
    await page.getByRole("group", { name: "PIN" }).waitFor();
    await page.keyboard.up("Enter");
    await finish(operation.id);
    await page.getByRole("button", { name: "Done" }).click();
  });

  test("after an approval comes what the bank wants to say: a review, or a way back to the shop", async () => {
    await show({
      postApprovalScreen: {
        type: "REVIEW",
        heading: "What you paid",
        message: "Keep it.",
        payload: { attributes: [{ type: "KEY_VALUE", id: "payee", label: "Payee", value: "The Shop" }] },
      },
    });
    const reviewed = await openNext();
    await page.getByRole("button", { name: "Approve" }).click();
    await finish(reviewed.id);
    await page.getByText("The Shop").waitFor();
    await checkPage(page, "review");
    await page.getByRole("button", { name: "Done" }).click();
    await show({
      postApprovalScreen: {
        type: "MERCHANT_REDIRECT",
        heading: "Thank you",
        message: "",
        payload: {
          redirectText: "Back to the shop",
          redirectUrl: scene.world.server.publicUrl + "/health/live",
          countdown: 60,
        },
      },
    });
    const redirected = await openNext();
    await page.getByRole("button", { name: "Approve" }).click();
    await finish(redirected.id);
    await page.getByText(/You go on in \d+ s/).waitFor();
    await checkPage(page, "redirect");
    await page.getByRole("button", { name: "Back to the shop" }).click();
    await page.waitForURL("**/health/live");
  });
});
