// Boxes by width and left edge, so that NMS need not compare boxes that lie beside each other.
//
//     box j can reach into box i only if   left_i - width_j < left_j < right_i
//
// A shelf holds the boxes of about one width, at most its `limit`, by rising left edge. What lies outside of the range
// shares no column with box i, so its IoU is 0. Boxes with a coordinate that is no number overlap nothing, and stand on
// no shelf.

/** The shelves of boxes with left edges x1 and right edges x2. */
export function shelves(x1, x2) {
  const members = new Map();
  for (let i = 0; i < x1.length; i++) {
    const limit = power_of_two(x2[i] - x1[i]);
    if (Number.isNaN(limit)) continue;
    if (!members.has(limit)) members.set(limit, []);
    members.get(limit).push(i);
  }
  return [...members].map(([limit, index]) => {
    const sorted = Int32Array.from(index).sort((a, b) => x1[a] - x1[b]);
    return { limit, index: sorted, left: Float32Array.from(sorted, (i) => x1[i]) };
  });
}

/** Call `visit(j)` for every box that may share a column with the range from x1 to x2. */
export function each_between(all, x1, x2, visit) {
  for (const { limit, index, left } of all) {
    for (let k = first_from(left, x1 - limit); k < index.length && left[k] < x2; k++) visit(index[k]);
  }
}

/** The smallest power of two that is not below a width. */
function power_of_two(width) {
  const power = 2 ** Math.ceil(Math.log2(Math.max(width, 1)));
  return power < width ? 2 * power : power;
}

/** The place of the first of rising numbers that is at least `low`. */
function first_from(rising, low) {
  let from = 0, to = rising.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (rising[middle] < low) from = middle + 1;
    else to = middle;
  }
  return from;
}
