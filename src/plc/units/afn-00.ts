import { type Codec, u8 } from '../codec.ts';
import { defineUnit } from '../unit.ts';

export interface Confirmation {
  /** Bit 0: the command was carried out; bit n: channel n is idle. */
  readonly status: number;
  /** Seconds that the module wants to be left alone. */
  readonly waitS: number;
  /** 376.2 has 2 bytes of status, 10376.2 has 4; on reception the length says which. */
  readonly statusBytes: 2 | 4;
}

const confirmation: Codec<Confirmation> = {
  read(from) {
    const statusBytes = from.remaining >= 6 ? 4 : 2;
    return { status: from.uint(statusBytes), waitS: from.uint(2), statusBytes };
  },
  write(to, { status, waitS, statusBytes }) {
    to.uint(statusBytes, status);
    to.uint(2, waitS);
  },
};

export const CONFIRM = defineUnit({
  afn: 0x00,
  fn: 1,
  name: 'confirm',
  down: confirmation,
  up: confirmation,
});
export const DENY = defineUnit({ afn: 0x00, fn: 2, name: 'deny', down: u8, up: u8 });

/** Reasons of a denial (00F2) that the concentrator deals with. */
export const DENIAL = {
  timeout: 0,
  badUnit: 1,
  length: 2,
  checksum: 3,
  noSuchInformation: 4,
  format: 5,
  duplicateAddress: 6,
  unknownAddress: 7,
  meterSilent: 8,
  busy: 9,
  unsupported: 10,
  nodeSilent: 11,
  notInNetwork: 12,
  tooManyAtOnce: 109,
  tooManyMessages: 110,
  beingRead: 111,
} as const;

const TEXTS: ReadonlyMap<number, string> = new Map([
  [DENIAL.timeout, 'communication timed out'],
  [DENIAL.badUnit, 'data unit invalid'],
  [DENIAL.length, 'length wrong'],
  [DENIAL.checksum, 'checksum wrong'],
  [DENIAL.noSuchInformation, 'no such information'],
  [DENIAL.format, 'format wrong'],
  [DENIAL.duplicateAddress, 'address already there'],
  [DENIAL.unknownAddress, 'address unknown'],
  [DENIAL.meterSilent, 'the meter does not answer'],
  [DENIAL.busy, 'the module is busy'],
  [DENIAL.unsupported, 'command not supported'],
  [DENIAL.nodeSilent, 'the communication unit does not answer'],
  [DENIAL.notInNetwork, 'the communication unit is not in the network'],
  [DENIAL.tooManyAtOnce, 'too many readings at once'],
  [DENIAL.tooManyMessages, 'too many messages in one frame'],
  [DENIAL.beingRead, 'the meter is being read'],
]);

export function denialText(code: number): string {
  return TEXTS.get(code) ?? `reason ${code}`;
}

export const AFN_00 = [CONFIRM, DENY];
