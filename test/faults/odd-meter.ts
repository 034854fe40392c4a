import { systemClock } from '../../src/base/clock.ts';
import { SeededRandom } from '../../src/base/random.ts';
import { pump } from '../../src/channels/pump.ts';
import { listenTcp } from '../../src/channels/tcp-listen.ts';
import { encodeData } from '../../src/dlms/axdr.ts';
import type { AccessSelection, CaptureObject } from '../../src/dlms/client.ts';
import { type CosemObject, constant } from '../../src/dlms/cosem/cosem-object.ts';
import { createLogicalDevice, FULL_RIGHTS } from '../../src/dlms/cosem/object-model.ts';
import { captureObjectData } from '../../src/dlms/cosem/selective-access.ts';
import type { DlmsData } from '../../src/dlms/data.ts';
import { decodeDateTime, encodeDateTime, fromUtcMs, toUtcMs } from '../../src/dlms/datetime.ts';
import { createServerMachine } from '../../src/dlms/server.ts';
import { array, enumeration, octetString, scalerUnit, structure, u32 } from '../../src/dlms/values.ts';

export const ENERGY = '1.0.99.1.0.255';
export const PERIOD_MS = 900_000;
const CLOCK: CaptureObject = { classId: 8, obis: '0.0.1.0.0.255', attribute: 2, dataIndex: 0 };

export const stamp = (utcMs: number): DlmsData => octetString(encodeDateTime(fromUtcMs(utcMs, 0)));

export const register = (obis: string, value: DlmsData): CosemObject => ({
  classId: 3,
  version: 0,
  obis,
  attributes: { 2: constant(value), 3: constant(scalerUnit(0, 30)) },
});

/** A profile of registers whose rows are made by `cells`, oldest first, of all periods until now. */
export interface OddProfile {
  columns: readonly string[];
  cells: (timeMs: number) => readonly DlmsData[];
  /** In place of the whole buffer. */
  raw?: Uint8Array;
  /** In place of the capture objects. */
  rawObjects?: Uint8Array;
}

/** A meter over TCP that is made by hand: what it has can be anything. */
export class OddMeter {
  readonly objects: CosemObject[] = [];
  profile: OddProfile = {
    columns: ['1.0.1.8.0.255', '1.0.2.8.0.255'],
    cells: (timeMs) => [u32((timeMs / PERIOD_MS) % 1_000_000), u32(7)],
  };
  /** What its clock says is the time. */
  now: () => number = () => Date.now();
  /** Times of the rows that it has sent, in order. */
  readonly sent: number[] = [];
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly close: () => Promise<void>;

  constructor() {
    const random = new SeededRandom(3);
    const listener = listenTcp({ host: this.host, port: 0 }, (channel) => {
      const machine = createServerMachine({
        link: {
          framing: 'wrapper',
          clientAddress: 1,
          serverAddress: 1,
          responseTimeoutMs: 60_000,
          maxApdu: 65_535,
        },
        devices: [
          createLogicalDevice({
            address: 1,
            systemTitle: new Uint8Array(8),
            name: 'odd',
            objects: [this.#clock(), this.#energy(), this.#relay(), ...this.objects],
            associations: [{ clientAddress: 1, auth: 'none', policy: 'none', rights: FULL_RIGHTS }],
            nextInvocationCounter: () => 1,
            acceptInvocationCounter: () => true,
          }),
        ],
        maxPduSize: 2048,
        randomBytes: (length) => random.bytes(length),
        idleTimeoutMs: 60_000,
      });
      pump(machine, channel, systemClock, () => {});
    });
    this.port = listener.port;
    this.close = () => listener.close();
  }

  /** Row times in [fromMs, toMs). */
  times(fromMs: number, toMs: number): number[] {
    const times: number[] = [];
    for (let at = Math.ceil(fromMs / PERIOD_MS) * PERIOD_MS; at < toMs; at += PERIOD_MS) times.push(at);
    return times;
  }

  #clock(): CosemObject {
    return { classId: 8, version: 0, obis: CLOCK.obis, attributes: { 2: { get: () => stamp(this.now()) } } };
  }

  #relay(): CosemObject {
    return { classId: 70, version: 0, obis: '0.0.96.3.10.255', attributes: { 3: constant(enumeration(1)) } };
  }

  #energy(): CosemObject {
    return {
      classId: 7,
      version: 1,
      obis: ENERGY,
      attributes: {
        2: { selective: true, get: ({ selection }) => this.#buffer(selection) },
        3: { get: () => this.profile.rawObjects ?? array(this.#captured().map(captureObjectData)) },
        4: constant(u32(PERIOD_MS / 1000)),
      },
    };
  }

  #captured(): CaptureObject[] {
    return [CLOCK, ...this.profile.columns.map((obis) => ({ classId: 3, obis, attribute: 2, dataIndex: 0 }))];
  }

  #buffer(selection: AccessSelection | undefined): Uint8Array {
    if (this.profile.raw !== undefined) return this.profile.raw;
    if (selection?.by !== 'range') return encodeData(array([]));
    const at = (value: DlmsData): number =>
      value.type === 'octet-string' ? (toUtcMs(decodeDateTime(value.value)) ?? Number.NaN) : Number.NaN;
    const times = this.times(at(selection.from), Math.min(at(selection.to) + 1, this.now()));
    this.sent.push(...times);
    return encodeData(array(times.map((time) => structure(stamp(time), ...this.profile.cells(time)))));
  }
}
