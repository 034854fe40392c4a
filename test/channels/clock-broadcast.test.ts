import { describe, expect, test } from 'bun:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { broadcastClock } from '../../src/channels/clock-broadcast.ts';
import { memoryPair } from '../../src/channels/memory.ts';
import { clockBroadcastFrame } from '../../src/dlms/clock-broadcast.ts';
import { decodeDateTime, encodeDateTime, fromUtcMs, toUtcMs } from '../../src/dlms/datetime.ts';
import { decodeFrame } from '../../src/dlms/link/frame.ts';

const NOW = Date.UTC(2026, 10, 23, 12);
const TO = { clientAddress: 102, clock: '0.0.1.0.0.255' } as const;

describe('a frame that sets all clocks of a line', () => {
  test.each([
    [1, 0x7f],
    [2, 0x3fff],
    [4, 0xfffffff],
  ] as const)(
    'goes to all stations with addresses of %i bytes, unnumbered and unconfirmed',
    (addressBytes, all) => {
      const time = encodeDateTime(fromUtcMs(NOW, -120, 0));
      const frame = decodeFrame(clockBroadcastFrame({ ...TO, addressBytes, time }));
      expect(frame).toMatchObject({
        destination: all,
        destinationBytes: addressBytes,
        source: 102,
        control: 0x03,
      });
      // LLC; set-request normal, unconfirmed; class 8, 0.0.1.0.0.255, attribute 2, no selection; octet-string of 12.
      expect(frame.info.toHex()).toBe(
        `e6e600c10181000800000100 00ff0200090c${time.toHex()}`.replace(' ', ''),
      );
    },
  );

  test('says the time at which its last byte arrives', async () => {
    const clock = new VirtualClock(NOW);
    const [ours, theirs] = memoryPair({ clock });
    const heard: Uint8Array[] = [];
    theirs.onBytes((bytes) => heard.push(bytes));
    const sent = broadcastClock(
      ours,
      { ...TO, addressBytes: 1 },
      { deviationMinutes: -120, summer: true, msPerByte: 10 },
      clock,
    );
    await clock.advance(2_000);
    await sent;
    const bytes = Uint8Array.from(heard.flatMap((some) => [...some]));
    const told = decodeDateTime(decodeFrame(bytes).info.subarray(-12));
    expect(told).toMatchObject({ deviationMinutes: -120, status: 0x80 });
    expect(toUtcMs(told)).toBe(NOW + bytes.length * 10);
  });
});
