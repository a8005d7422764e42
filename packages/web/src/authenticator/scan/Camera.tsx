import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Notice } from "../../design/components/Notice.tsx";
import { texts } from "../texts/texts.ts";
import "./scan.css";

/** Milliseconds from one look at the picture to the next. */
const lookEvery = 120;
/** Pixels of the longer side that is looked at: enough for the densest code of an offline operation. */
const longestSide = 1280;

/**
 * The camera's picture, with what its QR codes say. `onText` answers true when it is satisfied: then the camera is off.
 * The same text is told once in a row.
 */
export function Camera({ onText }: { readonly onText: (text: string) => boolean }) {
  const t = texts.value;
  const video = useRef<HTMLVideoElement>(null);
  const state = useSignal<"starting" | "on" | "none">("starting");
  const told = useRef(onText);
  told.current = onText;

  useEffect(() => {
    let stream: MediaStream | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const end = () => {
      isOver = true;
      clearTimeout(timer);
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
    const start = async () => {
      const element = video.current;
      const [{ decodeQR }, opened] = await Promise.all([
        import("qr/decode.js"),
        navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } } }),
      ]);
      stream = opened;
      if (isOver || element === null) return end();
      element.srcObject = stream;
      await element.play();
      state.value = "on";
      const picture = pictureOf(element);
      let last: string | undefined;
      const look = () => {
        const image = picture();
        const text = image && decoded(() => decodeQR(image));
        if (text !== undefined && text !== last) {
          last = text;
          if (told.current(text)) return end();
        }
        if (!isOver) timer = setTimeout(look, lookEvery);
      };
      look();
    };
    start().catch(() => {
      if (!isOver) state.value = "none";
      end();
    });
    return end;
  }, []);

  if (state.value === "none") return <Notice tone="warning">{t.scan.noCamera}</Notice>;
  return (
    <div class="camera">
      <video ref={video} class="camera-picture" playsInline muted aria-label={t.scan.hint} />
      <div class="camera-frame" aria-hidden="true" />
      <p class="camera-hint">{t.scan.hint}</p>
    </div>
  );
}

/** The frame of now, scaled down. Undefined before there is one. */
function pictureOf(video: HTMLVideoElement): () => ImageData | undefined {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return () => {
    const { videoWidth, videoHeight } = video;
    if (context === null || videoWidth === 0) return undefined;
    const scale = Math.min(1, longestSide / Math.max(videoWidth, videoHeight));
    const [width, height] = [Math.round(videoWidth * scale), Math.round(videoHeight * scale)];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    context.drawImage(video, 0, 0, width, height);
    return context.getImageData(0, 0, width, height);
  };
}

/** A picture without a code is the usual case. */
function decoded(decode: () => string): string | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}
