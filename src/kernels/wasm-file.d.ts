/** A file import: the path of the wasm module, on disk or inside the compiled executable. */
declare module '*.wasm' {
  const path: string;
  export default path;
}
