// The RoI operators as one family: a rule is six switches, and the published operators are named points.
//
//     1 scale:  start, end = coordinate * spatial_scale, less half a cell when aligned
//     2 box:    rounded to whole cells when quantise_box
//     3 size:   end - start, one more with include_end; at least 1 unless aligned
//     4 bins:   [start + p size / bins, start + (p + 1) size / bins), widened to whole cells when quantise_bins
//     5 sample: the whole cells of a bin (sampling_ratio null), or n bilinear points (n <= 0: as many as fit)
//     6 reduce: the mean or the max
//
// As minimaskrcnn/kernels/reference/roi.py, in float64. The value of cell i stands at position i.

const ROI_ALIGN = { quantise_box: false, include_end: false, quantise_bins: false, sampling_ratio: 2,
                    reduce: "mean", aligned: false };

/** The published operators, as minimaskrcnn/kernels/roi_rules.py names them. */
export const RULES = {
  "RoIPool": { ...ROI_ALIGN, quantise_box: true, include_end: true, quantise_bins: true, sampling_ratio: null,
               reduce: "max" },
  "RoIWarp": { ...ROI_ALIGN, quantise_box: true },
  "RoIAlign": ROI_ALIGN,
  "RoIAlign, aligned": { ...ROI_ALIGN, aligned: true },
};

/** Nearest whole number, halves away from zero. */
export function round_half_away(value) {
  const whole = Math.trunc(value);
  return whole + (value - whole >= 0.5 ? 1 : 0) - (value - whole <= -0.5 ? 1 : 0);
}

/** First edge, last edge and length of every bin along one axis, in cells. */
export function axis_bins(low, high, spatial_scale, bins, rule) {
  const shift = rule.aligned ? 0.5 : 0, round = rule.quantise_box ? round_half_away : (value) => value;
  const start = round(low * spatial_scale - shift), end = round(high * spatial_scale - shift);
  let size = end - start + (rule.include_end ? 1 : 0);
  if (!rule.aligned) size = Math.max(size, 1);
  const step = size / bins, whole = Math.floor(start);
  return Array.from({ length: bins }, (_, p) => {
    if (!rule.quantise_bins) return { first: start + p * step, last: start + (p + 1) * step, length: step };
    const first = whole + Math.floor(start - whole + p * step), last = whole + Math.ceil(start - whole + (p + 1) * step);
    return { first, last, length: last - first };
  });
}

/** The positions that each bin reads along one axis of a map with `side` cells. */
export function axis_points(low, high, spatial_scale, bins, side, rule) {
  return axis_bins(low, high, spatial_scale, bins, rule).map(({ first, last, length }) => {
    if (rule.sampling_ratio === null) {
      const from = Math.max(Math.ceil(first), 0), to = Math.min(Math.ceil(last), side);
      return Array.from({ length: Math.max(to - from, 0) }, (_, i) => from + i);
    }
    const n = rule.sampling_ratio > 0 ? rule.sampling_ratio : Math.max(Math.ceil(length), 0);
    return Array.from({ length: n }, (_, i) => first + ((i + 0.5) * length) / n);
  });
}

/** The cells that a position lies between, with their linear weights; none where it is off the map. */
export function axis_cells(position, side) {
  if (position < -1 || position > side) return [];
  const inside = Math.min(Math.max(position, 0), side - 1), low = Math.floor(inside), upper = inside - low;
  return upper ? [[low, 1 - upper], [low + 1, upper]] : [[low, 1]];
}

/**
 * What a rule makes of one box on one channel {values, height, width}.
 *
 * Each of the bins (row by row) is {edges, points, value, winner}: a point is {x, y, cells: [[place, weight]]}.
 */
export function look({ values, height, width }, [x1, y1, x2, y2], [rows, columns], spatial_scale, rule) {
  const ys = axis_points(y1, y2, spatial_scale, rows, height, rule);
  const xs = axis_points(x1, x2, spatial_scale, columns, width, rule);
  const y_bins = axis_bins(y1, y2, spatial_scale, rows, rule), x_bins = axis_bins(x1, x2, spatial_scale, columns, rule);
  return ys.flatMap((y_positions, p) => xs.map((x_positions, q) => {
    const points = y_positions.flatMap((y) => x_positions.map((x) => ({
      x, y, cells: axis_cells(y, height).flatMap(([i, wy]) =>
        axis_cells(x, width).map(([j, wx]) => [i * width + j, wy * wx])) })));
    const edges = [x_bins[q].first, y_bins[p].first, x_bins[q].last, y_bins[p].last];
    return { edges, points, ...reduced(points, values, rule.reduce) };
  }));
}

/** The value of a bin, and the number of the winning point of a max (-1: none). */
function reduced(points, values, reduce) {
  const read = ({ cells }) => cells.reduce((sum, [place, weight]) => sum + values[place] * weight, 0);
  if (reduce === "mean") {
    return { value: points.reduce((sum, point) => sum + read(point) / points.length, 0), winner: -1 };
  }
  let winner = -1, value = 0;
  points.forEach((point, i) => {
    if (point.cells.length && (winner < 0 || read(point) > value)) [winner, value] = [i, read(point)];
  });
  return { value, winner };
}

/** The gradient of one bin's value: the weight of each cell of the map in it. */
export function gradient({ points, winner }, reduce, cell_count) {
  const weights = new Float64Array(cell_count);
  const read = reduce === "max" ? points.slice(winner, winner + 1) : points;
  if (reduce === "max" && winner < 0) return weights;
  for (const { cells } of read) for (const [place, weight] of cells) weights[place] += weight / read.length;
  return weights;
}
