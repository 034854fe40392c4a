import { DcuError } from '../base/errors.ts';
import type { LineSettings } from '../base/machine.ts';
import type { MeterAddress } from '../base/model.ts';
import type { ByteChannel } from '../channels/channel.ts';
import type { OpeningConfig } from '../dlms/link/link.ts';
import { bitsPerByte } from './link-memory.ts';

/** Bit rates that the opening of IEC 62056-21 can agree on in mode E. */
const OPENING_RATES = [300, 600, 1200, 2400, 4800, 9600, 19_200] as const;

/**
 * Sets a serial line as a meter needs it; what the meter leaves open is as the channel was opened (`own`). A meter with
 * the mode E opening changes the line itself. @throws DcuError `unsupported` where the line cannot be set, and what the
 * channel throws
 */
export async function setLine(
  channel: ByteChannel,
  own: LineSettings | undefined,
  { opening, baudRate, parity }: MeterAddress,
): Promise<void> {
  if (opening === 'mode-e') return;
  const { configure, settings } = channel;
  if (own === undefined || settings === undefined || configure === undefined) {
    if (baudRate === undefined && parity === undefined) return;
    throw new DcuError('unsupported', `${channel.name} has no line settings to change`, {
      field: 'baudRate',
    });
  }
  const wanted = { ...own, baudRate: baudRate ?? own.baudRate, parity: parity ?? own.parity };
  const { baudRate: rate, dataBits, parity: present } = settings;
  if (wanted.baudRate === rate && wanted.dataBits === dataBits && wanted.parity === present) return;
  await configure.call(channel, wanted);
}

/** Milliseconds of a byte at these settings of the channel for this meter; undefined where there is no such line. */
export function msPerByteOf(own: LineSettings | undefined, address: MeterAddress): number | undefined {
  if (own === undefined) return undefined;
  const { opening, baudRate = own.baudRate, parity = own.parity } = address;
  if (opening === 'mode-e') return (bitsPerByte(8, 'none') * 1000) / rateOf(baudRate);
  return (bitsPerByte(own.dataBits, parity) * 1000) / baudRate;
}

/** The opening of a meter that asks for one; its device address is the meter number. */
export function openingOf(
  meterNo: string,
  { opening, baudRate }: MeterAddress,
  own: LineSettings | undefined,
): OpeningConfig | undefined {
  if (opening !== 'mode-e') return undefined;
  return { address: meterNo, baudRate: rateOf(baudRate ?? own?.baudRate ?? 9600) };
}

const rateOf = (most: number): number => OPENING_RATES.findLast((rate) => rate <= most) ?? OPENING_RATES[0];
