import type { Framing, MeterTransport } from '../base/model.ts';
import type { ByteChannel } from '../channels/channel.ts';
import type { SimulatedMeter } from './meter.ts';
import type { MeterPlan } from './plan.ts';

/** A meter that is being served, and everything that is needed to read it. */
export interface ServedMeter {
  readonly meterNo: string;
  /** Meters with an IP address. */
  readonly host?: string;
  readonly port?: number;
  /** Meters of a G3-PLC network: what carries the wrapper. */
  readonly transport?: MeterTransport;
  /** Path of the pseudo-terminal that its RS-485 line ends in. */
  readonly serialPath?: string;
  /** Path of the pseudo-terminal of the PLC module that it is behind, and the address of its communication unit. */
  readonly modulePath?: string;
  readonly node?: string;
  /** Meters in memory: opens one more connection. */
  readonly connect?: () => ByteChannel;
  /** `tcp`, `g3`, `memory`, or `rs485-1`, `rs485-2`, …, or `plc-1`. */
  readonly line: string;
  readonly framing: Framing;
  readonly client: number;
  readonly server: number;
  readonly physicalAddress?: number;
  readonly addressBytes: 1 | 2 | 4;
  /** RS-485: how the line is taken into use. */
  readonly opening?: MeterPlan['opening'];
  readonly referencing?: MeterPlan['referencing'];
  readonly auth: MeterPlan['auth'];
  readonly suite?: MeterPlan['suite'];
  readonly password?: string;
  readonly signingKeys?: MeterPlan['signingKeys'];
  readonly systemTitle: Uint8Array;
  readonly encryptionKey?: Uint8Array;
  readonly authenticationKey?: Uint8Array;
  readonly masterKey?: Uint8Array;
  readonly phases: 1 | 3;
  /** The meter itself: its faults, its relay, its logs. */
  readonly device: SimulatedMeter;
}

/** Where a meter is, as far as only the neighbourhood knows. */
export type Where = Pick<
  ServedMeter,
  'host' | 'port' | 'transport' | 'serialPath' | 'modulePath' | 'node' | 'connect' | 'line'
>;

/** A meter in the words of whoever is to read it. */
export function describeMeter(device: SimulatedMeter, where: Where): ServedMeter {
  const { meterNo, framing, client, server, physicalAddress, addressBytes, auth, phases } = device.plan;
  const { password, systemTitle, encryptionKey, authenticationKey, masterKey } = device.plan;
  const { referencing, suite, signingKeys, opening } = device.plan;
  return {
    meterNo,
    ...where,
    framing,
    client,
    server,
    ...(physicalAddress === undefined ? {} : { physicalAddress }),
    addressBytes,
    ...(opening === undefined ? {} : { opening }),
    ...(referencing === undefined ? {} : { referencing }),
    auth,
    ...(suite === undefined ? {} : { suite }),
    ...(password === undefined ? {} : { password }),
    ...(signingKeys === undefined ? {} : { signingKeys }),
    systemTitle,
    ...(encryptionKey === undefined ? {} : { encryptionKey }),
    ...(authenticationKey === undefined ? {} : { authenticationKey }),
    ...(masterKey === undefined ? {} : { masterKey }),
    phases,
    device,
  };
}
