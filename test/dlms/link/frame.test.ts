import { describe, expect, test } from 'bun:test';
import { fromHex } from '../../../src/base/bytes.ts';
import { DcuError } from '../../../src/base/errors.ts';
import {
  allStations,
  clientAddress,
  serverAddress,
  splitServerAddress,
} from '../../../src/dlms/link/address.ts';
import {
  decodeControl,
  decodeFrame,
  encodeFrame,
  informationControl,
  supervisoryControl,
  unnumberedControl,
} from '../../../src/dlms/link/frame.ts';
import {
  agree,
  DEFAULT_PARAMETERS,
  decodeParameters,
  encodeAllParameters,
  encodeParameters,
  limitsOf,
} from '../../../src/dlms/link/parameters.ts';
import { createHdlcDeframer } from '../../../src/kernels/index.ts';
import frames from '../../vectors/meter-push-frames.json';

/** "Examples for DLMS/COSEM information exchange", G. Kmethy (public), exchanges 1 and 2. */
const PUBLISHED = {
  snrm: '7EA00A00020023219318717E',
  ua: '7EA023210002002373F6C58180140502008006020080070400000001080400000001CE6A7E',
  aarq: '7EA02E0002002321107ECBE6E600601DA109060760857405080101BE10040E01000000065F1F040000301DFFFFD4C57E',
};
const server = serverAddress(1, 0x11, 4);
const client = clientAddress(16);

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof DcuError) return `${error.code} ${error.field ?? error.offset ?? ''}`.trim();
  }
  return 'nothing thrown';
};

describe('frames that others published', () => {
  test('SNRM', () => {
    const bytes = encodeFrame({
      destination: server,
      source: client,
      control: unnumberedControl('snrm', true),
    });
    expect(bytes.toHex()).toBe(PUBLISHED.snrm.toLowerCase());
  });

  test('AARQ in an I frame', () => {
    const apdu = fromHex('601DA109060760857405080101BE10040E01000000065F1F040000301DFFFF');
    const info = Uint8Array.of(0xe6, 0xe6, 0x00, ...apdu);
    const control = informationControl(0, 0, true);
    const bytes = encodeFrame({ destination: server, source: client, control, info });
    expect(bytes.toHex()).toBe(PUBLISHED.aarq.toLowerCase());
  });

  test('UA, sizes in two bytes', () => {
    const frame = decodeFrame(fromHex(PUBLISHED.ua));
    expect(decodeControl(frame.control)).toEqual({ kind: 'ua', pf: true });
    expect([frame.destination, frame.source, frame.sourceBytes]).toEqual([16, server.value, 4]);
    expect(decodeParameters(frame.info)).toEqual(DEFAULT_PARAMETERS);
  });

  test.each(
    frames.vectors.filter((vector) => vector.transport === 'hdlc').map((vector) => [vector.id, vector.hex]),
  )('%s, taken apart and put together again', (_, hex) => {
    const deframer = createHdlcDeframer({ maxFrameLength: 2047 });
    const parts = deframer.push(fromHex(hex));
    expect(parts.length).toBeGreaterThan(0);
    const again = parts.map((frame) =>
      encodeFrame({
        destination: { value: frame.destination, bytes: frame.destinationBytes },
        source: { value: frame.source, bytes: frame.sourceBytes },
        control: frame.control,
        segmented: frame.segmented,
        info: frame.info,
      }).toHex(),
    );
    expect(again.join('').replaceAll('7e7e', '7e')).toBe(hex.replaceAll('7e7e', '7e'));
  });
});

describe('control field', () => {
  test('every byte that a station sends is read back as what it is', () => {
    for (let ns = 0; ns < 8; ns++) {
      for (let nr = 0; nr < 8; nr++) {
        for (const pf of [true, false]) {
          expect(decodeControl(informationControl(ns, nr, pf))).toEqual({ kind: 'i', ns, nr, pf });
          for (const kind of ['rr', 'rnr', 'rej'] as const) {
            expect(decodeControl(supervisoryControl(kind, nr, pf))).toEqual({ kind, nr, pf });
          }
        }
      }
    }
  });

  test.each([
    [0x93, 'snrm'],
    [0x73, 'ua'],
    [0x53, 'disc'],
    [0x1f, 'dm'],
    [0x97, 'frmr'],
    [0x13, 'ui'],
    [0x11, 'rr'],
    [0x15, 'rnr'],
    [0x10, 'i'],
    [0xff, 'unknown'],
    [0x1d, 'unknown'],
  ])('%d is %s', (control, kind) => {
    expect(decodeControl(control)).toMatchObject({ kind, pf: true });
  });
});

describe('addresses', () => {
  test.each([
    [1, undefined, 1, '03'],
    [0x7f, undefined, 1, 'ff'],
    [1, 0x11, 2, '0223'],
    [1, 0x11, 4, '00020023'],
    [0x3fff, 0x3fff, 4, 'fefefeff'],
    [16, 1234, 4, '002012a5'],
  ] as const)('%p/%p on %d bytes', (upper, lower, bytes, hex) => {
    const address = serverAddress(upper, lower, bytes);
    const frame = encodeFrame({
      destination: address,
      source: client,
      control: unnumberedControl('snrm', true),
    });
    expect(frame.subarray(3, 3 + bytes).toHex()).toBe(hex);
    expect(splitServerAddress(address)).toEqual(lower === undefined ? { upper } : { upper, lower });
    expect(decodeFrame(frame)).toMatchObject({ destination: address.value, destinationBytes: bytes });
  });

  test('what does not fit names its field', () => {
    expect(codeOf(() => serverAddress(128, undefined, 1))).toBe('invalid-field serverAddress');
    expect(codeOf(() => serverAddress(1, 128, 2))).toBe('invalid-field physicalAddress');
    expect(codeOf(() => serverAddress(1, undefined, 4))).toBe('invalid-field physicalAddress');
    expect(codeOf(() => clientAddress(-1))).toBe('invalid-field clientAddress');
    expect([allStations(1), allStations(2), allStations(4)]).toEqual([0x7f, 0x7f, 0x3fff]);
  });

  test('a frame too long for its length field, and bytes without a frame', () => {
    const control = unnumberedControl('ui', false);
    const info = new Uint8Array(2040);
    expect(codeOf(() => encodeFrame({ destination: server, source: client, control, info }))).toBe(
      'overflow',
    );
    expect(codeOf(() => decodeFrame(fromHex('7EA00A00020023219318727E')))).toBe('frame-corrupt 0');
  });
});

describe('parameters', () => {
  const values = { maxInfoTransmit: 1024, maxInfoReceive: 128, windowTransmit: 7, windowReceive: 1 };

  test('encoded as meters do: one byte up to 255, else two; windows in four', () => {
    expect(encodeParameters(values).toHex()).toBe('81801305020400060180070400000007080400000001');
    expect(encodeParameters(DEFAULT_PARAMETERS).toHex()).toBe('');
    expect(encodeAllParameters(DEFAULT_PARAMETERS).toHex()).toBe(
      '818012050180060180070400000001080400000001',
    );
  });

  test.each([
    ['nothing', '', DEFAULT_PARAMETERS],
    ['one and two bytes, windows in one', '81800c05020400060180070107080101', values],
    ['windows in four bytes', '818013050204000601800704000000070804 00000001', values],
    ['only one named', '818004 05020050', { ...DEFAULT_PARAMETERS, maxInfoTransmit: 80 }],
    ['unknown ones passed over', '818007 09030102 03050150', { ...DEFAULT_PARAMETERS, maxInfoTransmit: 80 }],
    ['a user data group behind', '818003 050150 f00101', { ...DEFAULT_PARAMETERS, maxInfoTransmit: 80 }],
  ])('%s', (_, hex, expected) => {
    expect(decodeParameters(fromHex(hex))).toEqual(expected);
  });

  test.each([
    ['another format', '808003050150', 'link-protocol 0'],
    ['cut', '81801205018006', 'link-protocol 7'],
    ['zero', '818003050100', 'link-protocol 3'],
  ])('%s is refused', (_, hex, code) => {
    expect(codeOf(() => decodeParameters(fromHex(hex)))).toBe(code);
  });

  test('each direction gets the smaller of what one sends and the other takes', () => {
    const own = { maxInfoTransmit: 2030, maxInfoReceive: 500, windowTransmit: 7, windowReceive: 3 };
    const theirs = { maxInfoTransmit: 600, maxInfoReceive: 80, windowTransmit: 9, windowReceive: 2 };
    expect(agree(own, theirs)).toEqual({
      maxInfoTransmit: 80,
      maxInfoReceive: 500,
      windowTransmit: 2,
      windowReceive: 3,
    });
  });

  test('limits that HDLC does not have', () => {
    expect(codeOf(() => limitsOf({ ...values, maxInfoTransmit: 2031 }))).toBe(
      'invalid-field maxInfoTransmit',
    );
    expect(codeOf(() => limitsOf({ ...values, windowReceive: 8 }))).toBe('invalid-field windowReceive');
    expect(codeOf(() => limitsOf({ ...values, windowTransmit: 0 }))).toBe('invalid-field windowTransmit');
  });
});
