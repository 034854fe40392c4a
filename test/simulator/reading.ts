import { type Clock, systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import type { ByteChannel } from '../../src/channels/channel.ts';
import { type DlmsClient, runDlmsClient } from '../../src/channels/dlms-client.ts';
import { openSerial } from '../../src/channels/serial.ts';
import { openTcp } from '../../src/channels/tcp.ts';
import { decodeData } from '../../src/dlms/axdr.ts';
import { type AccessSelection, type CosemAttribute, createClientMachine } from '../../src/dlms/client.ts';
import type { DlmsData } from '../../src/dlms/data.ts';
import type { LinkConfig } from '../../src/dlms/link/link.ts';
import {
  type Neighbourhood,
  type ServedMeter,
  type StartOptions,
  startNeighbourhood,
} from '../../src/simulator/neighbourhood.ts';
import { type NeighbourhoodOptions, planNeighbourhood } from '../../src/simulator/plan.ts';
import { START_MS } from './sample.ts';

/** Starts a small neighbourhood on free ports whose simulation begins at START_MS, on a clock that runs from there. */
export async function small(
  plan: Partial<NeighbourhoodOptions> = {},
  start: Partial<StartOptions> = {},
): Promise<Neighbourhood> {
  const shiftMs = START_MS - Date.now();
  return await startNeighbourhood({
    seed: 1,
    clock: { ...systemClock, now: () => Date.now() + shiftMs },
    log: silentLog,
    startMs: START_MS,
    meters: planNeighbourhood({ seed: 1, meters: 1, tcpBase: 0, framing: 'wrapper', auth: 'none', ...plan }),
    ...start,
  });
}

export interface ReadOptions {
  readonly client?: number;
  readonly responseTimeoutMs?: number;
  readonly retries?: number;
  readonly password?: string;
  readonly physicalAddress?: number;
  /** First invocation counter. */
  readonly counter?: number;
  /** System clock if not given. */
  readonly clock?: Clock;
}

let counter = 1000;

/** A channel to a meter, as a reader opens it. */
export async function openTo(meter: ServedMeter): Promise<ByteChannel> {
  if (meter.connect !== undefined) return meter.connect();
  if (meter.serialPath === undefined)
    return openTcp({ host: meter.host ?? '', port: meter.port ?? 0, connectTimeoutMs: 2000 });
  return openSerial({ path: meter.serialPath, baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 });
}

/** Opens an association with what the neighbourhood says of the meter. The caller closes the channel. */
export async function associate(
  meter: ServedMeter,
  channel: ByteChannel,
  options: ReadOptions = {},
): Promise<DlmsClient> {
  const clientAddress = options.client ?? meter.client;
  const secured = clientAddress === meter.client && meter.auth === 'hls-gmac';
  const { responseTimeoutMs = 2000 } = options;
  const physicalAddress = options.physicalAddress ?? meter.physicalAddress;
  const common = { clientAddress, serverAddress: meter.server, responseTimeoutMs };
  const link: LinkConfig =
    meter.framing === 'wrapper'
      ? { framing: 'wrapper', ...common, maxApdu: 65_535 }
      : {
          framing: 'hdlc',
          ...common,
          ...(physicalAddress === undefined ? {} : { physicalAddress }),
          addressBytes: meter.addressBytes,
          maxInfoTransmit: 512,
          maxInfoReceive: 512,
          windowTransmit: 1,
          windowReceive: 1,
          interOctetTimeoutMs: 500,
          retries: options.retries ?? 0,
          ...(meter.opening === 'mode-e' ? { opening: { address: meter.meterNo, baudRate: 9600 } } : {}),
        };
  const password = options.password ?? meter.password;
  const machine = createClientMachine({
    link,
    association: {
      auth: clientAddress === meter.client ? meter.auth : 'none',
      policy: secured ? 'auth-enc' : 'none',
      ...(password === undefined ? {} : { password: new TextEncoder().encode(password) }),
      ...(secured && {
        systemTitle: new TextEncoder().encode('TSTclien'),
        ...(meter.encryptionKey && { encryptionKey: meter.encryptionKey }),
        ...(meter.authenticationKey && { authenticationKey: meter.authenticationKey }),
        nextInvocationCounter: () => options.counter ?? counter++,
      }),
      maxPduSize: 4096,
    },
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  });
  return await runDlmsClient(machine, channel, options.clock ?? systemClock, responseTimeoutMs * 2);
}

/** Opens, does, releases and closes. */
export async function withMeter<Result>(
  meter: ServedMeter,
  work: (client: DlmsClient) => Promise<Result>,
  options: ReadOptions = {},
): Promise<Result> {
  const channel = await openTo(meter);
  try {
    const client = await associate(meter, channel, options);
    const result = await work(client);
    await client.release();
    return result;
  } finally {
    await channel.close();
  }
}

export const at = (classId: number, obis: string, attribute = 2): CosemAttribute => ({
  classId,
  obis,
  attribute,
});

/** Decoded value of an attribute; throws the name of a refusal. */
export async function get(
  client: DlmsClient,
  attribute: CosemAttribute,
  selection?: AccessSelection,
): Promise<DlmsData> {
  const result = await client.get(attribute, selection);
  if (!result.ok) throw new Error(result.result);
  return decodeData(result.data);
}

/** Number in any integer type. */
export function numberOf(data: DlmsData | undefined): number {
  if (data !== undefined && 'value' in data && typeof data.value === 'number') return data.value;
  throw new Error(`not a number: ${data?.type}`);
}

export function elementsOf(data: DlmsData | undefined): readonly DlmsData[] {
  if (data?.type === 'array' || data?.type === 'structure') return data.elements;
  throw new Error(`not a list: ${data?.type}`);
}

export function bytesOf(data: DlmsData | undefined): Uint8Array {
  if (data?.type === 'octet-string') return data.value;
  throw new Error(`not an octet-string: ${data?.type}`);
}

/** What a promise rejects with; throws when it does not reject. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it went well');
}
