import type { DcuError } from '../base/errors.ts';
import type { Meter } from '../base/model.ts';
import type { LinkCounters } from '../dlms/link/link.ts';
import type { LineUse, MeterUse } from './line-job.ts';

const newUse = (): LineUse => ({
  frames: 0,
  bytes: 0,
  bitMs: 0,
  busyMs: 0,
  badFcs: 0,
  rejectedHeaders: 0,
  retransmissions: 0,
  timeouts: 0,
  ignoredFrames: 0,
  failures: 0,
  lastError: null,
});

/** What a line and each of its meters have used up, and what went wrong. */
export class LineLedger {
  readonly line: LineUse = newUse();
  readonly byMeter = new Map<number, MeterUse>();

  busy(meter: Meter, ms: number): void {
    for (const use of this.#of(meter)) use.busyMs += ms;
  }

  /**
   * Adds what was counted beyond `before`, a copy of the same counters at an earlier time. `msPerByte` of the line; 0
   * where bytes take no time.
   */
  link(meter: Meter, counters: Readonly<LinkCounters>, before?: Readonly<LinkCounters>, msPerByte = 0): void {
    const gained = (name: keyof LinkCounters): number => counters[name] - (before?.[name] ?? 0);
    const bytes = gained('bytesReceived') + gained('bytesSent');
    for (const use of this.#of(meter)) {
      use.frames += gained('framesReceived') + gained('framesSent');
      use.bytes += bytes;
      use.bitMs += bytes * msPerByte;
      use.badFcs += gained('badFcs');
      use.rejectedHeaders += gained('rejectedHeaders');
      use.retransmissions += gained('retransmissions');
      use.timeouts += gained('timeouts');
      use.ignoredFrames += gained('ignoredFrames');
    }
  }

  failed(meter: Meter, { code, message }: DcuError, time: number): void {
    for (const use of this.#of(meter)) {
      use.failures++;
      use.lastError = { code, message, time };
    }
  }

  #of(meter: Meter): readonly LineUse[] {
    // What is looked for on a line is no meter of the archive.
    if (meter.id <= 0) return [this.line];
    let own = this.byMeter.get(meter.id);
    if (own === undefined) {
      own = { ...newUse(), meterNo: meter.meterNo, link: null, breaker: 'closed' };
      this.byMeter.set(meter.id, own);
    }
    return [this.line, own];
  }
}
