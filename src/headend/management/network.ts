import { isIPv4, isIPv6 } from 'node:net';
import { type CosemObject, constant } from '../../dlms/cosem/cosem-object.ts';
import { array, boolean, enumeration, logicalName, octetString, u8, u16, u32 } from '../../dlms/values.ts';
import { changing } from './changes.ts';
import type { ManagementGroup, ManagementRequest } from './group.ts';
import type { Change, NetworkInterface } from './ports.ts';
import { integerOf } from './written.ts';

const tcpSetup = (b: number): string => `0.${b}.25.0.0.255`;
const ipv4Setup = (b: number): string => `0.${b}.25.1.0.255`;
const macSetup = (b: number): string => `0.${b}.25.2.0.255`;
const ipv6Setup = (b: number): string => `0.${b}.25.7.0.255`;

/** What TCP has where nothing else is agreed upon (Blue Book, class 41). */
const DEFAULT_MSS = 576;
/** address_config_mode of class 48: the machine's own, which this program does not know. */
const AUTO_CONFIGURATION = 0;
const MOST_INTERFACES = 8;
const NO_INTERFACE: NetworkInterface = {
  hardwareAddress: new Uint8Array(0),
  ipv4: undefined,
  ipv6: [],
  gateway: undefined,
};

/** Classes 41, 42, 43 and 48: the servers' ports, which may be set; the addresses, which the machine's system has. */
export const networkGroup: ManagementGroup = {
  objects: (at) => {
    const { network } = at.sources.management;
    const found = network.interfaces().slice(0, MOST_INTERFACES);
    const interfaces = found.length > 0 ? found : [NO_INTERFACE];
    return [
      ...network.listeners.map((channel, b) => tcpUdpSetup(at, channel, b)),
      ...interfaces.flatMap((one, b) => interfaceObjects(one, b, network.nameServers())),
    ];
  },
};

function tcpUdpSetup(at: ManagementRequest, channel: string, b: number): CosemObject {
  const { network } = at.sources.management;
  return {
    classId: 41,
    version: 0,
    obis: tcpSetup(b),
    attributes: {
      2: {
        get: () => u16(network.port(channel) ?? 0),
        set: changing(at, tcpSetup(b), async (value): Promise<Change> => {
          const port = integerOf(value, 'TCP_UDP_port');
          await network.setPort(channel, port);
          const detail = `value=${port}`;
          return { action: 'channel-attribute.update', subject: `${channel} port`, detail };
        }),
      },
      3: constant(logicalName(ipv4Setup(0))),
      4: constant(u16(DEFAULT_MSS)),
      5: constant(u8(network.mostConnections)),
      6: constant(u16(network.idleTimeoutS)),
    },
  };
}

function interfaceObjects(
  { hardwareAddress, ipv4, ipv6, gateway }: NetworkInterface,
  b: number,
  nameServers: readonly string[],
): CosemObject[] {
  const [first, second] = nameServers.filter((address) => isIPv4(address));
  const [first6, second6] = nameServers.filter((address) => isIPv6(address));
  const address = (text: string | undefined) => constant(u32(ipv4Number(text)));
  const address6 = (text: string | undefined) =>
    constant(octetString(text === undefined ? new Uint8Array(0) : ipv6Bytes(text)));
  return [
    {
      classId: 42,
      version: 0,
      obis: ipv4Setup(b),
      attributes: {
        2: constant(logicalName(macSetup(b))),
        3: address(ipv4?.address),
        4: constant(array([])),
        5: constant(array([])),
        6: address(ipv4?.netmask),
        7: address(gateway),
        8: constant(boolean(false)),
        9: address(first),
        10: address(second),
      },
    },
    {
      classId: 43,
      version: 0,
      obis: macSetup(b),
      attributes: { 2: constant(octetString(hardwareAddress)) },
    },
    {
      classId: 48,
      version: 0,
      obis: ipv6Setup(b),
      attributes: {
        2: constant(logicalName(macSetup(b))),
        3: constant(enumeration(AUTO_CONFIGURATION)),
        4: constant(array(ipv6.map((text) => octetString(ipv6Bytes(text))))),
        5: constant(array([])),
        6: constant(array([])),
        7: address6(first6),
        8: address6(second6),
        9: constant(u8(0)),
        10: constant(array([])),
      },
    },
  ];
}

/** 0 = none. */
function ipv4Number(text: string | undefined): number {
  if (text === undefined || !isIPv4(text)) return 0;
  return text.split('.').reduce((number, part) => number * 256 + Number(part), 0);
}

/** Sixteen bytes of a valid address; a zone (`%eth0`) is left out. */
function ipv6Bytes(text: string): Uint8Array {
  const [plain = ''] = text.split('%');
  // What the standard's URL parser makes of it has hexadecimal groups only.
  const canonical = new URL(`http://[${plain}]/`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const [front, back] = [groups(head), groups(tail ?? '')];
  const zeros = Array.from({ length: 8 - front.length - back.length }, () => 0);
  return Uint8Array.from([...front, ...zeros, ...back].flatMap((group) => [group >> 8, group & 0xff]));
}
