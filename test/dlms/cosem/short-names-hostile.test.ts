import { describe, expect, test } from 'bun:test';
import { concat, fromHex, toHex } from '../../../src/base/bytes.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { type ConformanceBit, conformanceMask, SN_CONFORMANCE } from '../../../src/dlms/apdu/conformance.ts';
import { decodeReadResponse, encodeReadRequest } from '../../../src/dlms/apdu/read.ts';
import type { VariableAccess } from '../../../src/dlms/apdu/variable-access.ts';
import { encodeWriteLists, encodeWriteRequest } from '../../../src/dlms/apdu/write.ts';
import { encodeData } from '../../../src/dlms/axdr.ts';
import { objectList } from '../../../src/dlms/cosem/short-name-list.ts';
import { shortNameServices } from '../../../src/dlms/cosem/short-name-services.ts';
import { ASSOCIATION_SN, ShortNameTable } from '../../../src/dlms/cosem/short-name-table.ts';
import type { CosemRequest, CosemResponse } from '../../../src/dlms/server.ts';
import { octetString, u16 } from '../../../src/dlms/values.ts';
import { attempt } from '../mutation.ts';
import { ScriptedClient, type ScriptedOptions } from './scripted-client.ts';

const NAMES = [
  { baseName: 0xfa00, ...ASSOCIATION_SN, version: 2 },
  { baseName: 0x0100, classId: 3, version: 0, obis: '1.0.1.8.0.255' },
  { baseName: 0x0130, classId: 1, version: 0, obis: '0.0.96.1.10.255' },
  { baseName: 0x0200, classId: 70, version: 0, obis: '0.0.96.3.10.255' },
];
const LONG = encodeData(octetString(new Uint8Array(300).fill(7)));

/** The services of one association, and a device that tells what it was asked. */
class Bench {
  readonly asked: CosemRequest[] = [];
  readonly #services;

  constructor(maxApdu = 128, bits: readonly ConformanceBit[] = SN_CONFORMANCE) {
    const limits = { referencing: 'sn', conformance: conformanceMask(bits), maxApdu } as const;
    this.#services = shortNameServices(limits, { shortNames: NAMES });
  }

  ask(apdu: string | Uint8Array): string {
    const plain = typeof apdu === 'string' ? fromHex(apdu) : apdu;
    const reply = this.#services.get(plain[0] ?? 0)?.receive(plain);
    if (reply === undefined) throw new Error('no such service');
    const answer =
      'job' in reply
        ? reply.job.finish(reply.job.items.map((item) => ('result' in item ? item : this.#handle(item))))
        : reply.apdu;
    return answer === undefined ? '' : toHex(answer);
  }

  #handle(request: CosemRequest): CosemResponse {
    this.asked.push(request);
    if (request.type === 'get') {
      if (request.attribute.attribute > 3) return { result: 'object-undefined' };
      return { result: 'success', data: request.attribute.attribute === 3 ? LONG : encodeData(u16(5)) };
    }
    return { result: 'success' };
  }
}

describe('names', () => {
  test('unknown ones, odd ones, and those between attributes', () => {
    const bench = new Bench();
    for (const name of ['0000', '00ff', '0101', '0104', '010f', 'f9ff', 'ffff', 'fa01']) {
      expect(bench.ask(`050102${name}`)).toBe('0c010104');
      expect(bench.ask(`060102${name}011105`)).toBe('0d010104');
    }
    expect(bench.asked).toEqual([]);
    // Behind the last attribute it is for the device to say.
    expect(bench.ask('0501020118')).toBe('0c010104');
    expect(bench.ask('0501020108')).toBe('0c0100120005');
  });

  test('a method is invoked by writing it or by reading it with a parameter, never by its bare name', () => {
    const bench = new Bench();
    expect(bench.ask('0501020220')).toBe('0c010103');
    expect(bench.asked).toEqual([]);
    expect(bench.ask('060102022001 0f00')).toBe('0d0100');
    expect(bench.ask('050104022800 00')).toBe('0c010000');
    expect(bench.asked).toMatchObject([
      { type: 'action', method: { classId: 70, attribute: 1 }, parameter: { type: 'integer' } },
      { type: 'action', method: { classId: 70, attribute: 2 } },
    ]);
    expect(bench.asked[1]).not.toHaveProperty('parameter');
    expect(bench.ask('060104010801 0f00 01 1105')).toBe('0d01010d');
  });

  test('every name of 16 bits is one thing at most, and comes back from it', () => {
    const table = new ShortNameTable(NAMES);
    for (let name = 0; name <= 0xffff; name++) {
      const found = table.at(name);
      if (found === undefined) continue;
      const back =
        found.kind === 'method' ? table.nameOfMethod(found.target) : table.nameOfAttribute(found.target);
      expect(back).toBe(name);
    }
  });
});

describe('faults', () => {
  test('what is malformed, stray or was not granted is a confirmed service error', () => {
    const bench = new Bench();
    for (const apdu of [
      '05',
      '0501',
      '050103fa08',
      '050102fa0800',
      '050202010805 0001',
      '0501070000 01',
      '05ff',
    ]) {
      expect(bench.ask(apdu)).toBe('0e050300');
    }
    for (const apdu of ['06', '0601020108', '060102010800', '0602020108020130011105', '060105000101 1105']) {
      expect(bench.ask(apdu)).toBe('0e060300');
    }
    expect(bench.asked).toEqual([]);
    const reader = new Bench(128, ['read']);
    expect(reader.ask('060102010801 1105')).toBe('0e060302');
    expect(reader.ask('0502020108020130')).toBe('0e050302');
    expect(reader.ask('050104010801 00')).toBe('0c01010d');
    expect(reader.ask('05010601000103 010201')).toBe('0e050302');
    expect(reader.ask('0501020110')).toBe('0c0101fa');
    expect(reader.ask('160102010801 1105')).toBe('');
    const writer = new Bench(128, ['write']);
    expect(writer.ask('0501020108')).toBe('0e050302');
    expect(writer.ask('06020201080201300211051106')).toBe('0e060302');
    expect(writer.ask('060107010001010901 06')).toBe('0e060302');
    expect([...reader.asked, ...writer.asked].length).toBe(1);
  });

  test('an unconfirmed write is never answered', () => {
    const bench = new Bench();
    expect(bench.ask('160102013801 1105')).toBe('');
    expect(bench.asked.length).toBe(1);
    for (const apdu of [
      '16',
      '160102fa',
      '1602020138020108011105',
      '160105000101 1105',
      '160102000101 1105',
    ]) {
      expect(bench.ask(apdu)).toBe('');
    }
    expect(bench.asked.length).toBe(1);
  });

  test('a list as long as a PDU can make it', () => {
    const bench = new Bench(0xffff);
    const many = (count: number): VariableAccess[] =>
      Array.from({ length: count }, () => ({ type: 'variable-name', name: 0x0108 }));
    expect(decodeReadResponse(fromHex(bench.ask(encodeReadRequest(many(1024))))).length).toBe(1024);
    expect(bench.ask(encodeReadRequest(many(1025)))).toBe('0e050301');
    expect(bench.asked.length).toBe(1024);
    const narrow = new Bench(64, ['read', 'multiple-references']);
    expect(narrow.ask(encodeReadRequest(many(20)))).toBe(`0c14${'01fa'.repeat(20)}`);
    expect(narrow.ask(encodeReadRequest(many(40)))).toBe('0e050301');
    const values = Array.from({ length: 1025 }, () => fromHex('1105'));
    expect(bench.ask(encodeWriteRequest({ accesses: many(1025), values }))).toBe('0e060301');
    expect(new Bench(32).ask(encodeWriteRequest({ accesses: many(40), values: values.slice(0, 40) }))).toBe(
      '0e060301',
    );
  });
});

describe('blocks', () => {
  const next = (bench: Bench, number: number): string =>
    bench.ask(`050105${number.toString(16).padStart(4, '0')}`);

  test('a long answer, and every way to leave its path', () => {
    const bench = new Bench();
    const pieces: Uint8Array[] = [];
    let reply = bench.ask('0501020110');
    for (let number = 1; ; number++) {
      expect(reply.length / 2).toBeLessThanOrEqual(128);
      const [block] = decodeReadResponse(fromHex(reply));
      if (block?.type !== 'data-block-result') throw new Error(reply);
      expect(block.blockNumber).toBe(number);
      pieces.push(block.raw);
      if (block.last) break;
      reply = next(bench, number);
    }
    expect(toHex(concat(pieces))).toBe(`0100${toHex(LONG)}`);
    expect(next(bench, 3)).toBe('0c010110');
    bench.ask('0501020110');
    expect(next(bench, 2)).toBe('0c010113');
    expect(next(bench, 1)).toBe('0c010110');
    bench.ask('0501020110');
    bench.ask('0501020108');
    expect(next(bench, 1)).toBe('0c010110');
  });

  test('a read-request in pieces, and every way to leave its path', () => {
    const bench = new Bench();
    const list = fromHex('02020108020130');
    const piece = (number: number, last: boolean, raw: Uint8Array): string =>
      bench.ask(encodeReadRequest([{ type: 'read-data-block-access', last, blockNumber: number, raw }]));
    expect(piece(1, false, list.subarray(0, 3))).toBe('0c01030001');
    expect(piece(2, true, list.subarray(3))).toBe(bench.ask('0502020108020130'));
    expect(bench.asked.length).toBe(4);
    expect(piece(3, true, list)).toBe('0c010110');
    piece(1, false, list.subarray(0, 3));
    expect(piece(3, false, list)).toBe('0c010113');
    expect(piece(2, false, list)).toBe('0c010110');
    piece(1, false, list);
    bench.ask('0501020108');
    expect(piece(2, false, list)).toBe('0c010110');
    expect(piece(1, true, list.subarray(0, 3))).toBe('0e050300');
    // A piece of pieces.
    expect(piece(1, true, fromHex('01050001'))).toBe('0e050300');
  });

  test('a write-request in pieces, and every way to leave its path', () => {
    const bench = new Bench();
    const lists = encodeWriteLists({
      accesses: [{ type: 'variable-name', name: 0x0138 }],
      values: [fromHex('0903aabbcc')],
    });
    const piece = (number: number, last: boolean, raw: Uint8Array): string =>
      bench.ask(
        encodeWriteRequest({
          accesses: [{ type: 'write-data-block-access', last, blockNumber: number }],
          values: [encodeData(octetString(raw))],
        }),
      );
    expect(piece(1, false, lists.subarray(0, 4))).toBe('0d01020001');
    expect(piece(2, false, lists.subarray(4, 6))).toBe('0d01020002');
    expect(piece(3, true, lists.subarray(6))).toBe('0d0100');
    expect(bench.asked).toMatchObject([{ type: 'set', value: octetString(fromHex('aabbcc')) }]);
    expect(piece(4, true, lists)).toBe('0d010112');
    piece(1, false, lists);
    expect(piece(3, true, lists)).toBe('0d010113');
    expect(piece(2, true, lists)).toBe('0d010112');
    piece(1, false, lists);
    bench.ask('060102010801 1105');
    expect(piece(2, true, lists)).toBe('0d010112');
    expect(bench.ask('060107010001 01 1105')).toBe('0d01010e');
    expect(bench.ask('060107010001 02 0900 0900')).toBe('0d01010e');
    expect(piece(1, true, lists.subarray(0, 5))).toBe('0e060300');
    let number = 1;
    let reply = piece(number, false, new Uint8Array(4096));
    while (reply.startsWith('0d0102')) reply = piece(++number, false, new Uint8Array(4096));
    expect([reply, number]).toEqual(['0d010111', 17]);
  });
});

test('no damaged request takes the services down', () => {
  const random = new SeededRandom(5);
  const bench = new Bench();
  const requests = [
    '0502020108020110',
    '050104010802020406000000010600000003120001120000',
    '0501050001',
    '05010600000103020201',
    '060102013801120102',
    '06010700000101090401020138',
    '160102013801120102',
    '050104fa3000010102031200030906010001080 0ff0f02'.replace(' ', ''),
  ].map((hex) => fromHex(hex));
  for (let i = 0; i < 20_000; i++) {
    const request = (requests[Math.floor(random.next() * requests.length)] ?? new Uint8Array(1)).slice();
    for (let k = 0; k < 2; k++) {
      request[1 + Math.floor(random.next() * (request.length - 1))] = Math.floor(random.next() * 256);
    }
    attempt(() =>
      bench.ask(random.next() < 0.2 ? request.slice(0, 1 + Math.ceil(random.next() * 6)) : request),
    );
  }
  expect(bench.ask('0501020108')).toBe('0c0100120005');
});

describe('a client and servers of every kind', () => {
  const ENERGY = { classId: 3, obis: '1.0.1.8.0.255', attribute: 2 } as const;
  const open = (options: ScriptedOptions = {}): ScriptedClient =>
    new ScriptedClient({
      conformance: conformanceMask(SN_CONFORMANCE),
      ...options,
      association: { referencing: 'sn', shortNames: NAMES, ...options.association },
    }).open();
  const last = (client: ScriptedClient) => client.events.at(-1);
  const get = { type: 'get', attribute: ENERGY } as const;
  const unnamed = { association: { referencing: 'sn' } } as const;

  function fresh(): ScriptedClient {
    return new ScriptedClient({ conformance: conformanceMask(SN_CONFORMANCE), ...unnamed }).open();
  }

  test('the list is read once', () => {
    const client = fresh();
    client.command(get);
    expect(toHex(client.sent)).toBe('050102fa08');
    client.apdu(concat([fromHex('0c0100'), encodeData(objectList(NAMES))]));
    expect(toHex(client.sent)).toBe('0501020108');
    client.apdu(fromHex('0c01001105'));
    expect(last(client)).toEqual({ type: 'get-result', results: [{ ok: true, data: fromHex('1105') }] });
    client.command({
      type: 'action',
      method: { ...NAMES[3], classId: 70, obis: '0.0.96.3.10.255', attribute: 2 },
    });
    expect(toHex(client.sent)).toBe('06010202280100');
    client.apdu(fromHex('0d010103'));
    expect(last(client)).toEqual({ type: 'action-result', result: 'read-write-denied' });
  });

  test('the list in blocks, with and without the header of a list', () => {
    const list = encodeData(objectList(NAMES));
    for (const bytes of [concat([fromHex('0100'), list]), list]) {
      const client = fresh();
      client.command(get);
      const block = (number: number, final: boolean, raw: Uint8Array) =>
        concat([Uint8Array.of(0x0c, 1, 2, final ? 1 : 0, 0, number, raw.length), raw]);
      client.apdu(block(1, false, bytes.subarray(0, 30)));
      expect(toHex(client.sent)).toBe('0501050001');
      client.apdu(block(2, true, bytes.subarray(30)));
      expect(toHex(client.sent)).toBe('0501020108');
      expect(client.events.map(({ type }) => type)).toEqual(['opened']);
    }
  });

  test('a list that is refused or is none fails the request alone, and is asked for again', () => {
    const client = fresh();
    for (const answer of [
      '0c010103',
      '0c01001105',
      '0c0100010 11105'.replace(' ', ''),
      '0c0100',
      '0c00',
      '0c02001105001105',
    ]) {
      client.command(get);
      expect(toHex(client.sent)).toBe('050102fa08');
      client.apdu(fromHex(answer));
      expect(last(client)?.type).toBe('request-failed');
    }
    const many = Array.from({ length: 0x2001 }, () => NAMES[1]).filter((name) => name !== undefined);
    client.command(get);
    client.apdu(concat([fromHex('0c0100'), encodeData(objectList(many))]));
    expect(last(client)).toMatchObject({ type: 'request-failed', error: { code: 'apdu-invalid' } });
  });

  test('answers that are none', () => {
    const cases: readonly (readonly [answer: string, code: string])[] = [
      ['0c020011050011 05', 'apdu-invalid'],
      ['0c01030001', 'apdu-unexpected'],
      ['0c010200000201 00', 'block-out-of-order'],
      ['0c00', 'apdu-invalid'],
      ['0c0105', 'apdu-invalid'],
      ['d80103', 'exception-response'],
      ['0e050302', 'confirmed-service-error'],
    ];
    for (const [answer, code] of cases) {
      const client = open();
      client.command(get);
      client.apdu(fromHex(answer));
      expect(last(client)).toMatchObject({ type: 'request-failed', error: { code } });
      client.command(get);
      client.apdu(fromHex('0c01001105'));
      expect(last(client)).toMatchObject({ type: 'get-result' });
    }
  });

  test('what answers another request is passed over', () => {
    const client = open();
    client.command(get);
    client.apdu(fromHex('0d0100'));
    expect(last(client)?.type).toBe('opened');
    client.apdu(fromHex('0c01001105'));
    expect(last(client)?.type).toBe('get-result');
    client.command({ type: 'set', attribute: ENERGY, value: u16(1) });
    client.apdu(fromHex('0c01001105'));
    client.apdu(fromHex('0d0100'));
    expect(last(client)).toEqual({ type: 'set-result', result: 'success' });
  });

  test('a list refused as a whole refuses each, one with too few answers fails', () => {
    const client = open();
    const list = { type: 'get-list', attributes: [ENERGY, { ...ENERGY, attribute: 3 }] } as const;
    client.command(list);
    expect(toHex(client.sent)).toBe('0502020108020110');
    client.apdu(fromHex('0c010103'));
    const refused = { ok: false, result: 'read-write-denied' } as const;
    expect(last(client)).toEqual({ type: 'get-result', results: [refused, refused] });
    client.command(list);
    client.apdu(fromHex('0c01001105'));
    expect(last(client)).toMatchObject({ type: 'request-failed', error: { code: 'apdu-invalid' } });
    const settings = [1, 2].map((value) => ({ attribute: ENERGY, value: u16(value) }));
    client.command({ type: 'set-list', settings });
    client.apdu(fromHex('0d010103'));
    expect(last(client)).toEqual({
      type: 'set-list-result',
      results: ['read-write-denied', 'read-write-denied'],
    });
    client.command({ type: 'set-list', settings });
    client.apdu(fromHex('0d0100'));
    expect(last(client)).toMatchObject({ type: 'request-failed', error: { code: 'apdu-invalid' } });
    client.command({ type: 'set-list', settings });
    client.apdu(fromHex('0d02000 2000 1'.replaceAll(' ', '')));
    expect(last(client)).toMatchObject({ type: 'request-failed', error: { code: 'apdu-invalid' } });
  });

  test('a write in pieces follows the acknowledgements', () => {
    const client = open({ serverPdu: 64 });
    const set = { type: 'set', attribute: ENERGY, value: octetString(new Uint8Array(90).fill(7)) } as const;
    const pieces: Uint8Array[] = [];
    client.command(set);
    for (let number = 1; last(client)?.type !== 'set-result' && number < 9; number++) {
      expect(client.sent.length).toBeLessThanOrEqual(64);
      expect(toHex(client.sent.subarray(0, 3))).toBe('060107');
      pieces.push(client.sent.slice(9));
      client.apdu(client.sent[3] === 1 ? fromHex('0d0100') : Uint8Array.of(0x0d, 1, 2, 0, number));
    }
    expect(toHex(concat(pieces))).toBe(`01020108 01 095a${'07'.repeat(90)}`.replaceAll(' ', ''));
    client.command(set);
    client.apdu(fromHex('0d01020002'));
    expect(last(client)).toMatchObject({ type: 'request-failed', error: { code: 'block-out-of-order' } });
    client.command({ type: 'set', attribute: ENERGY, value: u16(1) });
    client.apdu(fromHex('0d01020001'));
    expect(last(client)).toMatchObject({ type: 'request-failed', error: { code: 'apdu-unexpected' } });
    expect(
      client.outcome(() =>
        client.command({ type: 'set', attribute: ENERGY, value: set.value, confirmed: false }),
      ),
    ).toBe('request-failed apdu-too-long');
  });

  test('a method whose name nobody knows is not guessed', () => {
    const names = [{ baseName: 0x0100, classId: 111, version: 0, obis: '0.0.19.0.0.255' }];
    const client = open({ association: { shortNames: names } });
    const method = { classId: 111, obis: '0.0.19.0.0.255', attribute: 1 };
    expect(client.outcome(() => client.command({ type: 'action', method }))).toBe(
      'request-failed unsupported',
    );
  });

  test('names beyond 16 bits, and attributes that cannot have one, are undefined without a word', () => {
    const client = open({
      association: { shortNames: [{ baseName: 0xfff8, classId: 3, version: 0, obis: '1.0.1.8.0.255' }] },
    });
    for (const attribute of [2, 0, -1, 128]) {
      expect(client.outcome(() => client.command({ type: 'get', attribute: { ...ENERGY, attribute } }))).toBe(
        'get-result',
      );
      expect(last(client)).toEqual({
        type: 'get-result',
        results: [{ ok: false, result: 'object-undefined' }],
      });
    }
    expect(client.outcome(() => client.command({ type: 'action', method: ENERGY }))).toBe('action-result');
    expect(client.outcome(() => client.command({ type: 'action-list', calls: [] }))).toBe(
      'action-list-result',
    );
  });
});
