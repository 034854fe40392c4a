import type { G3View, G3Way } from '../base/g3.ts';

/** Steps of LQI in one of quality: 255 becomes 15. */
const LQI_PER_QUALITY = 17;

/** LQI of ITU-T G.9903 (0 to 255) in the 16 steps in which quality is kept for all kinds of networks. */
export const qualityOf = (lqi: number): number =>
  Math.max(0, Math.min(15, Math.floor(lqi / LQI_PER_QUALITY)));

/**
 * The way to the coordinator: the cheapest route of the routing table that leads there, or one hop when the coordinator
 * is a neighbour. A table that says neither gives no way; a default route (class 92 attribute 20) names no hop.
 */
export function g3Way(view: G3View): G3Way {
  const { coordinator, shortAddress } = view;
  if (shortAddress === coordinator) {
    return {
      nextHop: undefined,
      hops: 0,
      weakLinks: 0,
      cost: undefined,
      lqi: undefined,
      quality: undefined,
    };
  }
  const [route] = view.routes
    .filter(({ destination, nextHop }) => destination === coordinator && nextHop !== shortAddress)
    .toSorted((a, b) => a.cost - b.cost || a.hops - b.hops);
  const direct = lqiOf(view, coordinator);
  const nextHop = route?.nextHop ?? (direct === undefined ? undefined : coordinator);
  if (nextHop === undefined) {
    return {
      nextHop,
      hops: undefined,
      weakLinks: 0,
      cost: undefined,
      lqi: undefined,
      quality: undefined,
    };
  }
  const lqi = lqiOf(view, nextHop);
  return {
    nextHop,
    hops: Math.max(1, route?.hops ?? 1),
    weakLinks: route?.weakLinks ?? 0,
    cost: route?.cost,
    lqi,
    quality: lqi === undefined ? undefined : qualityOf(lqi),
  };
}

/** What the node last measured of a peer; the neighbour table is about frames for it, the POS table about all. */
function lqiOf(view: G3View, shortAddress: number): number | undefined {
  const of = (rows: readonly { readonly shortAddress: number; readonly lqi: number }[]) =>
    rows.find((row) => row.shortAddress === shortAddress)?.lqi;
  return of(view.neighbours) ?? of(view.heard);
}

/**
 * IPv6 address of another node of the same network, from that of one whose interface identifier is made of PAN and short
 * address (RFC 4944 §6: `PAN:00ff:fe00:short`); undefined for an address that is made in another way.
 */
export function g3Sibling(host: string, own: number, other: number): string | undefined {
  const words = expanded(host);
  if (words === undefined || words[5] !== 0x00ff || words[6] !== 0xfe00 || words[7] !== own) return undefined;
  return [...words.slice(0, 7), other].map((value) => value.toString(16)).join(':');
}

/** The eight words of an IPv6 address in any of its usual forms; undefined for anything else. */
function expanded(host: string): readonly number[] | undefined {
  const [head = '', tail, ...more] = host.split('::');
  if (more.length > 0) return undefined;
  const parsed = (text: string): number[] =>
    text === ''
      ? []
      : text.split(':').map((part) => (/^[0-9a-f]{1,4}$/i.test(part) ? Number.parseInt(part, 16) : -1));
  const before = parsed(head);
  const after = tail === undefined ? [] : parsed(tail);
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const words = [...before, ...Array.from({ length: missing }, () => 0), ...after];
  return words.includes(-1) ? undefined : words;
}
