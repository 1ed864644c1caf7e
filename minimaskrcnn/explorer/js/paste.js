// A pasted mask: the probabilities of a 28x28 mask, read at the centre of every pixel of its box.
//
//     u = (x + 1/2 - x1) / (x2 - x1) * M - 1/2;   pixel x is inside where the bilinear value at u > threshold
//
// As minimaskrcnn/models/paste.py and detection/masks.py: "unrounded" reads at the centres, "rounded" moves the
// edges of the box to whole pixels first, as torchvision does.

import { f32, resize_boxes } from "./boxes.js";

const MIN_EXTENT = 1e-3; // pixels
const TARGET_SHIFT = 0.5; // pixels: where the mask head has learnt to draw

/** The pixels of the given picture that a mask covers, and the probability there: {x, y, values[row][column]}. */
export function paste(mask, M, box, resized_size, size, rule) {
  const rounded = rule === "rounded", weights = rounded ? resize_weights : sample_weights;
  const moved = rounded ? box : box.map((side) => f32(side + TARGET_SHIFT));
  const [x1, y1, x2, y2] = resize_boxes(moved, resized_size, size);
  const rows = weights(M, y1, y2, size[0]), columns = weights(M, x1, x2, size[1]);
  const values = rows.weights.map((weight_y) => {
    const line = Array.from({ length: M }, (_, column) => // (M, M) -> (M,)
      weight_y.reduce((sum, [row, weight]) => sum + weight * mask[row * M + column], 0));
    return columns.weights.map((weight_x) =>
      weight_x.reduce((sum, [column, weight]) => sum + weight * line[column], 0));
  });
  return { x: columns.start, y: rows.start, values };
}

/** The pixels along one axis from which the box can be seen, and the weights of the cells for each. */
function sample_weights(M, low, high, side) {
  const extent = Math.max(high - low, MIN_EXTENT), reach = extent / (2 * M);
  const start = clamp(Math.trunc(low - reach), 0, side), stop = clamp(Math.trunc(Math.ceil(high + reach)), 0, side);
  return { start, weights: tents(start, stop, M, (x) => (x + 0.5 - low) * (M / extent) - 0.5) };
}

/** The same for a mask with a border of zeros, in a box whose edges are whole pixels, both ends included. */
function resize_weights(M, low, high, side) {
  const half = f32(f32(f32(high - low) * 0.5) * f32((M + 2) / M)), centre = f32(f32(high + low) * 0.5);
  const first = Math.trunc(f32(centre - half)), last = Math.trunc(f32(centre + half));
  const pixels = Math.max(last - first + 1, 1);
  const start = clamp(first, 0, side), stop = clamp(last + 1, start, side);
  const position = (x) => clamp((x - first + 0.5) * ((M + 2) / pixels) - 0.5, 0, M + 1) - 1;
  return { start, weights: tents(start, stop, M, position) };
}

/** A cell's weight falls off linearly with the pixel's distance from its centre: for each pixel [cell, weight], .... */
function tents(start, stop, M, position) {
  return Array.from({ length: Math.max(stop - start, 0) }, (_, i) => {
    const at = position(start + i), low = Math.floor(at);
    const weights = [low, low + 1].map((cell) => [cell, f32(Math.max(1 - Math.abs(at - cell), 0))]);
    return weights.filter(([cell, weight]) => cell >= 0 && cell < M && weight);
  });
}

export function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}
