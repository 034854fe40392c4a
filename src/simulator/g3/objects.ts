import type { AttributeSource, CosemObject } from '../../dlms/cosem/cosem-object.ts';
import { defaultObject } from '../../dlms/cosem/default-object.ts';
import type { DlmsData } from '../../dlms/data.ts';
import {
  array,
  bitString,
  boolean,
  enumeration,
  i8,
  octetString,
  structure,
  u8,
  u16,
  u32,
} from '../../dlms/values.ts';
import { unwrapKey } from '../../kernels/index.ts';
import type { SimulatedMeter } from '../meter.ts';
import { noise } from '../noise.ts';
import { WEAK_LQI } from './links.ts';
import { COORDINATOR, type G3Network } from './network.ts';
import type { G3Neighbour, G3Node, G3Route } from './node.ts';

/** What the objects need of a meter. */
export type G3Meter = Pick<SimulatedMeter, 'now' | 'security'> & {
  readonly plan: { readonly meterNo: string };
};

const COUNTERS = '0.0.29.0.0.255';
const MAC_SETUP = '0.0.29.1.0.255';
const ADAPTATION = '0.0.29.2.0.255';
/** A manufacturer's own: takes the pre-shared key wrapped with the master key; cannot be read. */
export const G3_PSK_OBJECT = '0.0.29.2.128.255';
/** First three bytes of a block of zeros under the pre-shared key in use. */
export const G3_PSK_CHECK_OBJECT = '0.0.29.2.129.255';

const MAC_VERSION = 3;
const ADAPTATION_VERSION = 3;
const ROUTE_TTL_MINUTES = 360;
const NEIGHBOUR_TTL_MINUTES = 255;
const MINUTE_MS = 60_000;
/** Tones of CENELEC A, and the groups of a tone map there. */
const TONES = 36;
const TONE_GROUPS = 6;
const KEY_BYTES = 16;
const MAX_HOPS = 14;

/**
 * What a meter of a G3-PLC network has beyond its metering: counters (class 90), MAC (91), adaptation layer (92), and a
 * manufacturer's object that takes the pre-shared key. Empty for a meter that the network does not know.
 */
export function g3Objects(meter: G3Meter, network: G3Network): CosemObject[] {
  const node = network.node(meter.plan.meterNo);
  if (node === undefined) return [];
  return [
    counters(meter, node),
    macSetup(meter, network, node),
    adaptation(meter, network, node),
    ...keyObjects(meter, network),
  ];
}

const live = (get: () => DlmsData): AttributeSource => ({ get });

function withLive(object: CosemObject, attributes: Readonly<Record<number, AttributeSource>>): CosemObject {
  return { ...object, attributes: { ...object.attributes, ...attributes } };
}

/** They run since the turn of the epoch, at a rate of the node's own, and wrap at 32 bits. */
function counters(meter: G3Meter, node: G3Node): CosemObject {
  const perMinute = [6, 5, 0.5, 0.5, 0.05, 0.2, 0.1, 0.3, 0.6];
  const attributes = perMinute.map((rate, i): readonly [number, AttributeSource] => {
    const own = rate * (0.5 + noise(node.shortAddress, i, 96));
    return [i + 2, live(() => u32(Math.floor((meter.now() / MINUTE_MS) * own) % 2 ** 32))];
  });
  return withLive(defaultObject(90, COUNTERS, {}, 1), Object.fromEntries(attributes));
}

function macSetup(meter: G3Meter, network: G3Network, node: G3Node): CosemObject {
  const table = () => network.neighbours(node, meter.now());
  const route = () =>
    network
      .routes(node, meter.now())
      .find(({ destination }: G3Route): boolean => destination === COORDINATOR);
  return withLive(
    defaultObject(
      91,
      MAC_SETUP,
      {
        4: u16(network.panId),
        7: bitString(new Uint8Array(Math.ceil(TONES / 8)).fill(0xff), TONES),
        8: u8(10),
        9: u8(3),
        10: u8(NEIGHBOUR_TTL_MINUTES),
      },
      MAC_VERSION,
    ),
    {
      2: live(() => u16(node.shortAddress)),
      3: live(() => u16(route()?.cost ?? 0x7fff)),
      6: live(() => u32(Math.floor(meter.now() / 1000) % 2 ** 32)),
      11: live(() => array(table().map((entry) => neighbourRow(node, entry)))),
      25: live(() =>
        array(
          table().map(({ node: { shortAddress }, lqi }) =>
            structure(u16(shortAddress), u8(lqi), u8(NEIGHBOUR_TTL_MINUTES)),
          ),
        ),
      ),
    },
  );
}

/** neighbour_table of class 91; a better link is used with a denser modulation. */
function neighbourRow(node: G3Node, { node: peer, lqi }: G3Neighbour): DlmsData {
  const modulation = lqi < WEAK_LQI ? 0 : lqi < 90 ? 1 : lqi < 130 ? 2 : 3;
  const sharesPhase = (node.phaseBits & peer.phaseBits) !== 0;
  return structure(
    u16(peer.shortAddress),
    boolean(modulation > 1),
    bitString(Uint8Array.of(0xfc), TONE_GROUPS),
    enumeration(modulation),
    i8(0),
    enumeration(0),
    bitString(new Uint8Array(3), 24),
    u8(lqi),
    i8(sharesPhase ? 0 : 2),
    u8(NEIGHBOUR_TTL_MINUTES),
    u8(NEIGHBOUR_TTL_MINUTES),
  );
}

function adaptation(meter: G3Meter, network: G3Network, node: G3Node): CosemObject {
  const blacklist = network.blacklist(meter.plan.meterNo).map((address) => structure(u16(address), u16(10)));
  const prefix = Uint8Array.of(0xfd, 0, 0, 0, 0, 0, 0, 0, network.panId >> 8, network.panId & 0xff);
  const context = structure(
    bitString(Uint8Array.of(0), 4),
    u8(prefix.length * 8),
    octetString(prefix),
    boolean(true),
    u16(0xffff),
  );
  return withLive(
    defaultObject(
      92,
      ADAPTATION,
      {
        2: u8(MAX_HOPS),
        3: u8(WEAK_LQI),
        4: u8(5),
        9: array([context]),
        10: array(blacklist),
        14: u8(40),
        16: u8(0x0f),
        17: u16(COORDINATOR),
        18: boolean(false),
        19: enumeration(0),
        20: boolean(true),
        21: array([u16(0x7fff)]),
      },
      ADAPTATION_VERSION,
    ),
    { 8: live(() => array(network.routes(node, meter.now()).map(routeRow))) },
  );
}

/** routing_table of class 92. */
const routeRow = ({ destination, nextHop, cost, hops, weakLinks }: G3Route): DlmsData =>
  structure(u16(destination), u16(nextHop), u16(cost), u8(hops), u8(weakLinks), u16(ROUTE_TTL_MINUTES));

function keyObjects(meter: G3Meter, network: G3Network): CosemObject[] {
  const place = network.key(meter.plan.meterNo);
  if (place === undefined) return [];
  const offer: AttributeSource['set'] = (value, caller) => {
    // Whoever could read the line would have the key.
    if (caller.protection?.policy !== 'auth-enc') return 'read-write-denied';
    if (value.type !== 'octet-string') return 'type-unmatched';
    const masterKey = meter.security.key('masterKey');
    const key = masterKey === undefined ? value.value : unwrapKey(masterKey, value.value);
    return key?.length === KEY_BYTES ? place.offer(key, meter.now()) : 'other-reason';
  };
  const check = () => octetString(place.checkValue(meter.now()));
  return [
    { classId: 1, version: 0, obis: G3_PSK_OBJECT, attributes: { 2: { set: offer } } },
    { classId: 1, version: 0, obis: G3_PSK_CHECK_OBJECT, attributes: { 2: { get: check } } },
  ];
}
