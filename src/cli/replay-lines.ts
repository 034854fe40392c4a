import type { Clock } from '../base/clock.ts';
import { toDcuError } from '../base/errors.ts';
import { UndoList } from '../base/undo.ts';
import type { CaptureDocument } from '../channels/capture-file.ts';
import type { ByteChannel, ChannelOpener } from '../channels/channel.ts';
import { openPty } from '../channels/pty.ts';
import { type TapeOptions, tapeOpener } from '../channels/tape.ts';
import { listenTcp } from '../channels/tcp-listen.ts';
import type { CliIo } from './command.ts';
import { aborted } from './options.ts';

/** Plays each line's devices until it is told to stop: a path in the system's file tree on a pseudo-terminal, others on a TCP port. */
export async function playLines(
  { entries }: CaptureDocument,
  options: TapeOptions,
  io: CliIo,
  { json, clock }: { readonly json: boolean; readonly clock: Clock },
): Promise<void> {
  const undo = new UndoList();
  const places: {
    readonly line: string;
    readonly serial?: string;
    readonly host?: string;
    readonly port?: number;
  }[] = [];
  try {
    for (const line of new Set(entries.map((entry) => entry.line))) {
      if (line.startsWith('/')) {
        const pty = openPty({}, clock);
        undo.add(() => pty.channel.close());
        join(pty.channel, tapeOpener(entries, line, clock, { ...options, joined: true }), io);
        places.push({ line, serial: pty.path });
        continue;
      }
      const tape = tapeOpener(entries, line, clock, options);
      const listener = listenTcp({ host: '127.0.0.1', port: 0 }, (channel) => join(channel, tape, io), clock);
      undo.add(() => listener.close());
      places.push({ line, host: listener.host, port: listener.port });
    }
    if (json) io.out(JSON.stringify({ ok: true, lines: places }));
    else
      for (const { line, serial, host, port } of places) io.out(`${line} at ${serial ?? `${host}:${port}`}`);
    await aborted(io.signal);
  } finally {
    await undo.run();
  }
}

/** What the reader writes goes to the tape, and back. */
function join(reader: ByteChannel, tape: ChannelOpener, io: CliIo): void {
  const told = (error: unknown): void => io.err(`${tape.name}: ${toDcuError(error).message}`);
  const opened = tape.open();
  opened.then(
    (device) => {
      device.onBytes((bytes) => void reader.write(bytes).catch(told));
      device.onClosed((reason) => {
        if (reason !== undefined) told(reason);
        reader.close().catch(told);
      });
      reader.onBytes((bytes) => void device.write(bytes).catch(told));
      reader.onClosed(() => void device.close().catch(told));
    },
    (error: unknown) => {
      told(error);
      reader.close().catch(told);
    },
  );
}
