import { getServers } from 'node:dns';
import { existsSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { NetworkInterface } from '../headend/management/ports.ts';

const ROUTES = '/proc/net/route';
const DEFAULT_ROUTE = '00000000';

/** The machine's network interfaces but for the loopback, as the operating system has them now. */
export function ownInterfaces(): NetworkInterface[] {
  const gateways = defaultGateways();
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) => {
    const outer = addresses.filter(({ internal }) => !internal);
    const [first] = outer;
    if (first === undefined) return [];
    const v4 = outer.find(({ family }) => family === 'IPv4');
    return [
      {
        hardwareAddress: Uint8Array.fromHex(first.mac.replaceAll(':', '')),
        ipv4: v4 === undefined ? undefined : { address: v4.address, netmask: v4.netmask },
        ipv6: outer.filter(({ family }) => family === 'IPv6').map(({ address }) => address),
        gateway: gateways.get(name),
      },
    ];
  });
}

/** As the resolver uses them; without their ports. */
export const nameServers = (): readonly string[] =>
  getServers().map((server) => server.replace(/^\[(.+)\](?::\d+)?$/, '$1').replace(/^([\d.]+):\d+$/, '$1'));

/** Default gateways by the name of the interface: Linux tells them as the number's bytes, low one first. */
function defaultGateways(): ReadonlyMap<string, string> {
  if (!existsSync(ROUTES)) return new Map();
  const rows = readFileSync(ROUTES, 'utf8').split('\n').slice(1);
  return new Map(
    rows.flatMap((row): [string, string][] => {
      const [name, destination, gateway = ''] = row.trim().split(/\s+/);
      if (name === undefined || destination !== DEFAULT_ROUTE || !/^[\dA-F]{8}$/i.test(gateway)) return [];
      return [[name, Uint8Array.fromHex(gateway).toReversed().join('.')]];
    }),
  );
}
