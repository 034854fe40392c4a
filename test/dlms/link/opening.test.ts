import { describe, expect, test } from 'bun:test';
import { DcuError } from '../../../src/base/errors.ts';
import type { Effect } from '../../../src/base/machine.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { following } from '../../../src/base/table.ts';
import {
  commonRate,
  encodeDataBlock,
  encodeIdentification,
  encodeSelection,
  encodeSignOn,
  parseDataSets,
  parseIdentification,
  parseSelection,
  parseSignOn,
  scanDataBlock,
} from '../../../src/dlms/link/iec62056-21.ts';
import {
  type MeterOpening,
  Opening,
  type OpeningEvent,
  type ReaderOpening,
} from '../../../src/dlms/link/opening.ts';
import {
  OPENING_AFTER,
  OPENING_INPUTS,
  OPENING_TABLE,
  type OpeningInput,
  type OpeningState,
} from '../../../src/dlms/link/opening-states.ts';
import pdus from '../../vectors/meter-push-pdus.json' with { type: 'json' };

const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
const ascii = (line: string): Uint8Array => Uint8Array.from(line, (letter) => letter.charCodeAt(0));
const RECORDS = [
  { id: '1-0:1.8.0', value: '000123.45', unit: 'kWh' },
  { id: '1-0:1.6.1', value: '12.3', unit: 'kW' },
  { id: '1-0:1.6.1', value: '21-01-06 16:07' },
];
const READER: ReaderOpening = { role: 'reader', purpose: 'hdlc', address: '42', baudRate: 9600, retries: 1 };
const READ_OUT: ReaderOpening = { ...READER, purpose: 'read-out' };
const METER: MeterOpening = {
  role: 'meter',
  address: '0042',
  baudRate: 9600,
  manufacturer: 'ODC',
  text: 'M1',
  readOut: () => RECORDS,
};
const BLOCK = encodeDataBlock(RECORDS);
const broken = BLOCK.map((byte, i) => (i === 5 ? byte ^ 1 : byte));

const LINES: Partial<Record<OpeningInput, Uint8Array>> = {
  'sign-on': encodeSignOn('42'),
  identification: encodeIdentification('ODC', 9600, 'M1'),
  selection: encodeSelection('hdlc', 9600),
  repeat: Uint8Array.of(0x15),
  noise: ascii('/??\r\n'),
  block: BLOCK,
  corrupt: broken,
};

function feed(opening: Opening, input: OpeningInput): Effect<OpeningEvent>[] {
  const bytes = LINES[input];
  if (bytes !== undefined) return opening.step({ on: 'bytes', bytes });
  if (input === 'start' || input === 'stop') return opening.step({ on: 'command', command: { type: input } });
  if (input === 'closed') return opening.step({ on: 'closed' });
  return opening.step({ on: 'timer', timer: input });
}

function shown(effects: readonly Effect<OpeningEvent>[]): string {
  return effects
    .flatMap((effect) => {
      switch (effect.do) {
        case 'send':
          return [JSON.stringify(text(effect.bytes)).slice(0, 24)];
        case 'configure':
          return [
            `${effect.settings.baudRate} ${effect.settings.dataBits}${effect.settings.parity.charAt(0)}`,
          ];
        case 'arm':
          return [`${effect.timer.replace('link-opening', '')}@${effect.delayMs}`];
        case 'emit':
          return [effect.event.type === 'failed' ? effect.event.error.code : effect.event.type];
        default:
          return [];
      }
    })
    .join(' ');
}

const SIGN_ON = '"/?42!\\r\\n"';
const IDENT = '"/ODC5\\\\2M1\\r\\n"';
const HDLC_ACK = '"\\u0006252\\r\\n"';
const DATA = JSON.stringify(text(BLOCK)).slice(0, 24);
const PATHS: Readonly<
  Record<string, { config: ReaderOpening | MeterOpening; path: readonly OpeningInput[] }>
> = {
  'reader closed': { config: READER, path: [] },
  'reader identifying': { config: READER, path: ['start'] },
  'reader choosing': { config: READER, path: ['start', 'identification'] },
  'reader confirming': { config: READER, path: ['start', 'identification', 'link-opening-pause'] },
  'reader settling': { config: READER, path: ['start', 'identification', 'link-opening-pause', 'selection'] },
  'reader reading': { config: READ_OUT, path: ['start', 'identification', 'link-opening-pause'] },
  'reader open': {
    config: READER,
    path: ['start', 'identification', 'link-opening-pause', 'selection', 'link-opening-pause'],
  },
  'meter closed': { config: METER, path: [] },
  'meter listening': { config: METER, path: ['start'] },
  'meter addressed': { config: METER, path: ['start', 'sign-on'] },
  'meter identified': { config: METER, path: ['start', 'sign-on', 'link-opening-pause'] },
  'meter answering': { config: METER, path: ['start', 'sign-on', 'link-opening-pause', 'selection'] },
  'meter open': {
    config: METER,
    path: ['start', 'sign-on', 'link-opening-pause', 'selection', 'link-opening-pause'],
  },
};

const LISTEN = 'listening | 300 7e';
const readerAlways = { stop: 'closed | ', closed: 'closed | link-closed' };
const meterAlways = {
  start: LISTEN,
  stop: 'closed | ',
  closed: 'closed | ',
  'sign-on': 'addressed | -pause@200',
};
/** `state | what is sent, configured, armed or emitted`. What is not listed changes nothing and does nothing. */
const EXPECTED: Readonly<Record<string, Partial<Record<OpeningInput, string>>>> = {
  'reader closed': { start: `identifying | 300 7e ${SIGN_ON} @2500` },
  'reader identifying': {
    ...readerAlways,
    start: `identifying | 300 7e ${SIGN_ON} @2500`,
    identification: 'choosing | -pause@200',
    'link-opening': `identifying | ${SIGN_ON} @2500`,
  },
  'reader choosing': {
    ...readerAlways,
    start: `identifying | 300 7e ${SIGN_ON} @2500`,
    'link-opening-pause': `confirming | ${HDLC_ACK} @2500`,
  },
  'reader confirming': {
    ...readerAlways,
    start: `identifying | 300 7e ${SIGN_ON} @2500`,
    // A second meter, or the first one once more: the selection goes out again.
    identification: 'choosing | -pause@200',
    selection: 'settling | 9600 8n -pause@200',
    'link-opening': 'settling | 9600 8n -pause@200',
  },
  'reader settling': {
    ...readerAlways,
    start: `identifying | 300 7e ${SIGN_ON} @2500`,
    'link-opening-pause': 'open | opened',
  },
  'reader reading': {
    ...readerAlways,
    start: `identifying | 300 7e ${SIGN_ON} @2500`,
    // Each line puts the time-out off.
    block: 'closed | @2500 @2500 @2500 @2500 read-out',
    corrupt: 'reading | @2500 @2500 @2500 @2500 "\\u0015" @2500',
    'link-opening': 'closed | link-timeout',
  },
  'reader open': { ...readerAlways, start: `identifying | 300 7e ${SIGN_ON} @2500` },
  'meter closed': { start: LISTEN },
  'meter listening': meterAlways,
  'meter addressed': { ...meterAlways, 'link-opening-pause': `identified | ${IDENT} @5000` },
  'meter identified': { ...meterAlways, selection: 'answering | -pause@200', 'link-opening': LISTEN },
  'meter answering': {
    ...meterAlways,
    'sign-on': 'addressed | 300 7e -pause@200',
    'link-opening-pause': `open | ${HDLC_ACK} 9600 8n opened`,
  },
  'meter open': { start: LISTEN, stop: 'closed | ', closed: 'closed | ' },
};

describe.each(Object.entries(PATHS))('%s', (name, { config, path }) => {
  test.each([...OPENING_INPUTS])('%s', (input) => {
    const opening = new Opening(config);
    for (const step of path) feed(opening, step);
    const state = name.split(' ')[1] as OpeningState;
    expect(opening.state).toBe(state);
    const effects = feed(opening, input);
    expect(`${opening.state} | ${shown(effects)}`).toBe(EXPECTED[name]?.[input] ?? `${state} | `);
    expect(following(OPENING_TABLE, OPENING_AFTER[config.role], state, input)).toContain(opening.state);
  });
});

test('the table has an action for every state and input', () => {
  for (const row of Object.values(OPENING_TABLE))
    expect(Object.keys(row).sort()).toEqual([...OPENING_INPUTS].sort());
});

describe('a reader', () => {
  test('gives up after the retries', () => {
    const opening = new Opening(READER);
    feed(opening, 'start');
    feed(opening, 'link-opening');
    expect(shown(feed(opening, 'link-opening'))).toBe('link-timeout');
    expect(opening.state).toBe('closed');
  });

  test('asks for a corrupt block once more, and then no more', () => {
    const opening = new Opening(READ_OUT);
    for (const input of ['start', 'identification', 'link-opening-pause', 'corrupt'] as const)
      feed(opening, input);
    expect(shown(feed(opening, 'corrupt'))).toEndWith('frame-corrupt');
    const better = new Opening(READ_OUT);
    for (const input of ['start', 'identification', 'link-opening-pause', 'corrupt'] as const)
      feed(better, input);
    expect(shown(feed(better, 'block'))).toEndWith('read-out');
  });

  test('takes the lower of both rates', () => {
    const opening = new Opening({ ...READER, baudRate: 2400 });
    feed(opening, 'start');
    feed(opening, 'identification');
    expect(shown(feed(opening, 'link-opening-pause'))).toBe('"\\u0006232\\r\\n" @2500');
    expect(commonRate(9600, 115_200)).toBe(9600);
    expect(commonRate(19_200, 300)).toBe(300);
  });

  test('is refused by a meter that confirms something else, or cannot choose', () => {
    const opening = new Opening(READER);
    for (const input of ['start', 'identification', 'link-opening-pause'] as const) feed(opening, input);
    expect(shown(opening.step({ on: 'bytes', bytes: encodeSelection('read-out', 9600) }))).toBe(
      'link-refused',
    );
    const modeB = new Opening(READER);
    feed(modeB, 'start');
    expect(shown(modeB.step({ on: 'bytes', bytes: ascii('/ABCEx\r\n') }))).toBe('link-refused');
  });

  test.each([
    ['/ABC@old\r\n', '@2500', 300],
    ['/ABCCold\r\n', '2400 7e @2500', 2400],
  ])('reads out %j of mode A or B without a selection', (line, expected) => {
    const opening = new Opening(READ_OUT);
    feed(opening, 'start');
    expect(shown(opening.step({ on: 'bytes', bytes: ascii(line) }))).toBe(expected);
    expect(opening.state).toBe('reading');
    // No STX and no check either.
    const effects = opening.step({ on: 'bytes', bytes: ascii('1.8.0(12*kWh)\r\n!\r\n') });
    expect(effects.flatMap((effect) => (effect.do === 'emit' ? [effect.event] : []))).toMatchObject([
      { type: 'read-out', records: [{ id: '1.8.0', value: '12', unit: 'kWh' }] },
    ]);
  });

  test('hears parity bits, its own echo and noise before the answer', () => {
    const opening = new Opening(READER);
    feed(opening, 'start');
    const noisy = [...ascii('\0\xff'), ...encodeSignOn('42'), ...ascii('x'), ...ascii('/ODC5\\2M1\r\n')];
    opening.step({ on: 'bytes', bytes: Uint8Array.from(noisy, (byte) => byte | 0x80) });
    expect(opening.state).toBe('choosing');
  });

  test('any split of the bytes gives the same', () => {
    const opening = new Opening(READ_OUT);
    feed(opening, 'start');
    for (const byte of encodeIdentification('ODC', 9600, 'M1'))
      opening.step({ on: 'bytes', bytes: Uint8Array.of(byte) });
    feed(opening, 'link-opening-pause');
    const events = Array.from(BLOCK, (byte) =>
      opening.step({ on: 'bytes', bytes: Uint8Array.of(byte) }),
    ).flat();
    expect(events.flatMap((effect) => (effect.do === 'emit' ? [effect.event] : []))).toMatchObject([
      { type: 'read-out', records: RECORDS },
    ]);
  });

  test('an endless block and endless noise stay bounded', () => {
    const opening = new Opening(READ_OUT);
    for (const input of ['start', 'identification', 'link-opening-pause'] as const) feed(opening, input);
    let effects = opening.step({ on: 'bytes', bytes: Uint8Array.of(0x02) });
    for (let i = 0; i < 70 && opening.state === 'reading'; i++) {
      effects = opening.step({ on: 'bytes', bytes: new Uint8Array(1024).fill(0x31) });
    }
    expect(shown(effects)).toBe('apdu-too-long');
    const listening = new Opening(METER);
    feed(listening, 'start');
    for (let i = 0; i < 50; i++) listening.step({ on: 'bytes', bytes: new Uint8Array(100).fill(0x2f) });
    feed(listening, 'sign-on');
    expect(listening.state).toBe('addressed');
  });
});

describe('a meter', () => {
  test('answers to its address, leading zeros apart, and to nobody in particular', () => {
    for (const [address, expected] of [
      ['42', 'addressed'],
      ['00042', 'addressed'],
      ['', 'addressed'],
      ['43', 'listening'],
    ] as const) {
      const opening = new Opening(METER);
      feed(opening, 'start');
      opening.step({ on: 'bytes', bytes: encodeSignOn(address) });
      expect(`${address}: ${opening.state}`).toBe(`${address}: ${expected}`);
    }
  });

  test('reads out, and again when asked to', () => {
    const opening = new Opening(METER);
    for (const input of ['start', 'sign-on', 'link-opening-pause'] as const) feed(opening, input);
    opening.step({ on: 'bytes', bytes: encodeSelection('read-out', 4800) });
    expect(shown(feed(opening, 'link-opening-pause'))).toBe(`4800 7e ${DATA} @5000`);
    expect(shown(feed(opening, 'repeat'))).toBe('-pause@200');
    expect(shown(feed(opening, 'link-opening-pause'))).toBe(`4800 7e ${DATA} @5000`);
    expect(shown(feed(opening, 'link-opening'))).toBe('300 7e');
  });

  test.each(['\x06051\r\n', '\x06262\r\n', '\x06999\r\n'])('does not take %j', (line) => {
    const opening = new Opening(METER);
    for (const input of ['start', 'sign-on', 'link-opening-pause'] as const) feed(opening, input);
    opening.step({ on: 'bytes', bytes: ascii(line) });
    expect(['listening', 'identified']).toContain(opening.state);
  });
});

describe('messages', () => {
  test('identifications of real meters', () => {
    expect(parseIdentification('/APA5\\2NORAX30\r\n')).toEqual({
      manufacturer: 'APA',
      mode: 'C',
      baudRate: 9600,
      announcesHdlc: true,
      text: 'NORAX30',
      reactionMs: 200,
    });
    expect(parseIdentification('/ISk5MT174-0001\r\n')).toMatchObject({
      mode: 'C',
      baudRate: 9600,
      announcesHdlc: false,
      text: 'MT174-0001',
      reactionMs: 20,
    });
    expect(parseIdentification('/LGF5E360\r\n')).toMatchObject({ manufacturer: 'LGF', text: 'E360' });
  });

  test('the character behind the manufacturer is a rate in modes B and C, and text in mode A', () => {
    expect(parseIdentification('/ABC@old\r\n')).toEqual({
      manufacturer: 'ABC',
      mode: 'A',
      baudRate: 300,
      announcesHdlc: false,
      text: '@old',
      reactionMs: 200,
    });
    const rates = [...'ABCDEF'].map((rate) => parseIdentification(`/abc${rate}\\@old\r\n`));
    expect(rates.map((one) => one?.baudRate)).toEqual([600, 1200, 2400, 4800, 9600, 19_200]);
    expect(rates[0]).toMatchObject({ mode: 'B', text: 'old', reactionMs: 20, announcesHdlc: false });
    const chosen = [...'0123456'].map((rate) => parseIdentification(`/ABC${rate}\\2x\r\n`));
    expect(chosen.map((one) => one?.baudRate)).toEqual([300, 600, 1200, 2400, 4800, 9600, 19_200]);
    expect(chosen[6]).toMatchObject({ mode: 'C', text: 'x', announcesHdlc: true });
    for (const rate of '789?') expect(parseIdentification(`/ABC${rate}x\r\n`)).toBeUndefined();
  });

  test.each(['/AB5x\r\n', '/ABC5x', '/ABC9x\r\n', '/?42!\r\n', `/ABC5${'x'.repeat(70)}\r\n`, '/ABC\r\n'])(
    '%j is no identification',
    (line) => {
      expect(parseIdentification(line)).toBeUndefined();
    },
  );

  test.each(['/?42\r\n', '/42!\r\n', '/?4-2!\r\n', `/?${'1'.repeat(33)}!\r\n`])(
    '%j is no sign-on',
    (line) => {
      expect(parseSignOn(line)).toBeUndefined();
    },
  );

  test('what cannot be stated is refused with its field', () => {
    const field = (work: () => unknown): unknown => {
      try {
        work();
      } catch (error) {
        if (error instanceof DcuError) return `${error.code} ${error.field}`;
      }
      return undefined;
    };
    expect(field(() => encodeSignOn('a/b'))).toBe('invalid-field address');
    expect(field(() => encodeSignOn('1'.repeat(33)))).toBe('invalid-field address');
    expect(field(() => encodeIdentification('AB', 9600, 'x'))).toBe('invalid-field identification');
    expect(field(() => encodeIdentification('ABC', 9600, 'x!'))).toBe('invalid-field identification');
    for (const manufacturer of ['ABCD', '1ABC', 'AB1', 'ABC ']) {
      expect(field(() => encodeIdentification(manufacturer, 9600, 'x'))).toBe('invalid-field identification');
    }
    expect(field(() => encodeIdentification('ABC', 9600, 'x'.repeat(17)))).toBe(
      'invalid-field identification',
    );
    expect(field(() => encodeIdentification('ABC', 9600, 'x\n'))).toBe('invalid-field identification');
    expect(field(() => new Opening({ ...READER, baudRate: 38_400 }))).toBe('invalid-field baudRate');
    expect(field(() => new Opening({ ...METER, text: '/' }))).toBe('invalid-field identification');
  });

  test('a selection tells its purpose and rate', () => {
    expect(parseSelection('\x06252\r\n')).toEqual({ purpose: 'hdlc', baudRate: 9600 });
    expect(parseSelection('\x06060\r\n')).toEqual({ purpose: 'read-out', baudRate: 19_200 });
    expect(parseSelection('\x06051\r\n')).toEqual({ purpose: 'other', baudRate: 9600 });
    expect(parseSelection('\x06292\r\n')).toBeUndefined();
    expect(parseSelection('252\r\n')).toBeUndefined();
  });
});

describe('data sets', () => {
  const telegrams = pdus.vectors.filter(({ id }) => id.startsWith('dlde::EXAMPLE'));
  test.each(telegrams.map(({ id, hex }) => [id, hex]))('%s of a real meter', (_id, hex) => {
    const telegram = text(Uint8Array.fromHex(hex));
    const data = telegram.slice(telegram.indexOf('\r\n\r\n') + 4);
    const records = parseDataSets(data);
    expect(records.length).toBe(data.split('\r\n').filter((line) => line.includes('(')).length);
    expect(records[0]?.id).toBe('0-0:1.0.0');
    expect(records[1]).toMatchObject({ id: '1-0:1.8.0', unit: 'kWh' });
    expect(records.every(({ value }) => /^[0-9.W]+$/.test(value))).toBe(true);
  });

  test('historical values, several sets in a line, values without an address', () => {
    expect(parseDataSets('1.8.1*101(1.5*kWh)2.8.0(7)\r\n1.6.1(3*kW)(21-01-06 16:07)\r\n!\r\n')).toEqual([
      { id: '1.8.1*101', value: '1.5', unit: 'kWh' },
      { id: '2.8.0', value: '7' },
      { id: '1.6.1', value: '3', unit: 'kW' },
      { id: '1.6.1', value: '21-01-06 16:07' },
    ]);
    expect(parseDataSets('!\r\n')).toEqual([]);
    expect(parseDataSets('F.F()\r\n')).toEqual([{ id: 'F.F', value: '' }]);
  });

  test.each([
    ['(5)\r\n', 'apdu-invalid', 0],
    ['1.8.0(5\r\n', 'apdu-invalid', 0],
    ['1.8.0(5)\r\n1.8.0\r\n', 'apdu-invalid', 10],
    [`${'x'.repeat(200)}(5)`, 'apdu-invalid', 0],
    ['1(2)'.repeat(5000), 'overflow', 4096 * 4],
  ])('%# is refused', (block, code, offset) => {
    expect.assertions(2);
    try {
      parseDataSets(block);
    } catch (error) {
      if (!(error instanceof DcuError)) throw error;
      expect(error.code as string).toBe(code);
      expect(error.offset).toBe(offset);
    }
  });

  test('a block goes there and back; each flipped bit is noticed', () => {
    expect(scanDataBlock(BLOCK)).toMatchObject({ kind: 'block', end: BLOCK.length });
    const scan = scanDataBlock(BLOCK);
    expect(scan.kind === 'block' && parseDataSets(scan.text)).toEqual(RECORDS);
    for (let length = 0; length < BLOCK.length; length++) {
      expect(scanDataBlock(BLOCK.subarray(0, length)).kind).toBe('more');
    }
    const random = new SeededRandom(3);
    for (let i = 0; i < 300; i++) {
      const flipped = BLOCK.slice();
      const at = 1 + Math.floor(random.next() * (BLOCK.length - 2));
      flipped[at] = (flipped[at] ?? 0) ^ (1 << Math.floor(random.next() * 7));
      expect(scanDataBlock(flipped).kind).not.toBe('block');
    }
  });
});
