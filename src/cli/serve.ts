import { uptime } from 'node:os';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { systemClock } from '../base/clock.ts';
import { systemRandom } from '../base/random.ts';
import { openCaptureFile } from '../channels/capture-file.ts';
import { giveBackPages } from '../channels/program-pages.ts';
import { capturedTransports, systemTransports } from '../concentrator/transports.ts';
import { type Concentrator, type ConcentratorOptions, startConcentrator } from '../concentrator.ts';
import { restartLean } from '../device/heap.ts';
import type { CliCommand, CliIo } from './command.ts';
import { openLog } from './logging.ts';
import { aborted, wholeNumber } from './options.ts';
import { VERSION } from './version.ts';

interface Flags {
  readonly data: string;
  readonly host: string;
  readonly port: number;
  readonly verbose?: boolean;
  readonly capture?: string;
  readonly json?: boolean;
}

const CAPTURE_LIMIT = 2 ** 30;

/** The concentrator: reads by its tasks and serves the GUI until it is told to stop. */
export const serveCommand: CliCommand = {
  build(io) {
    return new Command('serve')
      .description('run the concentrator: tasks, store, HTTPS API and GUI')
      .requiredOption('--data <dir>', 'data directory; made at the first start')
      .option('--host <address>', 'address to listen on', '127.0.0.1')
      .option('--port <port>', 'port to listen on; 0 = any free one', wholeNumber('port', 0, 65_535), 8443)
      .option('--verbose', 'log what each meter is asked')
      .option('--capture <file>', 'record what goes over the lines to meters, up to 1 GiB; see dcu replay')
      .option('--json', 'one line of JSON when it is ready')
      .action((flags: Flags) => serve(flags, io));
  },
};

async function serve(flags: Flags, io: CliIo): Promise<void> {
  restartLean();
  const directory = resolve(flags.data);
  const { log, close } = openLog(io, flags.verbose === true ? 'debug' : 'info', directory);
  const recording =
    flags.capture === undefined
      ? undefined
      : openCaptureFile({
          path: resolve(flags.capture),
          clock: systemClock,
          program: VERSION,
          limitBytes: CAPTURE_LIMIT,
          onEnd: (reason) => log.warn('the capture has ended', { reason }),
        });
  let keepPages = (): void => {};
  try {
    const concentrator = await startConcentrator({
      ...systemPorts(),
      directory,
      host: flags.host,
      port: flags.port,
      log,
      schedule: true,
      ...(recording === undefined
        ? {}
        : { transports: capturedTransports(systemTransports(systemClock), recording.capture) }),
    });
    keepPages = giveBackPages({ clock: systemClock, log, isIdle: nothingRuns(concentrator.collector) });
    const { url, fingerprint, firstAccount } = concentrator;
    if (flags.json === true)
      io.out(JSON.stringify({ ok: true, url, fingerprint, ...firstAccountOf(concentrator) }));
    else {
      io.out(`OpenDCU ${VERSION} is ready at ${url}`);
      io.out(`certificate SHA-256 ${fingerprint}`);
      if (firstAccount !== undefined) {
        io.out(
          `sign in as ${firstAccount.name} with password ${firstAccount.password} (another one at each start until it is changed)`,
        );
      }
    }
    await aborted(io.signal);
    log.info('stopping');
    await concentrator.stop();
  } finally {
    keepPages();
    recording?.close();
    close();
  }
}

/** Whether no meter is read at the moment. */
function nothingRuns({ bus }: Concentrator['collector']): () => boolean {
  const running = new Set<string>();
  bus.on('job-started', ({ jobId }) => running.add(jobId));
  bus.on('job-finished', ({ jobId }) => running.delete(jobId));
  return () => running.size === 0;
}

/** What every run outside of a test is built on. */
export function systemPorts(): Pick<ConcentratorOptions, 'clock' | 'random' | 'version' | 'bootedAt'> {
  return {
    clock: systemClock,
    random: systemRandom,
    version: VERSION,
    bootedAt: systemClock.now() - Math.floor(uptime() * 1000),
  };
}

export function firstAccountOf({ firstAccount }: Concentrator): { user?: string; password?: string } {
  return firstAccount === undefined ? {} : { user: firstAccount.name, password: firstAccount.password };
}
