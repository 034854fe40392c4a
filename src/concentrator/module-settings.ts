import type { Channel, Meter, Parity } from '../base/model.ts';
import { localTime } from '../base/zone.ts';
import type { ModuleConfig } from '../plc/module-types.ts';
import { BANDS, BAUD_RATES } from '../plc/units/afn-05.ts';
import type { PortSettings } from './transports.ts';

/** A module as its channel describes it. */
export interface ModuleSettings {
  readonly port: PortSettings;
  readonly config: ModuleConfig;
  /** Index of the frequency band; as the module has it if absent. */
  readonly band?: number;
}

/** Every module begins at this rate. */
const FIRST_RATE = 9600;
const ADDRESS_DIGITS = 12;

/** Attributes as the store has them; one that is missing, no number or out of range counts as not given. */
export function moduleSettings(
  channel: Channel,
  attributes: ReadonlyMap<string, string>,
  serialNumber: string,
): ModuleSettings {
  const baudRate = numberOf(attributes.get('baud'), 1);
  const rates: readonly number[] = BAUD_RATES;
  const maxConcurrent = numberOf(attributes.get('max.concurrent'), 1);
  const forwardTimeoutS = numberOf(attributes.get('forward.timeout'), 1);
  const band = numberOf(attributes.get('band'), 0);
  const parity = parityOf(attributes.get('parity'));
  return {
    port: {
      path: attributes.get('device') ?? '',
      baudRate: FIRST_RATE,
      dataBits: 8,
      parity,
      stopBits: 1,
      openTimeoutMs: channel.readTimeoutS * 1000,
    },
    config: {
      masterAddress: masterAddress(attributes.get('master.address') ?? '', serialNumber),
      parity,
      forwardTimeoutMs: (forwardTimeoutS ?? 60) * 1000,
      ...(baudRate !== undefined && rates.includes(baudRate) ? { baudRate } : {}),
      ...(maxConcurrent === undefined ? {} : { maxConcurrent: Math.min(255, Math.floor(maxConcurrent)) }),
    },
    ...(band !== undefined && Number.isInteger(band) && band < BANDS.length ? { band } : {}),
  };
}

/** Twelve digits: those that are set, else the last of the serial number. */
function masterAddress(text: string, serialNumber: string): string {
  const given = text.trim();
  if (/^\d{12}$/.test(given)) return given;
  return serialNumber.replaceAll(/\D/g, '').slice(-ADDRESS_DIGITS).padStart(ADDRESS_DIGITS, '0');
}

/** Address of a meter's communication unit; undefined when its number is none and it has no other. */
export function nodeOf({ meterNo, address }: Pick<Meter, 'meterNo' | 'address'>): string | undefined {
  const node = (address.node ?? meterNo).padStart(ADDRESS_DIGITS, '0');
  return /^\d{12}$/.test(node) ? node : undefined;
}

/** As a module asks for it: second, minute, hour, day, month and year in BCD. */
export function moduleTime(timeMs: number, zone: string): Uint8Array {
  const { second, minute, hour, day, month, year } = localTime(timeMs, zone);
  return Uint8Array.of(
    ...[second, minute, hour, day, month, year % 100].map((n) => n + 6 * Math.floor(n / 10)),
  );
}

function numberOf(text: string | undefined, least: number): number | undefined {
  const value = Number(text?.trim() || Number.NaN);
  return Number.isFinite(value) && value >= least ? value : undefined;
}

const parityOf = (text: string | undefined): Parity => (text === 'none' || text === 'odd' ? text : 'even');
