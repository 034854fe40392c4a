import { systemClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import { openPty } from '../../channels/pty.ts';
import { startNeighbourhood } from '../../simulator/neighbourhood.ts';
import { planNeighbourhood } from '../../simulator/plan.ts';
import { energyRows } from '../../simulator/profile-rows.ts';
import { untilLetGo } from './far-end.ts';

/** 8N1. */
export const BITS_PER_BYTE = 10;
export const BAUD_RATE = 9600;
const DAY_MS = 86_400_000;
const SEED = 9600;

/** How the reader finds the meters, and what they have written lately. */
export interface LineFarEnd {
  readonly path: string;
  readonly meters: readonly {
    readonly meterNo: string;
    readonly client: number;
    readonly server: number;
    readonly physicalAddress: number;
    readonly addressBytes: 1 | 2 | 4;
    readonly password: string;
    /** UTC ms of the rows of the last two days. */
    readonly stamps: readonly number[];
  }[];
}

/** `count` meters on a pseudo-terminal as slow as its bit rate, until the reader lets go of them. */
export async function serveLine(
  count: number,
  out: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const neighbourhood = await startNeighbourhood({
    seed: SEED,
    clock: systemClock,
    log: silentLog,
    meters: planNeighbourhood({
      seed: SEED,
      meters: count,
      tcpBase: 'memory',
      framing: 'hdlc',
      auth: 'lls',
      rs485Lines: 1,
      metersPerLine: count,
    }),
    openLine: async () => {
      const pty = openPty({ pace: { baudRate: BAUD_RATE, bitsPerByte: BITS_PER_BYTE } });
      return { channel: pty.channel, path: pty.path };
    },
  });
  try {
    const nowMs = systemClock.now();
    const meters = neighbourhood.meters.map((meter): LineFarEnd['meters'][number] => ({
      meterNo: meter.meterNo,
      client: meter.client,
      server: meter.server,
      physicalAddress: meter.physicalAddress ?? 0,
      addressBytes: meter.addressBytes,
      password: meter.password ?? '',
      // Worked out here, so that it is at hand when the meters are asked.
      stamps: [...energyRows(meter.device.point, nowMs).stamps].filter((time) => time > nowMs - 2 * DAY_MS),
    }));
    out(JSON.stringify({ path: neighbourhood.meters[0]?.serialPath ?? '', meters } satisfies LineFarEnd));
    await untilLetGo(signal);
  } finally {
    await neighbourhood.stop();
  }
}
