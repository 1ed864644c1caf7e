// The picture to look at: zoomed and panned with mouse, fingers or keys, and drawn upon.
//
//     screen = (pixel of the resized picture) * scale + offset
//
// Whoever owns it gives `paint(view)`, which draws in pixels of the resized picture.

import { Labels } from "./labels.js";
import { clamp } from "./paste.js";

const MOST_ZOOM = 64;

export class PictureView {
  constructor(canvas, image, [height, width], paint) {
    Object.assign(this, { canvas, image, height, width, paint, zoom: 1, x: 0, y: 0, fingers: new Map(), frame: null });
    this.context = canvas.getContext("2d");
    this.labels = new Labels();
    new ResizeObserver(() => this.draw()).observe(canvas);
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const kind of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(kind, (event) => this.fingers.delete(event.pointerId));
    }
  }

  /** Screen pixels per pixel of the resized picture. */
  get scale() {
    const { clientWidth, clientHeight } = this.canvas;
    return this.zoom * Math.min(clientWidth / this.width, clientHeight / this.height);
  }

  get offset() {
    const { clientWidth, clientHeight } = this.canvas;
    return [clientWidth / 2 - (this.width / 2 + this.x) * this.scale,
            clientHeight / 2 - (this.height / 2 + this.y) * this.scale];
  }

  /** The pixel of the picture under a point of the screen. */
  pixel_at(event) {
    const frame = this.canvas.getBoundingClientRect(), [left, top] = this.offset;
    return [(event.clientX - frame.left - left) / this.scale, (event.clientY - frame.top - top) / this.scale];
  }

  /** Draw at the next frame of the screen, once for all changes until then. */
  draw() {
    this.frame ??= requestAnimationFrame(() => { this.frame = null; this.#draw_now(); });
  }

  #draw_now() {
    const ratio = devicePixelRatio || 1, { clientWidth, clientHeight } = this.canvas;
    if (!clientWidth || !clientHeight) return;
    const wide = Math.round(clientWidth * ratio), high = Math.round(clientHeight * ratio);
    if (this.canvas.width !== wide || this.canvas.height !== high) {
      Object.assign(this.canvas, { width: wide, height: high });
    }
    const [left, top] = this.offset, { context } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.setTransform(ratio * this.scale, 0, 0, ratio * this.scale, ratio * left, ratio * top);
    context.imageSmoothingEnabled = this.scale < 2;
    context.drawImage(this.image, 0, 0, this.width, this.height);
    this.paint(this);
    this.labels.draw(this);
  }

  /** Zoom so that the pixel (x, y) stays where it is. */
  zoom_by(factor, x = this.width / 2 + this.x, y = this.height / 2 + this.y) {
    const zoom = clamp(this.zoom * factor, 1, MOST_ZOOM), change = this.zoom / zoom;
    const middle_x = this.width / 2 + this.x, middle_y = this.height / 2 + this.y;
    this.zoom = zoom;
    this.#look_at(x + (middle_x - x) * change, y + (middle_y - y) * change);
  }

  /** Move by so many screen pixels. */
  pan_by(dx, dy) {
    this.#look_at(this.width / 2 + this.x - dx / this.scale, this.height / 2 + this.y - dy / this.scale);
  }

  fit() {
    Object.assign(this, { zoom: 1, x: 0, y: 0 });
    this.draw();
  }

  #look_at(x, y) {
    const reach = this.zoom > 1 ? 0.5 : 0;
    this.x = clamp(x - this.width / 2, -reach * this.width, reach * this.width);
    this.y = clamp(y - this.height / 2, -reach * this.height, reach * this.height);
    this.draw();
  }

  #wheel(event) {
    if (!event.ctrlKey && document.activeElement !== this.canvas) return; // the page scrolls as usual
    event.preventDefault();
    this.zoom_by(Math.exp(-event.deltaY / 300), ...this.pixel_at(event));
  }

  #down(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, event);
    this.dragged = false;
  }

  #move(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before) return;
    const dx = event.clientX - before.clientX, dy = event.clientY - before.clientY;
    if (Math.hypot(dx, dy) < 3 && !this.dragged) return;
    this.dragged = true;
    const other = [...this.fingers.values()].find((one) => one.pointerId !== event.pointerId);
    this.fingers.set(event.pointerId, event);
    if (!other) return this.pan_by(dx, dy);
    const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    this.zoom_by(apart(event) / Math.max(apart(before), 1), ...this.pixel_at(other));
  }
}
