/**
 * What is looked at live: a camera, or a video file that begins again at its end. Both play in the
 * one <video>, of which a frame is taken whenever the last one has been answered.
 */
export class Source {
  constructor(video, sizes) {
    Object.assign(this, { video, sizes, stream: null });
  }

  get playing() {
    return Boolean(this.video.videoWidth) && !this.video.paused;
  }

  /** Shown so far, dropped ones among them. */
  get frames() {
    return this.video.getVideoPlaybackQuality().totalVideoFrames;
  }

  /** `ended` is called when the camera goes. Rejects as getUserMedia does. */
  async camera(ended) {
    const wanted = { video: { facingMode: "environment", width: { ideal: 1280 } }, audio: false };
    const stream = await navigator.mediaDevices.getUserMedia(wanted);
    this.stop();
    this.stream = stream;
    stream.getVideoTracks()[0].addEventListener("ended", ended);
    this.video.srcObject = stream;
    await this.video.play();
  }

  async file(file) {
    this.stop();
    this.video.src = URL.createObjectURL(file);
    await this.video.play();
  }

  stop() {
    this.video.pause();
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    if (this.video.src) URL.revokeObjectURL(this.video.src);
    this.stream = this.video.srcObject = null;
    this.video.removeAttribute("src");
  }

  /** The frame shown now on a canvas of a size that workers take, cut where it has another shape. */
  frame() {
    const { longest, shortest, step } = this.sizes;
    const { videoWidth, videoHeight } = this.video;
    const scale = longest / Math.max(videoWidth, videoHeight);
    const [width, height] = [videoWidth, videoHeight].map((side) =>
      Math.max(shortest, Math.round((side * scale) / step) * step),
    );
    const shown = Math.min(videoWidth / width, videoHeight / height);
    const [cutWidth, cutHeight] = [width * shown, height * shown];
    const canvas = drawing(width, height);
    canvas
      .getContext("2d")
      .drawImage(this.video, (videoWidth - cutWidth) / 2, (videoHeight - cutHeight) / 2, cutWidth, cutHeight, 0, 0, width, height);
    return canvas;
  }

  /** The frame shown now, all of it. */
  async still() {
    const { videoWidth, videoHeight } = this.video;
    const canvas = drawing(videoWidth, videoHeight);
    canvas.getContext("2d").drawImage(this.video, 0, 0);
    return jpeg(canvas, 0.95);
  }
}

/** Rejects where the browser has no memory for it. */
export function jpeg(canvas, quality) {
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no JPEG"))), "image/jpeg", quality),
  );
}

function drawing(width, height) {
  return Object.assign(document.createElement("canvas"), { width, height });
}
