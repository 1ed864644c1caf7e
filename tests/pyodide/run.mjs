// Runs a Python program in WebAssembly: node run.mjs PYODIDE PROGRAM FOLDER ARCHIVE...
//
// PYODIDE holds the interpreter and its wheels. FOLDER of this machine is the working directory of PROGRAM.
// Each ARCHIVE (a wheel or a zip file) is unpacked where `import` finds it.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [pyodide, program, folder, ...archives] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${pyodide}/pyodide.mjs`));
const python = await loadPyodide({ indexURL: `${pyodide}/`, env: { MPLBACKEND: "Agg", PYTHONWARNINGS: "error" } });
const silent = { messageCallback: () => {} };
await python.loadPackage(["numpy", "scipy", "matplotlib", "pillow"], silent);
const extractDir = python.runPython("import site; site.getsitepackages()[0]");
for (const archive of archives) {
  python.unpackArchive(new Uint8Array(readFileSync(archive)).buffer, "zip", { extractDir });
}
python.FS.mkdir("/folder");
python.FS.mount(python.FS.filesystems.NODEFS, { root: folder }, "/folder");
python.FS.chdir("/folder");
try {
  await python.runPythonAsync(readFileSync(program, "utf8"), { filename: program });
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
