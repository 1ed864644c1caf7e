// How the box of the bench moves: in steps of 0.05 cells, as a whole or by one corner.

export const STEP = 0.05; // cells

/** A coordinate on the grid of steps. */
export function on_grid(value) {
  return Math.round(value / STEP) / Math.round(1 / STEP);
}

/** The whole box, moved. */
export function moved(box, dx, dy) {
  return box.map((side, i) => on_grid(side + (i % 2 ? dy : dx)));
}

/** The box with one corner (0 top left, 1 top right, 2 bottom left, 3 bottom right) at (x, y). */
export function with_corner([x1, y1, x2, y2], corner, x, y) {
  const left = corner % 2 ? x1 : on_grid(x), right = corner % 2 ? on_grid(x) : x2;
  const top = corner > 1 ? y1 : on_grid(y), bottom = corner > 1 ? on_grid(y) : y2;
  return [Math.min(left, right), Math.min(top, bottom), Math.max(left, right), Math.max(top, bottom)];
}

/** Which corner of the box lies within `reach` of (x, y); -1 for none. */
export function corner_at([x1, y1, x2, y2], x, y, reach) {
  const corners = [[x1, y1], [x2, y1], [x1, y2], [x2, y2]];
  return corners.findIndex(([cx, cy]) => Math.hypot(cx - x, cy - y) <= reach);
}
