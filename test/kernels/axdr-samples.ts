/** Builds A-XDR by hand for tests and benchmarks; independent of the product's encoder. */

/** A length in its shortest form (`form` 0) or with `form` length bytes. */
export function lengthBytes(length: number, form: number): number[] {
  if (form === 0 && length < 0x80) return [length];
  const count = form === 0 ? (length < 0x100 ? 1 : length < 0x10000 ? 2 : 3) : form;
  return [
    0x80 + count,
    ...Array.from({ length: count }, (_, i) => (length >>> (8 * (count - 1 - i))) & 0xff),
  ];
}

function joined(tag: number, elements: readonly Uint8Array[]): Uint8Array {
  const head = [tag, ...lengthBytes(elements.length, 0)];
  const out = new Uint8Array(elements.reduce((sum, element) => sum + element.length, head.length));
  out.set(head);
  let at = head.length;
  for (const element of elements) {
    out.set(element, at);
    at += element.length;
  }
  return out;
}

export function arrayOf(elements: readonly Uint8Array[]): Uint8Array {
  return joined(1, elements);
}

export function structureOf(elements: readonly Uint8Array[]): Uint8Array {
  return joined(2, elements);
}
