import { toHex } from '../base/bytes.ts';
import { needsSystemTitle } from '../base/security-needs.ts';
import type { Neighbourhood, ServedMeter } from '../simulator/neighbourhood.ts';
import type { CliIo } from './command.ts';
import { privateKeyPem, publicKeyPem } from './key-pem.ts';

/** How the meters are read: a table for people, one line of JSON for programs. */
export function printNeighbourhood(
  { meters, strangers, modules }: Neighbourhood,
  json: boolean,
  io: CliIo,
): void {
  const [module] = modules;
  if (json) {
    io.out(
      JSON.stringify({
        ...(module === undefined ? {} : { module: module.path }),
        meters: meters.map(jsonOf),
        ...(strangers.length === 0 ? {} : { strangers: strangers.map(jsonOf) }),
      }),
    );
    return;
  }
  const header = ['MeterNo', 'Where', 'Framing', 'Client', 'Server', 'Address', 'Auth', 'Secrets'];
  const rows = meters.map((meter) => [
    meter.meterNo,
    whereText(meter),
    meter.framing,
    String(meter.client),
    String(meter.server),
    meter.physicalAddress === undefined ? '-' : `${meter.physicalAddress} (${meter.addressBytes} bytes)`,
    meter.auth,
    secretsText(meter),
  ]);
  const widths = header.map((_, column) =>
    Math.max(...[header, ...rows].map((cells) => cells[column]?.length ?? 0)),
  );
  for (const cells of [header, ...rows]) {
    io.out(
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  }
  const behind = module === undefined ? '' : `, the PLC module on ${module.path}`;
  io.err(`${meters.length} meters ready${behind}; Ctrl-C ends`);
}

function whereText({ serialPath, opening, modulePath, node, transport, host, port }: ServedMeter): string {
  if (modulePath !== undefined) return `node ${node}`;
  if (serialPath !== undefined) return opening === undefined ? serialPath : `${serialPath} (${opening})`;
  const address = host?.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return transport === 'udp' ? `${address} (udp)` : address;
}

/** The secrets of a simulation are there to be shown: they come out of its seed. */
function secretsText(meter: ServedMeter): string {
  if (meter.password !== undefined) return `password ${meter.password}`;
  if (meter.signingKeys !== undefined) return 'key pairs: see --json';
  if (meter.encryptionKey === undefined || meter.authenticationKey === undefined) return '-';
  return `EK ${toHex(meter.encryptionKey)} AK ${toHex(meter.authenticationKey)} title ${toHex(meter.systemTitle)}`;
}

function jsonOf(meter: ServedMeter): Record<string, string | number> {
  const { encryptionKey, authenticationKey, masterKey, physicalAddress } = meter;
  return {
    meterNo: meter.meterNo,
    ...whereJson(meter),
    framing: meter.framing,
    client: meter.client,
    server: meter.server,
    ...(physicalAddress === undefined ? {} : { physicalAddress }),
    ...(meter.framing === 'hdlc' ? { addressBytes: meter.addressBytes } : {}),
    ...(meter.referencing === undefined ? {} : { referencing: meter.referencing }),
    auth: meter.auth,
    ...(meter.suite === undefined ? {} : { suite: meter.suite }),
    ...(meter.password === undefined ? {} : { password: meter.password }),
    ...(encryptionKey !== undefined || needsSystemTitle({ auth: meter.auth, policy: 'none' })
      ? { systemTitle: toHex(meter.systemTitle) }
      : {}),
    ...signingKeysOf(meter),
    ...(encryptionKey === undefined || authenticationKey === undefined
      ? {}
      : {
          encryptionKey: toHex(encryptionKey),
          authenticationKey: toHex(authenticationKey),
          ...(masterKey === undefined ? {} : { masterKey: toHex(masterKey) }),
        }),
  };
}

function whereJson(meter: ServedMeter): Record<string, string | number> {
  const { serialPath, opening, modulePath, node, transport, host, port } = meter;
  if (modulePath !== undefined) return { module: modulePath, node: node ?? '' };
  if (serialPath !== undefined) return { serial: serialPath, ...(opening === undefined ? {} : { opening }) };
  return { host: host ?? '', port: port ?? 0, ...(transport === undefined ? {} : { transport }) };
}

/** In PEM form, as `dcu read` takes them from files. */
function signingKeysOf({ signingKeys, suite = 0 }: ServedMeter): Record<string, string> {
  if (signingKeys === undefined) return {};
  const { meter, client } = signingKeys;
  return {
    signingKey: privateKeyPem(client, suite),
    meterSigningKey: publicKeyPem(meter.publicKey, suite),
  };
}
