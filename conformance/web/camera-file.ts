/** What Chromium's fake camera sees: a film of one QR code, as raw video (YUV4MPEG2). */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeQR } from "qr";

const side = 720;

export interface CameraFile {
  /** For Chromium's command line. */
  readonly arguments: readonly string[];
  /** From the next time that a page opens the camera. */
  show(text: string): void;
  remove(): void;
}

export function cameraFile(): CameraFile {
  const folder = mkdtempSync(join(tmpdir(), "countersign-camera-"));
  const path = join(folder, "camera.y4m");
  const show = (text: string) => writeFileSync(path, film(text));
  show("nothing to see");
  return {
    arguments: [
      "--use-fake-device-for-media-stream",
      "--use-fake-ui-for-media-stream",
      `--use-file-for-fake-video-capture=${path}`,
    ],
    show,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Black on white, in the middle, with the quiet zone that a code needs. */
function film(text: string): Buffer {
  const modules = encodeQR(text, "raw", { ecc: "low", border: 4 });
  const scale = Math.floor(side / modules.length);
  const start = Math.floor((side - scale * modules.length) / 2);
  const luma = Buffer.alloc(side * side, 235);
  for (let y = 0; y < scale * modules.length; y++) {
    for (let x = 0; x < scale * modules.length; x++) {
      const isDark = modules[Math.floor(y / scale)]?.[Math.floor(x / scale)] === true;
      if (isDark) luma[(y + start) * side + x + start] = 16;
    }
  }
  const chroma = Buffer.alloc((side * side) / 2, 128);
  const frame = Buffer.concat([Buffer.from("FRAME\n"), luma, chroma]);
  return Buffer.concat([Buffer.from(`YUV4MPEG2 W${side} H${side} F20:1 Ip A1:1 C420mpeg2\n`), frame, frame]);
}
