import { afterEach, describe, expect, test } from 'bun:test';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { askSntp } from '../../src/channels/sntp.ts';
import { NTP_PACKET_LENGTH, readNtpAnswer } from '../../src/channels/sntp-packet.ts';

/** Seconds from 1900 to 1970. */
const EPOCH_S = 2_208_988_800;

interface Answering {
  readonly stratum?: number;
  readonly leap?: number;
  readonly mode?: number;
  /** Letters in the place of the reference. */
  readonly reference?: string;
  readonly rootDispersionS?: number;
  readonly aheadMs?: number;
  readonly origin?: (sent: Uint8Array) => Uint8Array;
  readonly length?: number;
}

function answerTo(request: Uint8Array, how: Answering): Uint8Array {
  const packet = new Uint8Array(NTP_PACKET_LENGTH);
  const view = new DataView(packet.buffer);
  view.setUint8(0, ((how.leap ?? 0) << 6) | (4 << 3) | (how.mode ?? 4));
  view.setUint8(1, how.stratum ?? 2);
  view.setUint32(8, Math.round((how.rootDispersionS ?? 0.01) * 65_536));
  packet.set(new TextEncoder().encode(how.reference ?? ''), 12);
  const sent = request.slice(40, 48);
  packet.set(how.origin?.(sent) ?? sent, 24);
  const timestamp = (at: number, ms: number): void => {
    view.setUint32(at, (Math.floor(ms / 1000) + EPOCH_S) % 2 ** 32);
    view.setUint32(at + 4, Math.floor(((ms % 1000) / 1000) * 2 ** 32));
  };
  const nowMs = systemClock.now() + (how.aheadMs ?? 0);
  timestamp(32, nowMs);
  timestamp(40, nowMs);
  return packet.slice(0, how.length ?? NTP_PACKET_LENGTH);
}

const sockets: { close(): void }[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

async function server(
  ...answers: readonly Answering[]
): Promise<{ readonly host: string; readonly port: number }> {
  const socket = await Bun.udpSocket({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      data(own, data: Uint8Array, port, address) {
        for (const how of answers) own.send(answerTo(new Uint8Array(data), how), port, address);
      },
    },
  });
  sockets.push(socket);
  return { host: '127.0.0.1', port: socket.port };
}

const ask = async (...answers: readonly Answering[]) =>
  askSntp(
    await server(...answers),
    { clock: systemClock, random: systemRandom },
    AbortSignal.timeout(20_000),
  );

describe('a time server over UDP', () => {
  test('tells by how much the clock is off', async () => {
    const sample = await ask({ aheadMs: 90_000 });
    if ('kiss' in sample) throw new Error(sample.kiss);
    expect(Math.abs(sample.offsetMs - 90_000)).toBeLessThan(sample.roundTripMs / 2 + 5);
    expect(sample.stratum).toBe(2);
  });

  test('is heard behind answers that are not to this request', async () => {
    const forged = { aheadMs: 900_000, origin: () => new Uint8Array(8) };
    const sample = await ask(
      forged,
      { aheadMs: 900_000, length: 47 },
      { mode: 3, aheadMs: 900_000 },
      { aheadMs: -5000 },
    );
    if ('kiss' in sample) throw new Error(sample.kiss);
    expect(Math.round(sample.offsetMs / 1000)).toBe(-5);
  });

  test('sends clients away by four letters', async () => {
    expect(await ask({ stratum: 0, reference: 'DENY' })).toEqual({ kiss: 'DENY' });
    expect(await ask({ stratum: 0, reference: 'RATE' })).toEqual({ kiss: 'RATE' });
  });

  test('that does not know the time itself is not believed', async () => {
    for (const how of [{ leap: 3 }, { stratum: 16 }, { rootDispersionS: 8 }]) {
      await expect(ask(how)).rejects.toMatchObject({ code: 'link-protocol' });
    }
  });

  test('that says nothing is given up, also when nobody wants to know any more', async () => {
    await expect(ask()).rejects.toMatchObject({ code: 'link-timeout' });
    const given = new AbortController();
    const asked = askSntp(await server(), { clock: systemClock, random: systemRandom }, given.signal);
    given.abort();
    await expect(asked).rejects.toMatchObject({ code: 'cancelled' });
  });
});

test('after 2036 the seconds begin anew', () => {
  const packet = answerTo(new Uint8Array(NTP_PACKET_LENGTH), {});
  // 7 February 2036, 06:28:16 UTC is second 0 of the next era.
  new DataView(packet.buffer).setUint32(32, 100);
  expect(readNtpAnswer(packet)).toMatchObject({ receivedMs: expect.any(Number) });
  const answer = readNtpAnswer(packet);
  if ('kiss' in answer) throw new Error(answer.kiss);
  expect(Math.floor(answer.receivedMs / 1000)).toBe(Date.UTC(2036, 1, 7, 6, 28, 16) / 1000 + 100);
});
