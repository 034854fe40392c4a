import { describe, expect, test } from 'bun:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import type { MeterEvent } from '../../src/base/model.ts';
import { encodeData } from '../../src/dlms/axdr.ts';
import type { CosemAttribute, GetResult } from '../../src/dlms/client.ts';
import type { DlmsData } from '../../src/dlms/data.ts';
import { encodeDateTime, fromUtcMs } from '../../src/dlms/datetime.ts';
import { array, i8, logicalName, octetString, structure, u16, u32 } from '../../src/dlms/values.ts';
import type { MeterLink } from '../../src/meters/meter-link.ts';
import { BUILT_IN_PROFILES } from '../../src/meters/profiles/index.ts';
import { MeterSession } from '../../src/meters/session.ts';

const NOW = Date.UTC(2026, 5, 10, 12);
const [TAMPERS, COVERS] = ['0.0.99.98.4.255', '0.0.99.98.5.255'];

/** A session with a meter of IS 15959 whose logs hold these codes, each a minute after the other from noon minus an hour on. */
function session(logs: Readonly<Record<string, readonly number[]>>) {
  const stamp = (ms: number): DlmsData => octetString(encodeDateTime(fromUtcMs(ms, 0)));
  const captured = (classId: number, obis: string) =>
    structure(u16(classId), logicalName(obis), i8(2), u16(0));
  const answer = ({ classId, obis, attribute }: CosemAttribute): GetResult => {
    const ok = (data: DlmsData): GetResult => ({ ok: true, data: encodeData(data) });
    if (classId === 8) return ok(stamp(NOW));
    const codes = logs[obis];
    if (codes === undefined) return { ok: false, result: 'object-undefined' };
    if (attribute === 3) {
      return ok(array([captured(8, '0.0.1.0.0.255'), captured(1, obis.replace('99.98', '96.11'))]));
    }
    if (attribute === 4) return ok(u32(0));
    return ok(array(codes.map((code, i) => structure(stamp(NOW - 3_600_000 + i * 60_000), u16(code)))));
  };
  const link: MeterLink = {
    association: { referencing: 'ln', conformance: [], serverMaxPduSize: 1024 },
    counters: {
      bytesReceived: 0,
      bytesSent: 0,
      framesReceived: 0,
      framesSent: 0,
      rejectedHeaders: 0,
      badFcs: 0,
      retransmissions: 0,
      timeouts: 0,
      ignoredFrames: 0,
    },
    ended: undefined,
    get: async (attribute) => answer(attribute),
    getList: async (attributes) => attributes.map(answer),
    set: async () => 'success',
    action: async () => ({ result: 'success' }),
    release: async () => {},
    abort: () => {},
  };
  return new MeterSession(link, {
    meterId: 1,
    profile: BUILT_IN_PROFILES.get('is-15959'),
    clock: new VirtualClock(NOW),
    log: silentLog,
    outdated: () => false,
    knownColumns: async () => undefined,
  });
}

const interval = { fromMs: NOW - 86_400_000, toMs: NOW - 60_000 };

describe('a kind of events that a meter keeps in two logs', () => {
  test('comes from both, and only with the last of them is the interval settled', async () => {
    const meter = session({ [TAMPERS]: [201, 202], [COVERS]: [251] });
    const events: MeterEvent[] = [];
    const covered: unknown[] = [];
    for await (const batch of meter.readEvents('fraud', interval)) {
      events.push(...batch.events);
      covered.push(batch.covered);
    }
    expect(events.map(({ code }) => code)).toEqual([201, 202, 251]);
    expect(covered).toEqual([undefined, interval]);
  });

  test('settles nothing when one of them cannot be had', async () => {
    const meter = session({ [TAMPERS]: [201] });
    const codes: number[] = [];
    const covered: unknown[] = [];
    const reading = (async () => {
      for await (const batch of meter.readEvents('fraud', interval)) {
        codes.push(...batch.events.map(({ code }) => code));
        covered.push(batch.covered);
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: 'not-granted' });
    expect(codes).toEqual([201]);
    expect(covered).toEqual([undefined]);
  });
});
