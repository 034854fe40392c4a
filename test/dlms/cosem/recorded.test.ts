import { describe, test } from 'bun:test';
import { join } from 'node:path';
import { fromHex } from '../../../src/base/bytes.ts';
import type { AuthMechanism, SecurityPolicy } from '../../../src/base/model.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import type {
  AssociationConfig,
  ClientCommand,
  ClientEvent,
  CosemAttribute,
  Referencing,
} from '../../../src/dlms/client.ts';
import { attributesOf, INTERFACE_CLASSES, methodsOf } from '../../../src/dlms/cosem/classes/index.ts';
import { defaultObject } from '../../../src/dlms/cosem/default-object.ts';
import { createLogicalDevice, FULL_RIGHTS } from '../../../src/dlms/cosem/object-model.ts';
import type { LinkConfig } from '../../../src/dlms/link/link.ts';
import { encodeWrapperFrame } from '../../../src/dlms/link/wrapper.ts';
import { createServerMachine, type LogicalDevice, type ServerMachine } from '../../../src/dlms/server.ts';
import { array, boolean, i8, octetText, structure, u8, u16, u32 } from '../../../src/dlms/values.ts';
import { expectGolden } from '../../golden.ts';
import { SAMPLES } from '../decode/corpus.ts';
import { counterFrom, HDLC, KEYS, type Loopback, pair, WRAPPER } from './loopback.ts';
import { ScriptedClient } from './scripted-client.ts';
import { ENERGY, HIDDEN, LIST, NOTE, namedDevice, PROFILE, RELAY } from './short-name-device.ts';

interface Conversation {
  readonly link: LinkConfig;
  readonly auth: AuthMechanism;
  readonly policy: SecurityPolicy;
  readonly referencing: Referencing;
  readonly pdu: number;
  readonly client?: Partial<AssociationConfig>;
}

const WIDE_HDLC: LinkConfig =
  HDLC.framing === 'hdlc'
    ? { ...HDLC, maxInfoTransmit: 300, maxInfoReceive: 300, windowTransmit: 3, windowReceive: 3 }
    : HDLC;

const CONVERSATIONS: Readonly<Record<string, Conversation>> = {
  'wrapper, plain': { link: WRAPPER, auth: 'none', policy: 'none', referencing: 'ln', pdu: 1024 },
  'wrapper, small PDUs': { link: WRAPPER, auth: 'lls', policy: 'none', referencing: 'ln', pdu: 80 },
  'wrapper, general blocks': {
    link: WRAPPER,
    auth: 'none',
    policy: 'none',
    referencing: 'ln',
    pdu: 100,
    client: { generalBlocks: { window: 3, always: true } },
  },
  'wrapper, GMAC and all protected': {
    link: WRAPPER,
    auth: 'hls-gmac',
    policy: 'auth-enc',
    referencing: 'ln',
    pdu: 300,
  },
  'wrapper, dedicated key': {
    link: WRAPPER,
    auth: 'hls-gmac',
    policy: 'auth-enc',
    referencing: 'ln',
    pdu: 300,
    client: { dedicated: true },
  },
  'wrapper, general-glo, authenticated': {
    link: WRAPPER,
    auth: 'lls',
    policy: 'auth',
    referencing: 'ln',
    pdu: 300,
    client: { form: 'general-glo' },
  },
  'HDLC, SHA-256': { link: HDLC, auth: 'hls-sha256', policy: 'enc', referencing: 'ln', pdu: 200 },
  'HDLC, windows': { link: WIDE_HDLC, auth: 'hls-md5', policy: 'none', referencing: 'ln', pdu: 900 },
  'short names, plain': { link: WRAPPER, auth: 'none', policy: 'none', referencing: 'sn', pdu: 1024 },
  'short names, small PDUs': { link: HDLC, auth: 'lls', policy: 'none', referencing: 'sn', pdu: 80 },
  'short names, protected': {
    link: WRAPPER,
    auth: 'hls-gmac',
    policy: 'auth-enc',
    referencing: 'sn',
    pdu: 250,
  },
};

const at = (object: { classId: number; obis: string }, attribute: number): CosemAttribute => ({
  ...object,
  attribute,
});
const CURRENT = { classId: 15, obis: '0.0.40.0.0.255' };
const CLOCK = { classId: 8, obis: '0.0.1.0.0.255', attribute: 2 };
const COLUMN = { ...CLOCK, dataIndex: 0 };
const MUCH = array(Array.from({ length: 60 }, (_, i) => structure(u32(i), octetText('y'.repeat(i % 5)))));

const COMMANDS: readonly ClientCommand[] = [
  { type: 'get', attribute: at(ENERGY, 2) },
  { type: 'get', attribute: at(ENERGY, 0) },
  { type: 'get', attribute: at(ENERGY, 7) },
  { type: 'get', attribute: at(HIDDEN, 2) },
  { type: 'get', attribute: { classId: 3, obis: '1.0.77.7.0.255', attribute: 2 } },
  { type: 'get', attribute: { classId: 4, obis: ENERGY.obis, attribute: 2 } },
  { type: 'get', attribute: at(LIST, 2) },
  {
    type: 'get',
    attribute: at(CURRENT, 2),
    selection: { by: 'selector', selector: 2, parameter: array([u16(3)]) },
  },
  ...[3, 4, 5, 6, 8, 9].map((index): ClientCommand => ({ type: 'get', attribute: at(CURRENT, index) })),
  { type: 'get', attribute: { classId: 17, obis: '0.0.41.0.0.255', attribute: 2 } },
  { type: 'get', attribute: { classId: 1, obis: '0.0.42.0.0.255', attribute: 2 } },
  { type: 'get', attribute: at(PROFILE, 2), selection: { by: 'entry', fromEntry: 2, toEntry: 5 } },
  {
    type: 'get',
    attribute: at(PROFILE, 2),
    selection: { by: 'entry', fromEntry: 1, toEntry: 0, fromColumn: 2, toColumn: 3 },
  },
  {
    type: 'get',
    attribute: at(PROFILE, 2),
    selection: {
      by: 'range',
      restricting: CLOCK,
      from: octetText('from'),
      to: octetText('till'),
      columns: [COLUMN],
    },
  },
  { type: 'get-list', attributes: [at(ENERGY, 2), at(HIDDEN, 2), at(ENERGY, 3)] },
  {
    type: 'get-list',
    attributes: [
      { attribute: at(PROFILE, 2), selection: { by: 'entry', fromEntry: 1, toEntry: 1 } },
      at(NOTE, 2),
    ],
  },
  { type: 'get-list', attributes: [] },
  { type: 'set', attribute: at(NOTE, 2), value: u16(7) },
  { type: 'set', attribute: at(NOTE, 2), value: MUCH },
  { type: 'get', attribute: at(NOTE, 2) },
  { type: 'set', attribute: at(ENERGY, 2), value: u16(7) },
  { type: 'set', attribute: at(RELAY, 2), value: u8(1) },
  { type: 'set', attribute: at(NOTE, 2), value: u16(8), confirmed: false },
  {
    type: 'set-list',
    settings: [
      { attribute: at(NOTE, 2), value: u16(9) },
      { attribute: at(HIDDEN, 2), value: boolean(true) },
    ],
  },
  { type: 'set-list', settings: [{ attribute: at(NOTE, 2), value: MUCH }] },
  { type: 'action', method: at(RELAY, 1), parameter: i8(0) },
  { type: 'action', method: at(RELAY, 2), parameter: i8(0) },
  { type: 'action', method: at(RELAY, 3) },
  { type: 'action', method: at(ENERGY, 1), parameter: MUCH },
  { type: 'action', method: at(ENERGY, 1), confirmed: false },
  {
    type: 'action-list',
    calls: [{ method: at(RELAY, 1), parameter: i8(0) }, { method: at(ENERGY, 1) }, { method: at(HIDDEN, 1) }],
  },
  {
    type: 'access',
    specifications: [
      { type: 'get', attribute: at(ENERGY, 2) },
      { type: 'get', attribute: at(PROFILE, 2), selection: { by: 'entry', fromEntry: 1, toEntry: 1 } },
      { type: 'set', attribute: at(HIDDEN, 2), value: u16(1) },
      { type: 'action', method: at(RELAY, 1), parameter: i8(0) },
    ],
  },
  {
    type: 'access',
    specifications: [
      { type: 'get', attribute: at(HIDDEN, 2) },
      { type: 'get', attribute: at(ENERGY, 2) },
    ],
    breakOnError: true,
  },
];

const short = (bytes: Uint8Array): string => {
  const hex = bytes.toHex();
  return hex.length > 80
    ? `${hex.slice(0, 64)}… ${bytes.length} bytes, ${Bun.hash.crc32(bytes).toString(16)}`
    : hex;
};

const SHOWN_CHUNKS = 4;
const summary = (more: readonly string[]): string[] =>
  more.length === 0 ? [] : [`  … ${more.length} more, ${Bun.hash.crc32(more.join()).toString(16)}`];

/** Bytes as hexadecimal digits, errors by their code: what a person can compare. */
/** An error, which becomes an object before it is written: its code counts, its words do not. */
const isError = (value: unknown): value is { readonly code: string } =>
  typeof value === 'object' && value !== null && 'code' in value && 'message' in value;

const told = (event: ClientEvent): string => JSON.stringify(event, replaced);

function replaced(_: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return short(value);
  return isError(value) ? { error: value.code } : value;
}

/** A command, what went over the line for it, and what came of it. */
function recorded(line: Loopback, command: ClientCommand): string[] {
  const before = line.wire.length;
  const events = line.run(command);
  const chunks = line.wire
    .slice(before)
    .map(({ direction, bytes }) => `  ${direction === 'down' ? '>' : '<'} ${short(bytes)}`);
  const wire = [...chunks.slice(0, SHOWN_CHUNKS), ...summary(chunks.slice(SHOWN_CHUNKS))];
  const { type, ...rest } = command;
  const what = JSON.stringify(rest, (_, value: unknown) =>
    value instanceof Uint8Array ? short(value) : value,
  );
  return [
    `${type} ${what.length > 160 ? `${what.slice(0, 160)}…` : what}`,
    ...wire,
    ...events.map((event) => `  = ${told(event)}`),
  ];
}

function converse({ link, auth, policy, referencing, pdu, client }: Conversation): string[] {
  const { device, state } = namedDevice({ auth, policy, referencing: [referencing] });
  const line = pair({
    link,
    auth,
    policy,
    devices: [device],
    clientPdu: pdu,
    serverPdu: pdu,
    client: { referencing, ...client },
  });
  const lines = recorded(line, { type: 'open' });
  for (const command of COMMANDS) lines.push(...recorded(line, command));
  lines.push(...recorded(line, { type: 'release' }), `  the device saw: ${state.log.join(', ')}`);
  return lines;
}

/** A device with an object of every class, each in its newest version, everything at its default. */
function everyClass(): LogicalDevice {
  return createLogicalDevice({
    address: 1,
    systemTitle: KEYS.serverTitle,
    name: 'ODC0002',
    shortNames: true,
    objects: INTERFACE_CLASSES.map(({ id }) => defaultObject(id, `0.0.128.0.${id}.255`)),
    associations: [
      { clientAddress: 1, auth: 'none', policy: 'none', referencing: ['ln', 'sn'], rights: FULL_RIGHTS },
    ],
    nextInvocationCounter: counterFrom(1),
    acceptInvocationCounter: () => true,
  });
}

function askEveryClass(referencing: Referencing): string[] {
  const line = pair({ devices: [everyClass()], client: { referencing }, clientPdu: 4000, serverPdu: 4000 });
  line.run({ type: 'open' });
  return INTERFACE_CLASSES.flatMap((definition) => {
    const version = Math.max(...definition.versions);
    const object = { classId: definition.id, obis: `0.0.128.0.${definition.id}.255` };
    const said = (command: ClientCommand): string => {
      const event = line.last(command);
      return event.type === 'get-result'
        ? event.results.map((one) => (one.ok ? short(one.data) : one.result)).join()
        : told(event);
    };
    return [
      `${definition.id} ${definition.name}`,
      ...[1, ...attributesOf(definition, version).map(({ index }) => index)].map(
        (index) =>
          `  ${index} ${said({ type: 'get', attribute: at(object, index) })} ${said({ type: 'set', attribute: at(object, index), value: u8(1) })}`,
      ),
      ...methodsOf(definition, version).map(
        ({ index }) =>
          `  method ${index} ${said({ type: 'action', method: at(object, index), parameter: i8(0) })}`,
      ),
    ];
  });
}

const WPORTS = [1, 1] as const;
const APDUS = SAMPLES.filter(({ transport }) => transport === 'apdu');
/** The AARQ of a client without ciphering, by its context. */
const AARQ: Readonly<Record<Referencing, string>> = {
  ln: '601da109060760857405080101be10040e01000000065f1f0400ffffff04b0',
  sn: '601da109060760857405080102be10040e01000000065f1f0400ffffff04b0',
};

/** What a server says to one APDU: its frames without their headers, and its events. */
function answered(server: ServerMachine, apdu: Uint8Array): string {
  return server
    .step({ on: 'bytes', bytes: encodeWrapperFrame(...WPORTS, apdu) }, 0)
    .flatMap((effect) => {
      if (effect.do === 'send') return [short(effect.bytes.subarray(8))];
      if (effect.do === 'emit') return [JSON.stringify(effect.event, replaced)];
      return effect.do === 'close' ? ['close'] : [];
    })
    .join(' ');
}

function serverFor(device: LogicalDevice): ServerMachine {
  const random = new SeededRandom(3);
  const randomBytes = (length: number): Uint8Array => random.bytes(length);
  return createServerMachine({
    link: WRAPPER,
    devices: [device],
    maxPduSize: 1024,
    randomBytes,
    idleTimeoutMs: 60_000,
  });
}

/** Every APDU of the corpus, one after the other, to a server that is associated (anew where it has ended that). */
function askedEverything(referencing: Referencing, associated: boolean): string[] {
  const { device } = namedDevice({ referencing: [referencing] });
  return APDUS.flatMap(({ what, bytes }) => {
    const server = serverFor(device);
    if (associated) answered(server, fromHex(AARQ[referencing]));
    const cut = bytes.subarray(0, bytes.length - 1);
    return [
      `${what} ${bytes.subarray(0, 12).toHex()}`,
      `  ${answered(server, bytes)}`,
      ...(associated ? [`  again: ${answered(server, bytes)}`, `  cut: ${answered(server, cut)}`] : []),
    ];
  });
}

/** Every APDU of the corpus as the answer to a request: what can come of it, and of how many APDUs it does. */
function answeredByEverything(command: ClientCommand): string[] {
  const outcomes = Map.groupBy(APDUS, ({ bytes }) => {
    const client = new ScriptedClient().open();
    client.command(command);
    const from = client.events.length;
    const commands = client.link.commands.length;
    client.apdu(bytes);
    const events = client.events.slice(from).map(told);
    const sent = client.link.commands.slice(commands).map((one) => JSON.stringify(one, replaced));
    return [client.state, ...sent, ...events].join(' | ');
  });
  return [...outcomes].map(
    ([outcome, samples]) => `${samples.length} of ${samples[0]?.bytes.subarray(0, 12).toHex()} ${outcome}`,
  );
}

/**
 * Whole conversations as they went over the line, byte for byte: whatever a change does to an APDU shows here. That the
 * bytes are right is shown by vectors and by independent peers; these files only say that they stay so.
 */
describe('recorded conversations', () => {
  test.each(Object.entries(CONVERSATIONS))('%s', (name, conversation) => {
    const file = `${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}.txt`;
    expectGolden(join(import.meta.dir, 'recorded', file), `${converse(conversation).join('\n')}\n`);
  });

  test.each(['ln', 'sn'] as const)('an object of every class, asked by %s', (referencing) => {
    const file = `every-class-${referencing}.txt`;
    expectGolden(join(import.meta.dir, 'recorded', file), `${askEveryClass(referencing).join('\n')}\n`);
  });

  test.each(['ln', 'sn'] as const)('every APDU to a server, by %s', (referencing) => {
    const lines = [
      '# not associated',
      ...(referencing === 'ln' ? askedEverything(referencing, false) : []),
      '# associated',
      ...askedEverything(referencing, true),
    ];
    expectGolden(join(import.meta.dir, 'recorded', `server-${referencing}.txt`), `${lines.join('\n')}\n`);
  });

  test('every APDU to a client', () => {
    const requests: Readonly<Record<string, ClientCommand>> = {
      get: { type: 'get', attribute: at(ENERGY, 2) },
      'get-list': { type: 'get-list', attributes: [at(ENERGY, 2), at(ENERGY, 3)] },
      set: { type: 'set', attribute: at(NOTE, 2), value: u16(7) },
      'set in blocks': { type: 'set', attribute: at(NOTE, 2), value: octetText('z'.repeat(3000)) },
      'set-list': {
        type: 'set-list',
        settings: [
          { attribute: at(NOTE, 2), value: u16(9) },
          { attribute: at(HIDDEN, 2), value: boolean(true) },
        ],
      },
      action: { type: 'action', method: at(RELAY, 1), parameter: i8(0) },
      'action in blocks': { type: 'action', method: at(RELAY, 1), parameter: octetText('z'.repeat(3000)) },
      'action-list': { type: 'action-list', calls: [{ method: at(RELAY, 1) }, { method: at(RELAY, 2) }] },
    };
    const lines = Object.entries(requests).flatMap(([name, command]) => [
      `# ${name}`,
      ...answeredByEverything(command),
    ]);
    expectGolden(join(import.meta.dir, 'recorded', 'client.txt'), `${lines.join('\n')}\n`);
  });
});
