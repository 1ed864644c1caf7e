// What the bench reads: the article's example, a slope, and pieces of the picture's own maps.
//
// A piece is cut around the proposal of the best detection, on the level that this was read from and its neighbours.

import { arange } from "./nms.js";
import { clamp } from "./paste.js";

const MARGIN = 3, MOST = 24; // cells around the box, and cells per side

/** The article's example: the largest cell of its first bin is 0.8, but RoIAlign reads 0.88 beside it. */
export const ARTICLE = {
  name: "the article's example", height: 6, width: 6, box: [1.2, 0.6, 4.4, 3.8],
  values: [0.1, 0.3, 0.2, 0.3, 0.3, 0.6, 0.4, 0.5, 0.8, 1.0, 0.7, 0.2, 0.1, 0.4, 0.6, 0.5, 0.3, 0.1,
           0.6, 0.8, 0.2, 0.8, 0.2, 0.4, 0.9, 0.6, 0.3, 0.3, 0.4, 0.5, 0.1, 0.2, 0.1, 0.2, 0.2, 0.9],
};

/** Each cell is its column: an operator that is right answers with the middles of its bins, less half a cell. */
export const SLOPE = {
  name: "a slope: each cell is its column", height: 8, width: 8, box: [1.5, 1.5, 5.5, 5.5],
  values: arange(64).map((i) => i % 8),
};

/** Pieces of the maps that carry anchors, around one proposal. */
export function pieces_of(trace, { detections, rois }) {
  const candidate = detections.kept[0], roi = candidate === undefined ? rois[0] : trace.candidate(candidate).roi;
  if (roi === undefined) return [];
  return trace.levels.flatMap(({ name, stride }) => {
    const map = trace.maps.find((one) => one.name === name);
    return map ? [piece(trace, map, trace.proposal(roi).map((side, i) => side / stride[1 - (i % 2)]))] : [];
  });
}

/** A window of the first recorded channel around a box in cells. */
function piece(trace, map, box) {
  const { cells, height, width, low, high } = trace.channel(map, 0);
  const [x, wide] = window_of(box[0], box[2], width), [y, tall] = window_of(box[1], box[3], height);
  const values = arange(wide * tall).map((i) => {
    const cell = cells[(y + Math.floor(i / wide)) * width + x + (i % wide)];
    return low + (cell / 255) * (high - low);
  });
  return { name: `${map.name}, channel ${map.channels[0]}, around the best detection`, height: tall, width: wide, values,
    box: box.map((side, i) => Math.round((side - (i % 2 ? y : x)) * 20) / 20) };
}

/** First cell and number of cells around an interval, along an axis of `side` cells. */
function window_of(first, last, side) {
  const from = clamp(Math.floor(first) - MARGIN, 0, side - 1);
  return [from, clamp(Math.ceil(last) + MARGIN - from, 1, Math.min(MOST, side - from))];
}
