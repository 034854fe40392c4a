import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { fromHex } from '../../src/base/bytes.ts';
import { DcuError } from '../../src/base/errors.ts';
import { type G3View, g3Name } from '../../src/base/g3.ts';
import { decodeValue } from '../../src/meters/attribute.ts';
import { g3Sibling, g3Way, qualityOf } from '../../src/meters/g3-path.ts';
import {
  g3Addresses,
  g3Blacklist,
  g3Contexts,
  g3Heard,
  g3Neighbours,
  g3Routes,
  MAX_ROWS,
} from '../../src/meters/g3-tables.ts';

const value = (hex: string) => decodeValue(fromHex(hex.replaceAll(' ', '')));

/**
 * As a chip vendor's example firmware writes a row (Microchip smartenergy_g3_apps, its example of class 91, attribute 11):
 * 11 elements, tone map of 6 bits, transmit coefficients of 24, phase differential as enum.
 */
const VENDOR_NEIGHBOUR =
  '02 0b 12 00 17 03 01 04 06 fc 16 02 0f 03 16 01 04 18 00 00 00 11 a4 16 02 11 0a 11 ff';
/** The same as gurux.dlms writes it: phase differential as integer. */
const OTHER_NEIGHBOUR =
  '02 0b 12 00 00 03 00 04 06 fc 16 00 0f fe 16 00 04 18 00 00 00 11 22 0f 00 11 05 11 3c';
/** Both write a route alike. */
const ROUTE = '02 06 12 00 00 12 00 17 12 00 2b 11 03 11 01 12 01 68';

describe('tables of a G3-PLC meter', () => {
  test('neighbours, in both forms that are in use', () => {
    const { rows, skipped } = g3Neighbours(value(`01 02 ${VENDOR_NEIGHBOUR} ${OTHER_NEIGHBOUR}`));
    expect(skipped).toBe(0);
    expect(rows).toEqual([
      {
        shortAddress: 0x17,
        lqi: 0xa4,
        modulation: 'QPSK',
        coherent: true,
        toneMap: 'fc',
        txGain: 3,
        txStepDb: 3,
        phaseDifferential: 2,
        toneMapMinutes: 10,
        validMinutes: 255,
      },
      {
        shortAddress: 0,
        lqi: 0x22,
        modulation: 'robust',
        coherent: false,
        toneMap: 'fc',
        txGain: -2,
        txStepDb: 6,
        phaseDifferential: 0,
        toneMapMinutes: 5,
        validMinutes: 60,
      },
    ]);
  });

  test('a row with elements too few or too many says what it has', () => {
    const short = '02 08 12 00 05 03 00 04 06 fc 16 09 0f 00 16 07 04 18 00 00 00 11 10';
    const long = `02 0c ${VENDOR_NEIGHBOUR.slice(6)} 11 01`;
    const { rows, skipped } = g3Neighbours(value(`01 02 ${short} ${long}`));
    expect(skipped).toBe(0);
    expect(rows[0]).toEqual({
      shortAddress: 5,
      lqi: 16,
      modulation: '9',
      coherent: false,
      toneMap: 'fc',
      txGain: 0,
    });
    expect(rows[1]?.validMinutes).toBe(255);
  });

  test('routes, nodes heard, blacklist, contexts and destinations', () => {
    expect(g3Routes(value(`01 01 ${ROUTE}`)).rows).toEqual([
      { destination: 0, nextHop: 0x17, cost: 43, hops: 3, weakLinks: 1, validMinutes: 360 },
    ]);
    expect(g3Heard(value('01 01 02 03 12 00 09 11 7f 11 14')).rows).toEqual([
      { shortAddress: 9, lqi: 127, validMinutes: 20 },
    ]);
    expect(g3Blacklist(value('01 01 02 02 12 00 0a 12 00 0a')).rows).toEqual([
      { shortAddress: 10, validMinutes: 10 },
    ]);
    const context = '02 05 04 04 00 11 50 09 0a fd000000000000007 81d 03 01 12 ff ff';
    expect(g3Contexts(value(`01 01 ${context}`)).rows).toEqual([
      { prefix: 'fd00000000000000781d', bits: 80, compression: true },
    ]);
    expect(g3Addresses(value('01 02 12 7f ff 12 80 00')).rows).toEqual([0x7fff, 0x8000]);
  });

  test('rows that are none are left out and counted', () => {
    const wrong = [
      '00',
      '02 00',
      '02 02 11 05 11 06',
      '02 06 12 00 00 09 01 00 12 00 00 11 01 11 00 12 00 00',
      '02 06 05 ff ff ff ff 12 00 00 12 00 00 11 01 11 00 12 00 00',
    ];
    expect(g3Routes(value(`01 06 ${ROUTE} ${wrong.join(' ')}`))).toMatchObject({ skipped: 5 });
    expect(
      g3Neighbours(
        value(
          '01 01 02 0b 12 00 17 03 01 04 06 fc 16 02 0f 03 16 01 04 18 00 00 00 12 01 00 16 02 11 0a 11 ff',
        ),
      ),
    ).toEqual({
      rows: [],
      skipped: 1,
    });
    for (const none of ['00', '09 03 01 02 03', '02 00', '01 00']) {
      expect(g3Neighbours(value(none))).toEqual({ rows: [], skipped: 0 });
    }
    expect(g3Neighbours(undefined)).toEqual({ rows: [], skipped: 0 });
  });

  test('a table of more rows than any network has is read to the limit', () => {
    const rows = MAX_ROWS + 500;
    const bytes = `01 82 ${rows.toString(16).padStart(4, '0')} ${'02 03 12 00 09 11 7f 11 14 '.repeat(rows)}`;
    const table = g3Heard(value(bytes));
    expect(table.rows).toHaveLength(MAX_ROWS);
    expect(table.skipped).toBe(500);
  });

  test('whatever bytes come, there are rows or an error of the decoder, never anything else', () => {
    const full = fromHex(`0102${(VENDOR_NEIGHBOUR + OTHER_NEIGHBOUR).replaceAll(' ', '')}`);
    for (let length = 0; length < full.length; length++) {
      expect(() => decodeValue(full.subarray(0, length))).toThrow(DcuError);
    }
    fc.assert(
      fc.property(fc.nat(full.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bent = full.slice();
        bent[at] = (bent[at] ?? 0) ^ flip;
        try {
          const { rows, skipped } = g3Neighbours(decodeValue(bent));
          expect(rows.length + skipped).toBeLessThanOrEqual(255);
          for (const { lqi, shortAddress } of rows) {
            expect(lqi).toBeWithin(0, 256);
            expect(shortAddress).toBeWithin(0, 65_536);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(DcuError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

const VIEW: G3View = {
  panId: 0x781d,
  shortAddress: 5,
  coordinator: 0,
  neighbours: [],
  heard: [],
  routes: [],
  blacklist: [],
  contexts: [],
  destinations: [],
  counters: {},
  skippedRows: 0,
};
const route = (destination: number, nextHop: number, cost: number, hops: number, weakLinks = 0) => ({
  destination,
  nextHop,
  cost,
  hops,
  weakLinks,
});
const neighbour = (shortAddress: number, lqi: number) => ({ shortAddress, lqi, modulation: 'BPSK' });

describe('the way to the coordinator', () => {
  test('is the cheapest route that leads there, with the quality of its first link', () => {
    const routes = [route(0, 7, 90, 2), route(0, 8, 60, 3, 1), route(9, 6, 10, 1), route(0, 5, 1, 1)];
    const view = { ...VIEW, routes, neighbours: [neighbour(7, 200), neighbour(8, 120)] };
    expect(g3Way(view)).toEqual({ nextHop: 8, hops: 3, weakLinks: 1, cost: 60, lqi: 120, quality: 7 });
  });

  test('is one hop to a coordinator that is heard, by either table', () => {
    expect(g3Way({ ...VIEW, neighbours: [neighbour(0, 255)] })).toMatchObject({
      nextHop: 0,
      hops: 1,
      quality: 15,
    });
    expect(g3Way({ ...VIEW, heard: [{ shortAddress: 0, lqi: 33 }] })).toMatchObject({
      nextHop: 0,
      hops: 1,
      quality: 1,
    });
  });

  test('is not known from tables that do not have it, and empty for the coordinator itself', () => {
    expect(g3Way({ ...VIEW, routes: [route(9, 6, 10, 1)] })).toMatchObject({
      nextHop: undefined,
      hops: undefined,
    });
    expect(g3Way({ ...VIEW, shortAddress: 0 })).toMatchObject({ nextHop: undefined, hops: 0 });
  });

  test('quality has 16 steps', () => {
    expect([0, 16, 17, 254, 255].map(qualityOf)).toEqual([0, 0, 1, 14, 15]);
  });
});

describe('names of nodes', () => {
  test('PAN and short address', () => {
    expect(g3Name(0x781d, 0x12)).toBe('781D:0012');
  });

  test.each([
    ['fe80::781d:ff:fe00:5', 5, 0x12, 'fe80:0:0:0:781d:ff:fe00:12'],
    ['FD00:0:0:0:781D:00FF:FE00:0005', 5, 1, 'fd00:0:0:0:781d:ff:fe00:1'],
    ['fe80::781d:ff:fe00:5', 6, 1, undefined],
    ['::1', 1, 2, undefined],
    ['192.168.1.2', 1, 2, undefined],
    ['fe80::1::2', 1, 2, undefined],
    ['1:2:3:4:5:6:7', 1, 2, undefined],
    ['', 1, 2, undefined],
    ['fe80::781d:ff:fe00:5%eth0', 5, 1, undefined],
  ])('the sibling of %p (%p) with address %p is %p', (host, own, other, expected) => {
    expect(g3Sibling(host, own, other)).toBe(expected);
  });
});
