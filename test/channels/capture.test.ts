import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { systemClock } from '../../src/base/clock.ts';
import { DcuError } from '../../src/base/errors.ts';
import { Capture, type CaptureEntry } from '../../src/channels/capture.ts';
import { captureLine, openCaptureFile, parseCapture } from '../../src/channels/capture-file.ts';
import { framesOf, reportCapture } from '../../src/channels/capture-report.ts';
import type { ByteChannel } from '../../src/channels/channel.ts';
import { PasswordMask } from '../../src/channels/password-mask.ts';
import { tapeOpener } from '../../src/channels/tape.ts';
import { runCli } from '../../src/cli/program.ts';
import { replayCommand } from '../../src/cli/replay.ts';
import { encodeFrame } from '../../src/plc/frame.ts';
import { upInformation } from '../../src/plc/information.ts';
import type { ServedMeter } from '../../src/simulator/neighbourhood.ts';
import { associate, openTo, small } from '../simulator/reading.ts';

const CLOCK = { classId: 8, obis: '0.0.1.0.0.255', attribute: 2 } as const;
const ENERGY = { classId: 3, obis: '1.0.1.8.0.255', attribute: 2 } as const;
const OBJECTS = { classId: 7, obis: '1.0.99.1.0.255', attribute: 3 } as const;
const directory = mkdtempSync(join(tmpdir(), 'opendcu-capture-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Told {
  readonly clock: unknown;
  readonly energy: unknown;
  readonly objects: unknown;
}

async function readAll(meter: ServedMeter, channel: ByteChannel): Promise<Told> {
  const client = await associate(meter, channel);
  const told = {
    clock: await client.get(CLOCK),
    energy: await client.get(ENERGY),
    objects: await client.get(OBJECTS),
  };
  await client.release();
  return told;
}

/** A read of one simulated meter, as it was captured. */
async function captured(
  framing: 'hdlc' | 'wrapper',
  auth: 'none' | 'lls',
): Promise<{ entries: CaptureEntry[]; told: Told; meter: ServedMeter; line: string }> {
  const entries: CaptureEntry[] = [];
  const capture = new Capture((entry) => entries.push(entry), systemClock);
  const neighbourhood = await small({ framing, auth });
  try {
    const [meter] = neighbourhood.meters;
    if (meter === undefined) throw new Error('no meter');
    const line = `${meter.host}:${meter.port}`;
    const channel = await capture.of({ name: line, open: () => openTo(meter) }).open();
    const told = await readAll(meter, channel);
    await channel.close();
    return { entries, told, meter, line };
  } finally {
    await neighbourhood.stop();
  }
}

describe('a captured read', () => {
  test.each([
    ['hdlc', 'none'],
    ['wrapper', 'none'],
    ['hdlc', 'lls'],
    ['wrapper', 'lls'],
  ] as const)('%s, %s: the tape answers the same reader with the same values', async (framing, auth) => {
    const { entries, told, meter, line } = await captured(framing, auth);
    const file = parseCapture(`${HEAD}${entries.map(captureLine).join('\n')}\n`);
    expect(file.entries).toEqual(entries);
    const tape = tapeOpener(file.entries, line, systemClock, { match: 'exact', paced: false });
    expect(await readAll(meter, await tape.open())).toEqual(told);
    await expect(tape.open()).rejects.toMatchObject({ code: 'channel-open-failed' });
    const [report] = reportCapture(entries);
    expect(report).toMatchObject({ line, framing, sessions: 1, noise: 0, unanswered: 0, errors: [] });
    expect(report?.answered).toBeGreaterThan(4);
    expect(report?.framesIn).toBe(report?.framesOut ?? 0);
  });

  test('the password of LLS is in no entry', async () => {
    for (const framing of ['hdlc', 'wrapper'] as const) {
      const { entries, meter } = await captured(framing, 'lls');
      const password = new TextEncoder().encode(meter.password ?? 'none').toHex();
      expect(password.length).toBeGreaterThan(8);
      expect(entries.map(captureLine).join('\n')).not.toContain(password);
      expect(entries.filter((entry) => 'masked' in entry).length).toBe(1);
    }
  });

  test('another request than the one on the tape ends in an error that says where', async () => {
    const { entries, meter, line } = await captured('wrapper', 'none');
    const tape = tapeOpener(entries, line, systemClock, { match: 'exact', paced: false });
    const client = await associate(meter, await tape.open());
    await expect(client.get(ENERGY)).rejects.toMatchObject({ code: 'link-protocol' });
  });
});

const HEAD = `${JSON.stringify({ format: 'opendcu-capture', version: 1, startedAt: '2026-05-04T12:00:00.000Z', program: '1.2.3' })}\n`;

describe('a capture file', () => {
  test('is for its owner alone, ends at its limit and is not written over', () => {
    const path = join(directory, 'limited.jsonl');
    const ended: string[] = [];
    const file = openCaptureFile({
      path,
      clock: systemClock,
      program: '1.2.3',
      limitBytes: 200_000,
      onEnd: (reason) => ended.push(reason),
    });
    expect(() =>
      openCaptureFile({ path, clock: systemClock, program: '1', limitBytes: 1, onEnd: () => {} }),
    ).toThrow(DcuError);
    const channel = memory();
    return file.capture
      .of({ name: 'line', open: async () => channel })
      .open()
      .then(async (captured) => {
        for (let i = 0; i < 100; i++) await captured.write(new Uint8Array(4000));
        file.close();
        expect(statSync(path).mode & 0o777).toBe(0o600);
        expect(ended.length).toBe(1);
        const { entries } = parseCapture(readFileSync(path, 'utf8'));
        expect(entries.length).toBeGreaterThan(10);
        expect(statSync(path).size).toBeLessThan(300_000);
      });
  });

  test.each([
    ['', 'line 1'],
    ['{"format":"pcap"}\n', 'line 1'],
    [HEAD.replace('"version":1', '"version":2'), 'line 1'],
    [`${HEAD}nonsense\n`, 'line 2'],
    [`${HEAD}{"ms":1,"line":"a","session":1,"event":"in","bytes":"0"}\n`, 'line 2'],
    [`${HEAD}{"ms":1,"line":"a","session":0,"event":"open"}\n`, 'line 2'],
    [`${HEAD}\n{"ms":1,"line":"a","session":1,"event":"shut"}\n`, 'line 3'],
    [`${HEAD}{"ms":-1,"line":"a","session":1,"event":"open"}\n`, 'line 2'],
    [`${HEAD}{"ms":1,"line":"a","session":1,"event":"configure","settings":{"baudRate":9600}}\n`, 'line 2'],
  ])('%p is refused with its line', (text, field) => {
    expect(() => parseCapture(text)).toThrow(expect.objectContaining({ code: 'invalid-field', field }));
  });

  test('a last line that was cut off is left out', () => {
    const text = `${HEAD}{"ms":1,"line":"a","session":1,"event":"open"}\n{"ms":2,"line":"a","ses`;
    expect(parseCapture(text).entries.length).toBe(1);
  });
});

function memory(): ByteChannel {
  return {
    name: 'line',
    write: () => Promise.resolve(),
    onBytes: () => {},
    onClosed: () => {},
    close: () => Promise.resolve(),
  };
}

describe('frames of a capture', () => {
  const module = encodeFrame({
    direction: 'up',
    initiates: false,
    kind: 3,
    afn: 0,
    fn: 1,
    data: new Uint8Array(6),
    information: upInformation(7),
  });
  const hdlc = Uint8Array.fromHex('7ea0070321930f017e');
  const wrapper = Uint8Array.fromHex('0001000100100003010203');

  test.each([
    ['hdlc', hdlc],
    ['wrapper', wrapper],
    ['plc-module', module],
  ] as const)('%s: however the bytes are cut, and whatever noise is between them', (framing, frame) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 10 }),
        (count, cuts) => {
          const noise = Uint8Array.of(0xff, 0xfe);
          const all = Uint8Array.from(
            Array.from({ length: count }, (_, i) => [...(i > 0 ? noise : []), ...frame]).flat(),
          );
          const entries: CaptureEntry[] = [];
          for (let at = 0, i = 0; at < all.length; i++) {
            const end = at + (cuts[i % cuts.length] ?? 1);
            entries.push({ ms: i, line: 'a', session: 1, event: 'in', bytes: all.slice(at, end) });
            at = end;
          }
          const found = framesOf(entries);
          expect(found.framing).toBe(framing);
          expect(found.frames.map(({ bytes }) => bytes.toHex())).toEqual(
            Array.from({ length: count }, () => frame.toHex()),
          );
          expect(found.noise).toBe((count - 1) * noise.length);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('arbitrary bytes never fail, and every byte is in a frame or noise', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 10 }), (pieces) => {
        const entries = pieces.map(
          (bytes, ms): CaptureEntry => ({ ms, line: 'a', session: 1, event: 'in', bytes }),
        );
        const { frames, noise } = framesOf(entries);
        const all = pieces.reduce((sum, { length }) => sum + length, 0);
        const framed = frames.reduce((sum, { bytes }) => sum + bytes.length, 0);
        expect(noise + framed).toBeLessThanOrEqual(all);
      }),
    );
  });
});

describe('the mask of passwords', () => {
  const AARQ = Uint8Array.fromHex('60368b0760857405080201ac0a80084142434445464748be10');
  const MASKED = '60368b0760857405080201ac0a80087878787878787878be10';

  test('keeps length and everything but the password', () => {
    const before = AARQ.toHex();
    const { bytes, masked } = new PasswordMask().next(AARQ);
    expect(masked).toBe(true);
    expect(bytes.toHex()).toBe(MASKED);
    expect(AARQ.toHex()).toBe(before);
    expect(new PasswordMask().next(Uint8Array.of(1, 2, 3)).masked).toBeUndefined();
  });

  test('is the same however the bytes are cut, and again for the next association', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2 * AARQ.length), { maxLength: 8 }), (cuts) => {
        const mask = new PasswordMask();
        const both = new Uint8Array([...AARQ, ...AARQ]);
        const places = [0, ...cuts.toSorted((a, b) => a - b), both.length];
        const pieces = places.slice(1).map((to, i) => mask.next(both.subarray(places[i], to)).bytes.toHex());
        expect(pieces.join('')).toBe(MASKED + MASKED);
      }),
    );
  });

  test('reaches over the end of a frame into the next one', () => {
    const mask = new PasswordMask();
    const first = mask.next(AARQ.subarray(0, 18)).bytes.toHex();
    const between = mask.next(Uint8Array.fromHex('aabb7e')).bytes.toHex();
    const rest = mask.next(Uint8Array.fromHex('7ea01903231012344445464748')).bytes.toHex();
    expect(first).toBe(MASKED.slice(0, 36));
    expect(between + rest).toBe('78'.repeat(16));
  });
});

describe('dcu replay', () => {
  async function run(...args: string[]): Promise<{ status: number; out: string; err: string }> {
    const out: string[] = [];
    const err: string[] = [];
    const io = {
      out: (line: string) => void out.push(line),
      err: (line: string) => void err.push(line),
      signal: new AbortController().signal,
    };
    const status = await runCli(['replay', ...args], io, [replayCommand]);
    return { status, out: out.join('\n'), err: err.join('\n') };
  }

  test('reports, explains and compares', async () => {
    const { entries, line } = await captured('hdlc', 'none');
    const path = join(directory, 'read.jsonl');
    writeFileSync(path, `${HEAD}${entries.map(captureLine).join('\n')}\n`);
    const json = await run(path, '--json');
    expect(json.status).toBe(0);
    expect(JSON.parse(json.out)).toMatchObject({
      ok: true,
      program: '1.2.3',
      lines: [{ line, framing: 'hdlc' }],
    });
    const kept = join(directory, 'kept.json');
    writeFileSync(kept, json.out);
    expect((await run(path, '--expect', kept)).status).toBe(0);
    writeFileSync(kept, json.out.replace('"unanswered":0', '"unanswered":1'));
    const other = await run(path, '--expect', kept);
    expect(other.status).toBe(1);
    expect(other.err).toContain(`${line} is not as expected`);
    const explained = await run(path, '--explain');
    expect(explained.out).toContain('1.0.1.8.0.255');
    expect((await run(path, '--line', 'nobody')).status).toBe(1);
    expect((await run(path, '--serve', '--explain')).status).toBe(2);
    expect((await run(join(directory, 'missing.jsonl'))).status).toBe(2);
  });
});
