/** The authenticator's camera: Chromium films a real QR code, and the page reads it as it would read any other. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { proximityCode } from "@countersign/relying-party/proximity";
import { type CameraFile, cameraFile } from "./camera-file.ts";
import { checkPage } from "./look.ts";
import {
  describeAtBothSizes,
  invite,
  openPhone,
  openScene,
  type Page,
  pay,
  paymentForm,
  type Scene,
  typePin,
} from "./scene.ts";

describeAtBothSizes("authenticator: camera", (size) => {
  let scene: Scene;
  let camera: CameraFile;
  let page: Page;
  let activationId: string;
  before(async () => {
    camera = cameraFile();
    scene = await openScene(size, {}, camera.arguments);
    page = await openPhone(scene);
  });
  after(async () => {
    await scene?.close();
    camera?.remove();
  });

  test("an activation code is scanned with its signature, and an unsigned one of another server is refused", async () => {
    const invitation = await invite(scene, "anna");
    activationId = invitation.activationId;
    // The signature of another code.
    const other = await invite(scene, "anna");
    camera.show(`${invitation.activationCode}#${other.activationSignature}`);
    await page.getByRole("button", { name: "Scan the QR code" }).click();
    await page.getByText("was not issued by the server").waitFor();
    await page.getByRole("button", { name: "Back" }).click();

    camera.show(`${invitation.activationCode}#${invitation.activationSignature}`);
    await page.getByRole("button", { name: "Scan the QR code" }).click();
    await page.getByRole("heading", { name: "Choose a PIN" }).waitFor();
    await typePin(page);
    await page.getByRole("heading", { name: "Repeat the PIN" }).waitFor();
    await typePin(page);
    await scene.world.backOffice("/rest/v3/activation/commit", { activationId });
    await page.getByRole("heading", { name: "This device is ready" }).waitFor();
    await page.getByRole("button", { name: "To the approvals" }).click();
  });

  test("a screen that wants a scan reads the code of its operation and no other, and the approval carries it", async () => {
    const screens = [{ id: "scan", type: "QR_SCAN", heading: "Near the screen?", message: "Scan the code there." }];
    await scene.world.v1(
      "PUT",
      "/display-templates/payment/en",
      paymentForm("Payment", "Amount", { preApprovalScreens: screens }),
    );
    const operation = await pay(scene, "anna", { proximityCheck: true });
    const other = await pay(scene, "nobody", { proximityCheck: true });
    camera.show(proximityCode(await scene.world.bank.getOperation(other.id)));
    await page.getByRole("link", { name: /Payment/ }).click();
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByRole("heading", { name: "Near the screen?" }).waitFor();
    await page.getByText("does not wait for you").waitFor();
    await checkPage(page, "scan-proximity");
    await page.getByRole("button", { name: "Back" }).click();
    camera.show(proximityCode(await scene.world.bank.getOperation(operation.id)));
    await page.getByRole("button", { name: "Approve" }).click();
    await typePin(page);
    await page.getByRole("heading", { name: "Approved" }).waitFor();
    const { additionalData } = await scene.world.bank.getOperation(operation.id);
    assert.equal((additionalData["proximityCheck"] as { type: string }).type, "QR_CODE");
    await page.getByRole("button", { name: "Done" }).click();
  });

  test("a proximity code scanned from the list opens its operation", async () => {
    const operation = await pay(scene, "anna", { proximityCheck: true });
    camera.show(proximityCode(await scene.world.bank.getOperation(operation.id)));
    await page.getByRole("link", { name: "Scan" }).click();
    await page.getByRole("heading", { name: "Payment" }).waitFor();
    await page.getByRole("button", { name: "Approve" }).click();
    await typePin(page);
    await page.getByRole("heading", { name: "Approved" }).waitFor();
    await page.getByRole("button", { name: "Done" }).click();
  });

  test("an offline code is verified, shown, and answered with digits that the bank accepts, without any request", async () => {
    const operation = await pay(scene, "anna");
    const qr = await scene.world.bank.offlineQr(operation.id, { activationId, language: "en" });
    camera.show(qr.replace(/\d(?=\d\*I|\.\d\dEUR)/, "9"));
    await page.getByRole("link", { name: "Scan" }).click();
    await page.getByText("was not issued by the bank").waitFor();
    await page.getByRole("button", { name: "Back" }).click();
    camera.show(qr);
    await page.context().setOffline(true);
    await page.getByText("No connection").waitFor();
    await page.getByRole("link", { name: "Scan" }).click();
    await page.getByText("1,250.00 EUR").waitFor();
    await checkPage(page, "offline-detail");
    await page.getByRole("button", { name: "Show the code" }).click();
    await typePin(page);
    await page.getByRole("heading", { name: "Your code" }).waitFor();
    await checkPage(page, "offline-code");
    const digits = (await page.locator(".offline-code dd").allTextContents()).join("").replace(/\D/g, "");
    assert.match(digits, /^\d{16}$/);
    const decided = await scene.world.bank.redeemOfflineCode(operation.id, { code: digits });
    assert.equal(decided.status, "APPROVED");
    await page.context().setOffline(false);
  });
});
