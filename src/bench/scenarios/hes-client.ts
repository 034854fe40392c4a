import { systemClock } from '../../base/clock.ts';
import { DcuError } from '../../base/errors.ts';
import { systemRandom } from '../../base/random.ts';
import type { ByteChannel } from '../../channels/channel.ts';
import { openDlmsClient } from '../../channels/dlms-client.ts';
import { openTcp } from '../../channels/tcp.ts';
import { decodeData } from '../../dlms/axdr.ts';
import { decodeDateTime, encodeDateTime, fromUtcMs, toUtcMs } from '../../dlms/datetime.ts';
import { octetString } from '../../dlms/values.ts';
import { valueAt } from './stored-rows.ts';

/** Keys that both sides of a benchmark know. */
export const HES_KEYS = {
  encryptionKey: '000102030405060708090a0b0c0d0e0f',
  authenticationKey: 'd0d1d2d3d4d5d6d7d8d9dadbdcdddedf',
} as const;
export const HES_CLIENT = 1;
export const ENERGY = '1.0.99.1.0.255';
const CLOCK = '0.0.1.0.0.255';
const TITLE = new TextEncoder().encode('HESBENCH');
const ANSWER_MS = 30_000;

/** A head-end that reads profiles over one connection, HLS with GMAC, everything authenticated and encrypted. */
export class BenchHes {
  readonly #channel: ByteChannel;
  readonly #maxPduSize: number;
  #counter: number;

  private constructor(channel: ByteChannel, maxPduSize: number, firstCounter: number) {
    this.#channel = channel;
    this.#maxPduSize = maxPduSize;
    this.#counter = firstCounter;
  }

  /** `firstCounter`: above all that were used with the keys before. */
  static async dial(port: number, maxPduSize: number, firstCounter = 1): Promise<BenchHes> {
    const channel = await openTcp({ host: '127.0.0.1', port, connectTimeoutMs: 5000 });
    return new BenchHes(channel, maxPduSize, firstCounter);
  }

  get nextCounter(): number {
    return this.#counter;
  }

  /** Rows of [fromMs, toMs] of a logical device as they come: an A-XDR array. @throws DcuError what went wrong */
  async read(sap: number, fromMs: number, toMs: number, onBlock?: () => void): Promise<Uint8Array> {
    const client = await openDlmsClient(
      this.#channel,
      {
        link: {
          framing: 'wrapper',
          clientAddress: HES_CLIENT,
          serverAddress: sap,
          responseTimeoutMs: ANSWER_MS,
          maxApdu: 0xffff,
        },
        association: {
          auth: 'hls-gmac',
          policy: 'auth-enc',
          systemTitle: TITLE,
          encryptionKey: Uint8Array.fromHex(HES_KEYS.encryptionKey),
          authenticationKey: Uint8Array.fromHex(HES_KEYS.authenticationKey),
          nextInvocationCounter: () => this.#counter++,
          maxPduSize: this.#maxPduSize,
        },
        randomBytes: (length) => systemRandom.bytes(length),
      },
      systemClock,
    );
    const time = (ms: number) => octetString(encodeDateTime(fromUtcMs(ms, 0)));
    const result = await client.get(
      { classId: 7, obis: ENERGY, attribute: 2 },
      {
        by: 'range',
        restricting: { classId: 8, obis: CLOCK, attribute: 2 },
        from: time(fromMs),
        to: time(toMs),
      },
      onBlock,
    );
    await client.release();
    if (!result.ok) throw new DcuError('internal', `the profile is refused: ${result.result}`);
    return result.data;
  }

  async close(): Promise<void> {
    await this.#channel.close();
  }
}

/** Rows that an A-XDR array says it has. */
export function rowCount(data: Uint8Array): number {
  const [tag, first = 0] = data;
  if (tag !== 1) return 0;
  if (first < 0x80) return first;
  return data.subarray(2, 2 + (first & 0x7f)).reduce((sum, byte) => sum * 256 + byte, 0);
}

/** Every cell has to be what `storedRows` says. @throws DcuError `internal` */
export function checkRows(data: Uint8Array, meter: number, times: Float64Array): void {
  const wrong = (what: string): DcuError => new DcuError('internal', `meter ${meter}: ${what}`);
  const list = decodeData(data);
  const rows = list.type === 'array' ? list.elements : [];
  if (rows.length !== times.length) throw wrong(`${rows.length} rows came instead of ${times.length}`);
  for (const [index, row] of rows.entries()) {
    const [time, ...cells] = row.type === 'structure' ? row.elements : [];
    const stamp =
      time?.type === 'octet-string' ? (toUtcMs(decodeDateTime(time.value)) ?? Number.NaN) : Number.NaN;
    if (stamp !== times[index]) throw wrong(`row ${index} is of another time`);
    for (const [column, cell] of cells.entries()) {
      const value = 'value' in cell ? cell.value : undefined;
      if (value !== valueAt(meter, column, stamp)) throw wrong(`row ${index} has another value`);
    }
    if (cells.length !== 4) throw wrong(`row ${index} has ${cells.length} values`);
  }
}
