import type { Meter } from '../../base/model.ts';
import { meterIdOf } from '../meter-saps.ts';

/** A SAP takes two bytes. */
const SAP_LENGTH = 2;
/** A communication unit's address, and a MAC address. */
const MAC_LENGTH = 6;
const NODE_DIGITS = 12;

/**
 * Who a physical device address means, in this order: a meter number in ASCII; in two bytes, big-endian, the logical device
 * that stands for the meter (SAP list, `meter-saps.ts`); in six bytes the address of its communication unit as
 * twelve BCD digits, highest first, or its MAC.
 */
export class MeterNames {
  readonly #meters: ReadonlyMap<number, Meter>;
  readonly #byNumber = new Map<string, Meter>();
  readonly #byNode = new Map<string, Meter>();

  constructor(meters: ReadonlyMap<number, Meter>) {
    this.#meters = meters;
    // Of two with one name, the one that is in use.
    const inOrder = [...meters.values()].sort((a, b) => Number(a.enabled) - Number(b.enabled));
    for (const meter of inOrder) {
      this.#byNumber.set(meter.meterNo, meter);
      if (meter.mac >= 0) this.#byNode.set(meter.mac.toString(16).padStart(NODE_DIGITS, '0'), meter);
    }
    // What a communication unit answers to goes before what the archive calls a MAC.
    for (const meter of inOrder) {
      const node = meter.address.node ?? meter.meterNo;
      if (/^\d{1,12}$/.test(node)) this.#byNode.set(node.padStart(NODE_DIGITS, '0'), meter);
    }
  }

  find(address: Uint8Array): Meter | undefined {
    const named = this.#byNumber.get(new TextDecoder('latin1').decode(address));
    if (named !== undefined) return named;
    const [high = 0, low = 0] = address;
    const id = address.length === SAP_LENGTH ? meterIdOf((high << 8) | low) : undefined;
    if (id !== undefined) return this.#meters.get(id);
    return address.length === MAC_LENGTH ? this.#byNode.get(address.toHex()) : undefined;
  }
}
