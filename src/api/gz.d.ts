/** A compressed file that the build embeds; the import gives its path. */
declare module '*.gz' {
  const path: string;
  export default path;
}
