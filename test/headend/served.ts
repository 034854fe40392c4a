import { systemClock } from '../../src/base/clock.ts';
import type { Meter } from '../../src/base/model.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { ByteChannel } from '../../src/channels/channel.ts';
import { type DlmsClient, openDlmsClient } from '../../src/channels/dlms-client.ts';
import { openTcp } from '../../src/channels/tcp.ts';
import { decodeData } from '../../src/dlms/axdr.ts';
import type { AccessSelection, AssociationConfig, CosemAttribute } from '../../src/dlms/client.ts';
import type { DlmsData } from '../../src/dlms/data.ts';
import { encodeDateTime, fromUtcMs } from '../../src/dlms/datetime.ts';
import { octetString } from '../../src/dlms/values.ts';
import type { NeighbourhoodOptions } from '../../src/simulator/plan.ts';
import { type House, type HouseOptions, openHouse } from '../concentrator/house.ts';
import { type Neighbours, startNeighbours } from '../faults/neighbours.ts';

export const PASSWORD = 'Head-End-4059';
export const ENCRYPTION_KEY = '000102030405060708090a0b0c0d0e0f';
export const AUTHENTICATION_KEY = 'd0d1d2d3d4d5d6d7d8d9dadbdcdddedf';
const HES_TITLE = Uint8Array.of(0x48, 0x45, 0x53, 0, 0, 0, 0, 1);

/** A concentrator with simulated meters that have been read, and its port for head-ends. */
export class ServedHouse {
  readonly house: House;
  readonly street: Neighbours;
  readonly meters: readonly Meter[];
  readonly #channels: ByteChannel[] = [];
  #counter = 1;

  constructor(house: House, street: Neighbours, meters: readonly Meter[]) {
    this.house = house;
    this.street = street;
    this.meters = meters;
  }

  get port(): number {
    return this.portOf('tcp_server');
  }

  portOf(channel: string): number {
    const port = this.house.concentrator.headend.port(channel);
    if (port === undefined) throw new Error(`${channel} does not listen`);
    return port;
  }

  meter(index: number): Meter {
    const meter = this.meters[index];
    if (meter === undefined) throw new Error(`there is no meter ${index}`);
    return meter;
  }

  async attributes(values: Readonly<Record<string, string>>, channel = 'tcp_server'): Promise<void> {
    await this.house.concentrator.store.configuration.changeChannelAttributes(channel, values);
  }

  async settings(values: Readonly<Record<string, string>>): Promise<void> {
    const { configuration } = this.house.concentrator.store;
    for (const [key, value] of Object.entries(values)) await configuration.saveSetting(key, value);
  }

  /** A channel to the port; closed at the end. */
  async dial(name = 'tcp_server'): Promise<ByteChannel> {
    const channel = await openTcp({ host: '127.0.0.1', port: this.portOf(name), connectTimeoutMs: 2000 });
    this.#channels.push(channel);
    return channel;
  }

  /** An association of the head-end with a logical device, with LLS unless said otherwise. */
  async associate(
    sap: number,
    how: Partial<AssociationConfig> & { readonly client?: number; readonly answerMs?: number } = {},
    channel?: ByteChannel,
  ): Promise<DlmsClient> {
    const { client = 1, answerMs = 10_000, ...association } = how;
    return openDlmsClient(
      channel ?? (await this.dial()),
      {
        link: {
          framing: 'wrapper',
          clientAddress: client,
          serverAddress: sap,
          responseTimeoutMs: answerMs,
          maxApdu: 65_535,
        },
        association: {
          auth: 'lls',
          policy: 'none',
          password: new TextEncoder().encode(PASSWORD),
          // Small, so that answers come in blocks.
          maxPduSize: 700,
          ...association,
        },
        randomBytes: (length) => systemRandom.bytes(length),
      },
      systemClock,
    );
  }

  /** How a head-end with keys associates. */
  get ciphered(): Partial<AssociationConfig> {
    return {
      auth: 'hls-gmac',
      policy: 'auth-enc',
      systemTitle: HES_TITLE,
      encryptionKey: Uint8Array.fromHex(ENCRYPTION_KEY),
      authenticationKey: Uint8Array.fromHex(AUTHENTICATION_KEY),
      nextInvocationCounter: () => this.#counter++,
    };
  }

  /** Closes every connection that was dialled. */
  async hangUp(): Promise<void> {
    for (const channel of this.#channels.splice(0)) await channel.close();
  }

  async end(): Promise<void> {
    await this.hangUp();
    await this.street.stop();
    await this.house.end();
  }
}

export async function openServed(
  plan: Partial<NeighbourhoodOptions> = {},
  options: HouseOptions = {},
): Promise<ServedHouse> {
  const house = await openHouse(options);
  const street = await startNeighbours({ meters: 2, ...plan });
  const meters: Meter[] = [];
  for (const served of street.meters) meters.push(await house.serve(served));
  const served = new ServedHouse(house, street, meters);
  await served.attributes({
    host: '127.0.0.1',
    port: '0',
    'hes.auth': 'lls',
    'hes.password': PASSWORD,
  });
  await house.concentrator.headend.settled();
  return served;
}

/** The value of an attribute; a refusal is thrown by its name. */
export async function readValue(
  client: DlmsClient,
  attribute: CosemAttribute,
  selection?: AccessSelection,
): Promise<DlmsData> {
  const result = await client.get(attribute, selection);
  if (!result.ok) throw new Error(result.result);
  return decodeData(result.data);
}

export const elements = (data: DlmsData | undefined): readonly DlmsData[] => {
  if (data === undefined || !('elements' in data)) throw new Error('no list');
  return data.elements;
};

export const octets = (data: DlmsData | undefined): Uint8Array => {
  if (data?.type !== 'octet-string') throw new Error('no octet-string');
  return data.value;
};

export const text = (data: DlmsData | undefined): string => new TextDecoder().decode(octets(data));

/** Both ends included, UTC milliseconds. */
export const range = (clockObis: string, fromMs: number, toMs: number): AccessSelection => ({
  by: 'range',
  restricting: { classId: 8, obis: clockObis, attribute: 2 },
  from: octetString(encodeDateTime(fromUtcMs(fromMs, 0))),
  to: octetString(encodeDateTime(fromUtcMs(toMs, 0))),
});
