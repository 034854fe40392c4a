import type { Part } from './grammar/part.ts';
import { pascal } from './grammar/rules.ts';

/**
 * APDUs in the XML that DLMS tools have in common: an element for each part, `Value` in hexadecimal, `Qty` of lists,
 * and what a code means as a comment.
 */
export function xmlOf(apdus: readonly Part[]): string {
  return apdus.flatMap((apdu) => elements(apdu, 0)).join('\n');
}

function elements(part: Part, depth: number): string[] {
  const { xml = {}, children } = part;
  if (xml.hidden === true) return [];
  const tag = xml.tag ?? pascal(part.name);
  if (tag === '') return children.flatMap((child) => elements(child, depth));
  const indent = '  '.repeat(depth);
  const inside = children.flatMap((child) => elements(child, depth + 1));
  const head = `${indent}<${tag}${attributesOf(part)}`;
  const comment = commentOf(part);
  const before = comment === undefined ? [] : [`${indent}<!--${comment}-->`];
  if (inside.length === 0) return [...before, `${head} />`];
  return [...before, `${head}>`, ...inside, `${indent}</${tag}>`];
}

function attributesOf({ xml = {}, value, children }: Part): string {
  const quantity = xml.quantity === undefined ? '' : ` Qty="${xml.quantity}"`;
  const stated = xml.value === false ? undefined : (xml.value ?? (children.length > 0 ? undefined : value));
  return quantity + (stated === undefined ? '' : ` ${xml.attribute ?? 'Value'}="${escaped(stated)}"`);
}

/** Two hyphens would end a comment. */
function commentOf({ xml = {}, meaning, children }: Part): string | undefined {
  if (xml.value !== undefined && xml.value !== false && children.length === 0 && /^[A-Z]/.test(xml.value)) {
    return undefined;
  }
  return children.length === 0 ? meaning?.replaceAll('--', '- -') : undefined;
}

function escaped(text: string): string {
  const safe = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
  // Control characters have no place in XML, not even as references.
  return [...safe].map((char) => (char < ' ' && !'\t\n\r'.includes(char) ? '\ufffd' : char)).join('');
}
