import { fromHex } from '../../../src/base/bytes.ts';
import type { Transport } from '../../../src/dlms/decode/index.ts';
import { APDU_SEEDS, DATA_SEEDS } from '../../fuzz/targets/seeds.ts';

export interface Sample {
  readonly what: string;
  readonly bytes: Uint8Array;
  readonly transport: Transport;
}

const TITLE = '4d4d4d0000bc614e';
const INITIATE = '01000000065f1f0400007e1f04b0';
const octets = (hex: string): string => (hex.length / 2).toString(16).padStart(2, '0') + hex;
const word = (hex: string): string => (hex.length / 2).toString(16).padStart(4, '0');
const ber = (tag: string, hex: string): string => tag + octets(hex);
const context = (id: number): string => ber('a1', ber('06', `6085740508010${id}`));
const mechanism = (tag: string, id: number): string =>
  ber(tag, `608574050802${id.toString(16).padStart(2, '0')}`);
const userInformation = (hex: string): string => ber('be', ber('04', hex));
const GLO_CONTENT = '3001234567411312ff935a47566827c467bc7d825c3be4a77c3fcc056b6b';
const AUTHENTICATED_CONTENT = '1001234567c001000008000001000000ff020006725d910f9221d263877516';

const REGISTER = '00030100010800ff02';
const PROFILE = '00070100630100ff02';
const BY_ENTRY = '020202' + '0600000001' + '0600000002';

const SERVICE_ERRORS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const diagnostics = Array.from({ length: 15 }, (_, code) => code);

/** APDUs that the seeds of the fuzzer lack: each field of an association, each form of protection, each named code. */
const APDUS: readonly (readonly [what: string, hex: string])[] = [
  ...[1, 2, 3, 4].map(
    (id) => [`AARQ, context ${id}`, ber('60', context(id) + userInformation(INITIATE))] as const,
  ),
  ...[0, 1, 2, 3, 4, 5, 6, 7].map(
    (id) =>
      [
        `AARQ, mechanism ${id}`,
        ber(
          '60',
          `${context(1)}8a020780${mechanism('8b', id)}${ber('ac', ber('80', '3132'))}${userInformation(INITIATE)}`,
        ),
      ] as const,
  ),
  [
    'AARQ with titles, qualifiers and invocation ids',
    ber(
      '60',
      `80020780${context(3)}${ber('a2', ber('04', TITLE))}${ber('a3', ber('04', 'aa'))}${ber('a4', ber('02', '01'))}` +
        `${ber('a5', ber('02', '02'))}${ber('a6', ber('04', TITLE))}${ber('a7', ber('04', 'bb'))}` +
        `${ber('a8', ber('02', '03'))}${ber('a9', ber('02', '04'))}8a020700${ber('bd', ber('04', 'cc'))}${userInformation(INITIATE)}`,
    ),
  ],
  ['AARQ with a field that nobody knows', ber('60', `${context(1)}9e03020101${userInformation(INITIATE)}`)],
  ['AARQ without user information', ber('60', `${context(1)}${ber('be', ber('04', ''))}`)],
  ...diagnostics.map(
    (code) =>
      [
        `AARE, diagnostic ${code} of the user`,
        ber(
          '61',
          `${context(1)}a203020101${ber('a3', ber('a1', ber('02', code.toString(16).padStart(2, '0'))))}`,
        ),
      ] as const,
  ),
  ...[0, 1, 2].map(
    (code) =>
      [
        `AARE, diagnostic ${code} of the provider`,
        ber('61', `${context(1)}a203020102${ber('a3', ber('a2', ber('02', `0${code}`)))}`),
      ] as const,
  ),
  [
    'AARE with everything',
    ber(
      '61',
      `80020780${context(3)}a203020100a305a10302010e${ber('a4', ber('04', TITLE))}${ber('a5', ber('04', 'aa'))}` +
        `${ber('a6', ber('02', '01'))}${ber('a7', ber('02', '02'))}88020780${mechanism('89', 5)}` +
        `${ber('aa', ber('80', '0102030405060708'))}${ber('bd', ber('04', 'cc'))}${userInformation('0800065f1f0400007e1f04b0fa00')}`,
    ),
  ],
  ...['00', '01', '1e'].map((reason) => [`RLRQ, reason ${reason}`, ber('62', `8001${reason}`)] as const),
  ...['00', '01', '1e'].map((reason) => [`RLRE, reason ${reason}`, ber('63', `8001${reason}`)] as const),
  ['RLRQ with user information', ber('62', `800100${userInformation(INITIATE)}`)],
  ['initiate with quality of service', '0100010001' + '80065f1f0400007e1f04b0'],
  ['initiate, no answer wanted', '0100010000' + '065f1f0400007e1f04b0'],
  ['initiate, conformance with its short tag', '01000000065f04000018' + '1d04b0'],
  ['initiate response with quality of service', '080180065f1f0400007e1f04b00007'],
  ['initiate response, a name that is neither', '0800065f1f0400007e1f04b01234'],
  ...[1, 2, 3].flatMap((state) =>
    [1, 2, 3, 4, 5].map((service) => [`exception ${state}/${service}`, `d80${state}0${service}`] as const),
  ),
  ...[1, 5, 6, 19, 22, 28].flatMap((service) =>
    (service === 1 ? SERVICE_ERRORS : [0]).flatMap((choice) =>
      (service === 1 ? [0, 1, 2, 3, 5, 6] : [0]).map((code) => {
        const numbers = Uint8Array.of(service, choice, code).toHex();
        return [`confirmed service error ${numbers}`, `0e${numbers}`] as const;
      }),
    ),
  ),
  ['get of all attributes', 'c0014100030100010800ff0000'],
  ['get of a class that nobody knows', 'c00181fff00100010800ff0200'],
  ['get of a code without a name', 'c001c10003ff00c70800ff0200'],
  ['action on a class that nobody knows', 'c30141fff00100010800ff0100'],
  ...[0, 1, 2, 3, 4, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 250].map(
    (code) => [`set response ${code}`, `c501c1${code.toString(16).padStart(2, '0')}`] as const,
  ),
  ...[0, 1, 2, 3, 4, 9, 11, 12, 13, 14, 15, 250].map(
    (code) => [`action response ${code}`, `c701c1${code.toString(16).padStart(2, '0')}00`] as const,
  ),
  ['get response with a block that failed', 'c402c101000000020113'],
  ['action response with returned error', 'c701c100010104'],
  ['action responses', 'c703c10200010011050100'],
  [
    'access request of each kind',
    `d9400000010005` +
      `01${REGISTER}02${REGISTER}030046000060030aff0104${PROFILE}${BY_ENTRY}05${PROFILE}${BY_ENTRY}` +
      '0500110500' +
      '0f001105',
  ],
  ['access response with its request', `da4000000100010101${REGISTER}011105010100`],
  ['access response of each kind', 'da400000010000' + '03110500' + '00' + '03' + '0100' + '0204' + '0301'],
  ['data notification, body of a vendor', '0f00000001000f'],
  ['data notification with low priority and response', '0f80ffffff000101' + '1105'],
  ['event notification without time', 'c200000300000b6300ff021105'],
  ['event notification with a bad time', 'c20103aabbcc000300000b6300ff021105'],
  ['read block', '0501060000010301020008'],
  ['write blocks', '060207000002' + '022008' + '0211051106'],
  ['write, two names', '0602022008022010' + '0211051106'],
  ['general glo', `db${octets(TITLE)}${octets(GLO_CONTENT)}`],
  ['general ded', `dc${octets(TITLE)}${octets(GLO_CONTENT)}`],
  ['general glo, authenticated', `db${octets(TITLE)}${octets(AUTHENTICATED_CONTENT)}`],
  ['general glo, encrypted', `db${octets(TITLE)}${octets('2001234567411312ff935a47566827c467bc')}`],
  [
    'general glo, suite 1, broadcast key, compressed',
    `db${octets(TITLE)}${octets(`f1${GLO_CONTENT.slice(2)}`)}`,
  ],
  ['general glo without a title', `db00${octets(GLO_CONTENT)}`],
  ['glo get', `c8${octets(GLO_CONTENT)}`],
  ['ded get', `d0${octets(GLO_CONTENT)}`],
  ['glo initiate', `21${octets(GLO_CONTENT)}`],
  ['glo get and bytes behind it', `c8${octets(GLO_CONTENT)}aabb`],
  ['a get and bytes behind it', 'c001c100030100010800ff0200aabb'],
  ...[
    '00',
    '0100',
    '010000',
    '010001',
    `010100${octets('aabb')}`,
    `010102${octets('aabb')}`,
    `0102${octets('01')}${octets('ccdd')}`,
    `0102${octets('02')}00`,
    `0102${octets('09')}00`,
  ].map(
    (info) =>
      [
        `general ciphering, key info ${info}`,
        `dd${octets('0102030405060708')}${octets(TITLE)}${octets('4d4d4d0000000001')}0000${info}${octets(GLO_CONTENT)}`,
      ] as const,
  ),
  [
    'general ciphering with a time',
    `dd${octets('01')}${octets(TITLE)}00${octets('07ea0b16070c2238ffffc400')}${octets('aa')}00${octets(GLO_CONTENT)}`,
  ],
  [
    'general signing',
    `df${octets('0102030405060708')}${octets(TITLE)}000000${octets('c001c100030100010800ff0200')}${octets('11'.repeat(64))}`,
  ],
  ...['00', '40', '80', 'c3', '3f'].map(
    (control) => [`general block, control ${control}`, `e0${control}00020001${octets('aabb')}`] as const,
  ),
];

/** Values of each type inside a get response. */
const VALUES: readonly (readonly [what: string, hex: string])[] = [
  ...DATA_SEEDS.map((bytes) => [`value ${bytes.toHex().slice(0, 12)}`, `c401c100${bytes.toHex()}`] as const),
  ...[
    '00',
    '0300',
    '03ff',
    '040ba5c0',
    '05ffffffff',
    '06ffffffff',
    '0906010001080000',
    '09060100010800ff',
    '090c07ea0b16070c2238ffffc400',
    '0905414243442e',
    '0900',
    '09020d0a',
    '0a0341423c',
    '0c02c3a9',
    '0d12',
    '0fff',
    '10ffff',
    '11ff',
    '12ffff',
    '14ffffffffffffffff',
    '15ffffffffffffffff',
    '1601',
    '173f800000',
    '183ff0000000000000',
    '1907ea0b16070c2238ffffc400',
    '19ffffffffffffffffffffffff',
    '1907ea0d16070c2238ffffc400',
    '1a07ea0b1607',
    '1affffffffff',
    '1b0c2238ff',
    '1bffffffff',
    '1b630000ff',
    '1cff',
    '1dffff',
    '1effffffff',
    '1fff',
    '20ffff',
    '21ffffffff',
    'ff',
    '0100',
    '01011105',
    '0200',
    '02021105010102021106' + '1107',
  ].map((hex) => [`value ${hex}`, `c401c100${hex}`] as const),
];

const crc = (bytes: Uint8Array): number => {
  let value = 0xffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = (value & 1) === 0 ? value >> 1 : (value >> 1) ^ 0x8408;
  }
  return ~value & 0xffff;
};
const checked = (bytes: readonly number[]): number[] => {
  const sum = crc(Uint8Array.from(bytes));
  return [...bytes, sum & 0xff, sum >> 8];
};

/** An HDLC frame with right sums (IEC 62056-46), its flags included. */
function hdlc(addresses: string, control: number, info = '', segmented = false): string {
  const content = [...fromHex(info)];
  const head = [...fromHex(addresses), control];
  const length = 2 + head.length + 2 + (content.length > 0 ? content.length + 2 : 0);
  const header = checked([(segmented ? 0xa8 : 0xa0) | (length >> 8), length & 0xff, ...head]);
  const whole = content.length > 0 ? checked([...header, ...content]) : header;
  return Uint8Array.of(0x7e, ...whole, 0x7e).toHex();
}

const PARAMETERS = '8180120501800601800704000000010804000000' + '01';
const KINDS = [0x10, 0x32, 0x11, 0x35, 0x19, 0x93, 0x73, 0x53, 0x1f, 0x97, 0x13, 0x03, 0xff];

function mbus(ci: number, content: string): string {
  const body = [0x53, 0xff, ci, 0x01, 0x67, ...fromHex(content)];
  const sum = body.reduce((total, byte) => (total + byte) & 0xff, 0);
  return Uint8Array.of(0x68, body.length, body.length, 0x68, ...body, sum, 0x16).toHex();
}

const PUSH = `0f00000001000205${'1105'.repeat(5)}`;
const FRAMES: readonly (readonly [what: string, hex: string])[] = [
  ...KINDS.map(
    (control) =>
      [
        `HDLC control ${control.toString(16)}`,
        hdlc('0321', control, control === 0x10 ? `e6e600c001c100030100010800ff0200` : ''),
      ] as const,
  ),
  ['HDLC, addresses of two bytes', hdlc('022321', 0x93)],
  ['HDLC, addresses of four bytes', hdlc('0002002321', 0x93)],
  ['HDLC, SNRM with parameters', hdlc('0321', 0x93, PARAMETERS)],
  ['HDLC, UA with parameters', hdlc('2103', 0x73, PARAMETERS)],
  [
    'HDLC, segments',
    hdlc('2103', 0x13, `e6e700${PUSH.slice(0, 12)}`, true) + hdlc('2103', 0x13, PUSH.slice(12)).slice(2),
  ],
  ['wrapper', `000100010010${word(PUSH)}${PUSH}`],
  ['wrapper, two frames', `000100010010${word(PUSH)}${PUSH}`.repeat(2)],
  ['M-Bus', mbus(0x10, PUSH)],
  ['M-Bus, segments', mbus(0x00, PUSH.slice(0, 10)) + mbus(0x11, PUSH.slice(10))],
];

export const SAMPLES: readonly Sample[] = [
  ...APDU_SEEDS.map((bytes) => ({ what: 'seed', bytes, transport: 'apdu' as const })),
  ...[...APDUS, ...VALUES].map(([what, hex]) => ({ what, bytes: fromHex(hex), transport: 'apdu' as const })),
  ...FRAMES.map(([what, hex]) => ({ what, bytes: fromHex(hex), transport: 'auto' as const })),
];
