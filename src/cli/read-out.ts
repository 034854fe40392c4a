import { Command } from 'commander';
import { systemClock } from '../base/clock.ts';
import { readOut } from '../channels/read-out.ts';
import { openSerial } from '../channels/serial.ts';
import { INITIAL_LINE, OPENING_BAUD_RATES } from '../dlms/link/iec62056-21.ts';
import type { CliCommand } from './command.ts';
import { usage, wholeNumber } from './options.ts';

interface ReadOutFlags {
  readonly serial: string;
  readonly address?: string;
  readonly baud: number;
  readonly retries: number;
  readonly json?: boolean;
}

function bitRate(text: string): number {
  const rate = wholeNumber('baud', 300, 19_200)(text);
  if (OPENING_BAUD_RATES.includes(rate)) return rate;
  throw usage('baud', `must be ${OPENING_BAUD_RATES.join(', ')}, not ${text}`);
}

/** `dcu read-out`: the data read-out of a meter without DLMS (IEC 62056-21, mode C). */
export const readOutCommand: CliCommand = {
  build(io) {
    return new Command('read-out')
      .description('Print the data read-out of an old meter (IEC 62056-21, mode C).')
      .requiredOption('--serial <path>', 'serial port')
      .option('--address <text>', 'device address of the meter; any meter on the line if not given')
      .option('--baud <number>', 'highest bit rate to change to', bitRate, 9600)
      .option('--retries <number>', 'tries after the first one', wholeNumber('retries', 0, 20), 2)
      .option('--json', 'print one line of JSON')
      .action(async ({ serial, address, baud, retries, json }: ReadOutFlags) => {
        const settings = { ...INITIAL_LINE, path: serial, stopBits: 1 } as const;
        const channel = await openSerial(settings, systemClock, io.signal);
        try {
          const config = { baudRate: baud, retries, ...(address === undefined ? {} : { address }) };
          const { identification, records } = await readOut(channel, config, systemClock, {
            signal: io.signal,
          });
          const { manufacturer, text } = identification;
          if (json === true) {
            io.out(JSON.stringify({ ok: true, meter: { manufacturer, identification: text }, records }));
            return;
          }
          io.out(`${manufacturer} ${text}`);
          for (const { id, value, unit } of records)
            io.out(`${id} ${value}${unit === undefined ? '' : ` ${unit}`}`);
        } finally {
          await channel.close();
        }
      });
  },
};
