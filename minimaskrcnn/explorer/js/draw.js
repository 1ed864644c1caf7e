// Marks upon the picture: boxes with a halo, arrows, heat maps, masks; all in pixels of the resized picture.

import { heat_canvas } from "./colours.js";
import { paste } from "./paste.js";

/** A box in a colour and a dash, upon a dark halo that makes it visible on any picture. */
export function draw_box(view, [x1, y1, x2, y2], { colour, dash = [], width = 2, opacity = 1, label = "" }) {
  const { context, scale } = view;
  context.save();
  context.globalAlpha = opacity;
  context.setLineDash([]);
  context.lineWidth = (width + 2) / scale;
  context.strokeStyle = "rgba(0,0,0,.65)";
  context.strokeRect(x1, y1, x2 - x1, y2 - y1);
  context.lineWidth = width / scale;
  context.strokeStyle = colour;
  context.setLineDash(dash.map((length) => length / scale));
  context.strokeRect(x1, y1, x2 - x1, y2 - y1);
  context.restore();
  if (label) view.labels.add(label, [x1, y1, x2, y2], colour);
}

/** An arrow from the middle of one box to that of another. */
export function draw_move(view, from, to, colour) {
  const { context, scale } = view, middle = ([x1, y1, x2, y2]) => [(x1 + x2) / 2, (y1 + y2) / 2];
  const [ax, ay] = middle(from), [bx, by] = middle(to);
  context.save();
  context.lineWidth = 2 / scale;
  context.strokeStyle = context.fillStyle = colour;
  context.beginPath();
  context.moveTo(ax, ay);
  context.lineTo(bx, by);
  context.stroke();
  context.beginPath();
  context.arc(bx, by, 3 / scale, 0, 2 * Math.PI);
  context.fill();
  context.restore();
}

/** A grid of shares in [0, 1] over the padded picture, cell by cell. */
export function draw_heat(view, shares, height, width, [stride_y, stride_x], opacity = 0.75) {
  const { context } = view;
  context.save();
  context.beginPath();
  context.rect(0, 0, view.width, view.height);
  context.clip();
  context.globalAlpha = opacity;
  context.imageSmoothingEnabled = false;
  context.drawImage(heat_canvas(shares, height, width), 0, 0, width * stride_x, height * stride_y);
  context.restore();
}

const FINEST = 160; // pixels per side at which a mask is pasted for drawing; a larger one is drawn more coarsely
const pasted = new WeakMap(); // mask -> its probabilities at the pixels of its box, which never change
const painted = new WeakMap(); // mask -> the canvas that was painted last, and for which settings

/** The pixels of a mask above the threshold, in a colour, with stripes along one diagonal. */
export function draw_mask(view, mask, side, box, options) {
  const sides = [box[3] - box[1], box[2] - box[0]], resized = [view.height, view.width];
  const grid = options.size.map((pixels, i) =>
    Math.max(1, Math.round(pixels * Math.min(1, FINEST / Math.max((sides[i] * pixels) / resized[i], 1)))));
  if (!pasted.has(mask)) pasted.set(mask, paste(mask, side, box, resized, grid, options.rule));
  const key = [options.threshold, options.colour, options.stripes].join(" ");
  if (painted.get(mask)?.key !== key) painted.set(mask, { key, ...paint_mask(pasted.get(mask), options) });
  const { canvas, x, y } = painted.get(mask), [sy, sx] = grid.map((pixels, i) => pixels / resized[i]);
  if (!canvas) return;
  view.context.save();
  view.context.imageSmoothingEnabled = false;
  view.context.drawImage(canvas, x / sx, y / sy, canvas.width / sx, canvas.height / sy);
  view.context.restore();
}

/** A pasted mask as a canvas: {canvas, x, y}; without pixels there is no canvas. */
function paint_mask({ x, y, values }, { colour, threshold, stripes }) {
  if (!values.length || !values[0].length) return { canvas: null, x, y };
  const canvas = new OffscreenCanvas(values[0].length, values.length), [r, g, b] = rgb(colour);
  const image = new ImageData(canvas.width, canvas.height);
  values.forEach((row, i) => row.forEach((value, j) => {
    if (value <= threshold) return;
    const edge = !(values[i - 1]?.[j] > threshold && values[i + 1]?.[j] > threshold &&
      row[j - 1] > threshold && row[j + 1] > threshold);
    const place = 4 * (i * canvas.width + j), striped = stripes && (i + stripes * j) % 6 < 2;
    [image.data[place], image.data[place + 1], image.data[place + 2]] = [r, g, b];
    image.data[place + 3] = edge ? 255 : striped ? 150 : 90;
  }));
  canvas.getContext("2d").putImageData(image, 0, 0);
  return { canvas, x, y };
}

function rgb(colour) {
  return [1, 3, 5].map((start) => parseInt(colour.slice(start, start + 2), 16));
}
