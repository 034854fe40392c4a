import { createCipheriv } from 'node:crypto';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { pump } from '../../src/channels/pump.ts';
import { listenTcp, type TcpListener } from '../../src/channels/tcp-listen.ts';
import { type CosemObject, constant } from '../../src/dlms/cosem/cosem-object.ts';
import { type ImageStore, imageTransferObject } from '../../src/dlms/cosem/image-transfer-object.ts';
import {
  createLogicalDevice,
  type DeviceAssociation,
  FULL_RIGHTS,
} from '../../src/dlms/cosem/object-model.ts';
import { profileObject } from '../../src/dlms/cosem/profile-object.ts';
import type { DlmsData } from '../../src/dlms/data.ts';
import { encodeDateTime, parseDateTime } from '../../src/dlms/datetime.ts';
import type { LinkConfig } from '../../src/dlms/link/link.ts';
import { createServerMachine, type LogicalDevice } from '../../src/dlms/server.ts';
import {
  array,
  boolean,
  enumeration,
  i8,
  i16,
  logicalName,
  octetString,
  scalerUnit,
  structure,
  u8,
  u16,
  u32,
  u64,
} from '../../src/dlms/values.ts';
import {
  authenticationKey,
  CLOCK_BEFORE,
  ENERGY,
  encryptionKey,
  type Framing,
  IMAGE,
  IMAGE_BLOCK,
  KINDS,
  type Kind,
  LARGE,
  LONG,
  LONGEST,
  METER_TITLE,
  OBIS,
  PASSWORD,
  PROFILE_ROWS,
  PROFILE_START_MS,
  QUARTER_MS,
  RESETTABLE,
  SIGNING,
  VOLTAGE,
  WRITABLE,
} from './world.ts';

const IDLE_MS = 60_000;
const SERVER_ADDRESS = 1;

/** An attribute that is kept as it was last set. */
function writable(first: DlmsData, types: readonly DlmsData['type'][] = [first.type]) {
  let held = first;
  return {
    get: () => held,
    set: (value: DlmsData) => {
      if (!types.includes(value.type)) return 'type-unmatched';
      held = value;
      return 'success';
    },
  };
}

function register(obis: string, value: DlmsData, scaler: number, unit: number): CosemObject {
  return {
    classId: 3,
    version: 0,
    obis,
    attributes: { 2: constant(value), 3: constant(scalerUnit(scaler, unit)) },
  };
}

/** A register that script 1 of the script table resets. */
function resettable(): readonly CosemObject[] {
  let value = RESETTABLE;
  const reset = (): string => {
    value = 0;
    return 'success';
  };
  const call = structure(enumeration(2), u16(3), logicalName(OBIS.resettable), i8(1), i8(0));
  return [
    {
      classId: 3,
      version: 0,
      obis: OBIS.resettable,
      attributes: { 2: { get: () => u32(value) }, 3: constant(scalerUnit(0, 30)) },
      methods: { 1: reset },
    },
    {
      classId: 9,
      version: 0,
      obis: OBIS.scripts,
      attributes: { 2: constant(array([structure(u16(1), array([call]))])) },
      methods: {
        1: (parameter) =>
          parameter?.type === 'long-unsigned' && parameter.value === 1 ? reset() : 'object-unavailable',
      },
    },
  ];
}

function relay(): CosemObject {
  let connected = true;
  const switchTo = (state: boolean) => (): string => {
    connected = state;
    return 'success';
  };
  return {
    classId: 70,
    version: 0,
    obis: OBIS.relay,
    attributes: {
      2: { get: () => boolean(connected) },
      3: { get: () => enumeration(connected ? 1 : 0) },
      4: constant(enumeration(4)),
    },
    methods: { 1: switchTo(false), 2: switchTo(true) },
  };
}

function clock(): CosemObject {
  const never = octetString(new Uint8Array(12).fill(0xff));
  return {
    classId: 8,
    version: 0,
    obis: OBIS.clock,
    attributes: {
      2: writable(octetString(encodeDateTime(parseDateTime(CLOCK_BEFORE))), ['octet-string', 'date-time']),
      3: constant(i16(0)),
      4: constant(u8(0)),
      5: constant(never),
      6: constant(never),
      7: constant(i8(0)),
      8: constant(boolean(false)),
      9: constant(enumeration(1)),
    },
  };
}

function profile(): CosemObject {
  const columns = [
    { classId: 8, obis: OBIS.clock, attribute: 2, dataIndex: 0 },
    { classId: 3, obis: OBIS.energy, attribute: 2, dataIndex: 0 },
    { classId: 1, obis: OBIS.status, attribute: 2, dataIndex: 0 },
  ];
  const timeAt = (row: number): number => PROFILE_START_MS + row * QUARTER_MS;
  return profileObject({
    obis: OBIS.profile,
    capturePeriodS: QUARTER_MS / 1000,
    profileEntries: PROFILE_ROWS * 2,
    sortObject: { classId: 8, obis: OBIS.clock, attribute: 2 },
    source: {
      columns,
      count: () => PROFILE_ROWS,
      timeAt,
      writeCells: (writer, row, wanted) => {
        const time = encodeDateTime(parseDateTime(new Date(timeAt(row)).toISOString().replace('.000Z', 'Z')));
        for (const column of wanted) {
          if (column === 0) writer.u8(0x09).u8(12).put(time);
          else if (column === 1) writer.u8(0x06).u32(1_000_000 + 250 * row);
          else writer.u8(0x11).u8(row % 96 === 4 ? 0x80 : 0);
        }
      },
    },
  });
}

/** Keeps an image and verifies that it is the one which the tests send. */
class CheckedImage implements ImageStore {
  #identifier = new Uint8Array(0);
  #bytes = new Uint8Array(0);

  begin({ identifier, size }: { readonly identifier: Uint8Array; readonly size: number }): boolean {
    this.#identifier = identifier.slice();
    this.#bytes = new Uint8Array(size);
    return true;
  }

  write(offset: number, bytes: Uint8Array): boolean {
    this.#bytes.set(bytes, offset);
    return true;
  }

  verify() {
    return Buffer.compare(this.#bytes, IMAGE) === 0 ? 'done' : 'failed';
  }

  activate() {
    return 'done' as const;
  }

  ready() {
    return [{ identifier: this.#identifier, size: this.#bytes.length }];
  }
}

function objects(): readonly CosemObject[] {
  return [
    { classId: 1, version: 0, obis: OBIS.writable, attributes: { 2: writable(u32(WRITABLE)) } },
    { classId: 1, version: 0, obis: OBIS.long, attributes: { 2: writable(octetString(LONG)) } },
    { classId: 1, version: 0, obis: OBIS.longest, attributes: { 2: constant(octetString(LONGEST)) } },
    { classId: 1, version: 0, obis: OBIS.status, attributes: { 2: constant(u8(0)) } },
    register(OBIS.energy, u32(ENERGY), 0, 30),
    register(OBIS.voltage, u16(VOLTAGE), -1, 35),
    register(OBIS.large, u64(LARGE), -3, 30),
    ...resettable(),
    clock(),
    profile(),
    relay(),
    imageTransferObject({
      obis: OBIS.image,
      store: new CheckedImage(),
      blockSize: IMAGE_BLOCK,
      maxImageSize: 4 * IMAGE.length,
    }),
  ];
}

/** What mechanism 2 computes in both Python stacks: the challenge enciphered with the secret, AES-128 in ECB mode. */
export function proveWithAes(challenge: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-128-ecb', PASSWORD, null).setAutoPadding(false);
  const padded = Buffer.alloc(Math.ceil(challenge.length / 16) * 16);
  padded.set(challenge);
  return new Uint8Array(Buffer.concat([cipher.update(padded), cipher.final()]));
}

function associationOf({ auth, suite, client }: Kind): DeviceAssociation {
  const signing = suite === undefined || suite === 0 ? undefined : SIGNING[suite];
  return {
    clientAddress: client,
    auth,
    referencing: ['ln', 'sn'],
    rights: FULL_RIGHTS,
    ...(auth === 'none' || auth === 'hls-gmac' || auth === 'hls-ecdsa' ? {} : { password: PASSWORD }),
    ...(auth === 'hls' ? { hook: { prove: proveWithAes } } : {}),
    ...(suite === undefined
      ? { policy: 'none' }
      : {
          suite,
          policy: 'auth-enc',
          encryptionKey: encryptionKey(suite),
          authenticationKey: authenticationKey(suite),
        }),
    ...(auth === 'hls-ecdsa' && signing
      ? { signingKey: signing.meter, peerSigningKey: signing.client.publicKey }
      : {}),
  };
}

/** A meter with its objects as they are at the beginning; each connection has its own. */
function device(): LogicalDevice {
  let counter = 1;
  const accepted = new Map<number, number>();
  return createLogicalDevice({
    address: SERVER_ADDRESS,
    systemTitle: METER_TITLE,
    name: 'ODCINTEROP00001',
    objects: objects(),
    shortNames: true,
    associations: KINDS.map(associationOf),
    nextInvocationCounter: () => counter++,
    acceptInvocationCounter: (client, value) => {
      if (value <= (accepted.get(client) ?? -1)) return false;
      accepted.set(client, value);
      return true;
    },
  });
}

function linkOf(framing: Framing): LinkConfig {
  const addresses = { clientAddress: 1, serverAddress: SERVER_ADDRESS, responseTimeoutMs: IDLE_MS };
  if (framing === 'wrapper') return { framing, ...addresses, maxApdu: 65_535 };
  return {
    framing,
    ...addresses,
    addressBytes: 1,
    maxInfoTransmit: 2030,
    maxInfoReceive: 2030,
    windowTransmit: 7,
    windowReceive: 7,
    interOctetTimeoutMs: 1000,
    retries: 1,
  };
}

/** Our server, on a port for each framing. */
export function listenOurMeter(framing: Framing): TcpListener {
  return listenTcp({ host: '127.0.0.1', port: 0 }, (channel) => {
    const machine = createServerMachine({
      link: linkOf(framing),
      devices: [device()],
      maxPduSize: 1024,
      randomBytes: (length) => systemRandom.bytes(length),
      idleTimeoutMs: IDLE_MS,
    });
    pump(machine, channel, systemClock, () => undefined);
  });
}
