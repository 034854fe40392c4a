/** A program for another interpreter, embedded as its text. */
declare module '*.py' {
  const text: string;
  export default text;
}
