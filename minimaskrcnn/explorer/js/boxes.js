// Boxes (x1, y1, x2, y2) in continuous pixels: overlap, decoding, clipping, sizes.
//
//     iou = intersection / union
//     centre' = centre + d * size,   size' = size * exp(d),   d = delta / weight
//
// The model works in float32, so every result is rounded to float32 (`f32`), in the order of
// minimaskrcnn/detection/boxes.py and coder.py. Boxes of a list lie one after the other in a Float32Array.

export const f32 = Math.fround;

/** Largest dw and dh: exp must not overflow, and a 16-pixel anchor may grow to 1000 pixels. */
export const BBOX_XFORM_CLIP = Math.log(1000 / 16);

/** Box number i of a list, as [x1, y1, x2, y2]. */
export function box_at(boxes, i) {
  return [boxes[4 * i], boxes[4 * i + 1], boxes[4 * i + 2], boxes[4 * i + 3]];
}

/** Width times height. */
export function box_area([x1, y1, x2, y2]) {
  return f32(f32(x2 - x1) * f32(y2 - y1));
}

/** The area that two boxes share. */
export function intersection([ax1, ay1, ax2, ay2], [bx1, by1, bx2, by2]) {
  const width = Math.max(f32(Math.min(ax2, bx2) - Math.max(ax1, bx1)), 0);
  const height = Math.max(f32(Math.min(ay2, by2) - Math.max(ay1, by1)), 0);
  return f32(width * height);
}

/** Intersection over union of two boxes; 0/0 is NaN. */
export function box_iou(a, b) {
  const shared = intersection(a, b);
  const union = f32(f32(box_area(a) + box_area(b)) - shared);
  return f32(shared / union);
}

/** The box that a delta (dx, dy, dw, dh) stands for, seen from an anchor or a proposal. */
export function decode(deltas, [x1, y1, x2, y2], weights = [1, 1, 1, 1]) {
  const [dx, dy, dw, dh] = deltas.map((delta, i) => f32(f32(delta) / f32(weights[i])));
  const [left, right] = decode_side(dx, dw, x1, x2);
  const [top, bottom] = decode_side(dy, dh, y1, y2);
  return [left, top, right, bottom];
}

function decode_side(shift, growth, low, high) {
  const size = f32(high - low);
  const centre = f32(f32(shift * size) + f32(low + f32(size / 2)));
  const half = f32(f32(f32(Math.exp(Math.min(growth, f32(BBOX_XFORM_CLIP)))) * size) / 2);
  return [f32(centre - half), f32(centre + half)];
}

/** Every corner moved into the picture, whose right edge is at x = width. */
export function clip_boxes_to_image([x1, y1, x2, y2], [height, width]) {
  const into = (value, side) => Math.min(Math.max(value, 0), side);
  return [into(x1, width), into(y1, height), into(x2, width), into(y2, height)];
}

/** Boxes in the pixels of the same picture at another size; the ratio of the sides is a float32. */
export function resize_boxes([x1, y1, x2, y2], [old_height, old_width], [height, width]) {
  const x = f32(width / old_width), y = f32(height / old_height);
  return [f32(x1 * x), f32(y1 * y), f32(x2 * x), f32(y2 * y)];
}

/** Those of the boxes `index` whose sides are both at least `min_size`. */
export function remove_small_boxes(boxes, index, min_size) {
  return index.filter((i) =>
    f32(boxes[4 * i + 2] - boxes[4 * i]) >= f32(min_size) &&
    f32(boxes[4 * i + 3] - boxes[4 * i + 1]) >= f32(min_size));
}
