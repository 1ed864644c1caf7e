// Recorded arrays: text back to numbers.
//
//     base64 -> zlib -> little-endian bytes -> typed array
//
// As minimaskrcnn/explorer/record.py wrote them.

const KINDS = { uint8: Uint8Array, int16: Int16Array, int32: Int32Array, float32: Float32Array, float64: Float64Array };

/** The numbers of one recorded array, in the order in which NumPy holds them. */
export async function unpack({ dtype, data }) {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new KINDS[dtype](await new Response(stream).arrayBuffer());
}

/** All arrays of a record by name. */
export async function unpack_all(arrays) {
  const names = Object.keys(arrays);
  const unpacked = await Promise.all(names.map((name) => unpack(arrays[name])));
  return Object.fromEntries(names.map((name, i) => [name, unpacked[i]]));
}
