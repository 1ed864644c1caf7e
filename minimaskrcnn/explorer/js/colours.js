// Colours and dashes: each class, level and fate has both, so that colour is never the only cue.
//
// The colours are Okabe and Ito's, which colour-blind readers tell apart; the map goes from dark to bright.

export const COLOURS = ["#E69F00", "#56B4E9", "#009E73", "#F0E442", "#D55E00", "#CC79A7", "#0072B2"];
export const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 2], [14, 4], [3, 6]];

/** Colour and dash of group number n: a class, a level, a place in a story. */
export function style_of(n) {
  const place = ((n % COLOURS.length) + COLOURS.length) % COLOURS.length;
  return { colour: COLOURS[place], dash: DASHES[place] };
}

const VIRIDIS = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];

/** The colour [r, g, b] of a share in [0, 1]: dark violet to yellow. */
export function viridis(share) {
  const place = Math.min(Math.max(share, 0), 1) * (VIRIDIS.length - 1);
  const low = Math.min(Math.floor(place), VIRIDIS.length - 2), rest = place - low;
  return VIRIDIS[low].map((value, i) => Math.round(value + rest * (VIRIDIS[low + 1][i] - value)));
}

/** A canvas whose pixels are the cells of a grid (shares in [0, 1], row by row), in the colours of the map. */
export function heat_canvas(shares, height, width, opacity = 255) {
  const canvas = new OffscreenCanvas(width, height), image = new ImageData(width, height);
  for (let i = 0; i < height * width; i++) {
    image.data.set([...viridis(shares[i]), opacity], 4 * i);
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}
