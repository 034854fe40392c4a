import { DcuError } from '../base/errors.ts';
import type { AuthMechanism, Framing, MeterOpening, MeterTransport, SecuritySuite } from '../base/model.ts';
import type { HlsHook } from '../dlms/ciphering/types.ts';
import type { Referencing } from '../dlms/client.ts';
import type { TimeZone } from './calendar.ts';
import { type Credentials, credentialsOf, keysOf, systemTitleOf } from './credentials.ts';
import type { LoadKind } from './load-model.ts';
import { noise, seedFor } from './noise.ts';
import type { PushPlan } from './push-plan.ts';

/** Where a meter is to be found. */
export type MeterPlace =
  /** A TCP port of its own; 0 = any free one. */
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  /** A place on a shared RS-485 line. */
  | { readonly kind: 'rs485'; readonly line: number }
  /** In the network of a PLC module; `node` is the address of its communication unit, twelve digits. */
  | { readonly kind: 'plc'; readonly module: number; readonly node: string }
  /** An address of its own in a G3-PLC network: a port for TCP or UDP; 0 = any free one. */
  | {
      readonly kind: 'g3';
      readonly host: string;
      readonly port: number;
      readonly transport: MeterTransport;
    }
  /** Within this process, for simulated worlds in virtual time; `g3`: it stands for a node of a G3-PLC network. */
  | { readonly kind: 'memory'; readonly g3?: MeterTransport };

/** Everything that makes one simulated meter; `planNeighbourhood` fills it from a seed. */
export interface MeterPlan extends Credentials {
  readonly meterIndex: number;
  /** Twelve digits. */
  readonly meterNo: string;
  readonly place: MeterPlace;
  readonly framing: Framing;
  readonly client: number;
  readonly server: number;
  /** HDLC only: the lower address; absent with one-byte addressing. */
  readonly physicalAddress?: number;
  readonly addressBytes: 1 | 2 | 4;
  /** How its objects are named; `ln` if not given. */
  readonly referencing?: Referencing;
  readonly auth: AuthMechanism;
  /** 0 if not given. */
  readonly suite?: SecuritySuite;
  /** HLS: what the manufacturer's mechanism makes of the secret. */
  readonly hookFor?: (secret: Uint8Array) => HlsHook;
  readonly systemTitle: Uint8Array;
  readonly kind: LoadKind;
  readonly phases: 1 | 3;
  readonly feeder: number;
  readonly zone: TimeZone;
  /** Seeded when absent. */
  readonly driftPpm?: number;
  /** To whom it sends notifications by itself. */
  readonly push?: PushPlan;
  /** RS-485: how its line is taken into use; `direct` if not given. With mode E its device address is the meter number. */
  readonly opening?: MeterOpening;
  /** It is the balance meter of the street: it counts what all others of the archive take, and what is lost on the way. */
  readonly lossShare?: number;
  /** It is in no archive: it has come by itself and waits to be found. */
  readonly unlisted?: true;
}

export interface NeighbourhoodOptions {
  readonly seed: number;
  /** 1..2040, those on RS-485 lines, behind a module and of a G3 network included; the others are on TCP. */
  readonly meters: number;
  readonly host?: string;
  /** Port of the first TCP meter, the others follow; 0 = free ports; `memory`: no sockets, but `connect`. */
  readonly tcpBase: number | 'memory';
  /** Of the TCP meters. `mixed`: wrapper and HDLC in turn. */
  readonly framing: Framing | 'mixed';
  /** `mixed`: the mechanisms none, lls and hls-gmac in turn; of G3 meters hls-gmac. */
  readonly auth: AuthMechanism | 'mixed';
  /** Of hls-gmac and hls-ecdsa; 0 if not given. */
  readonly suite?: SecuritySuite;
  /** What the manufacturer's mechanism makes of a secret; needed with `hls`. */
  readonly hookFor?: (secret: Uint8Array) => HlsHook;
  /** `ln` if not given. */
  readonly referencing?: Referencing;
  /** Number of RS-485 lines. */
  readonly rs485Lines?: number;
  /** Meters on each line (8 if not given); they are the last of all. */
  readonly metersPerLine?: number;
  /** So many of each line are taken into use by the mode E opening; 0 if not given. */
  readonly modeEPerLine?: number;
  /** Meters behind a PLC module. They speak HDLC, one in five the wrapper. */
  readonly plc?: {
    readonly meters: number;
    /** Nodes beyond `meters` that are in no archive; their meters are `unlisted` and come behind all others. */
    readonly strangers?: number;
  };
  /** Meters of a G3-PLC network, by TCP and UDP in turn; always the wrapper. */
  readonly g3?: {
    readonly meters: number;
    /** `::1` if not given. */
    readonly host?: string;
    /** Port of the first one, the others follow; 0 = free ports, as if not given; `memory`: as `tcpBase`. */
    readonly base?: number | 'memory';
  };
  /** Central European time with summer time if not given. */
  readonly zone?: TimeZone;
  /** The first meter is the balance meter of all others; two to six percent of what they import is lost on the way. */
  readonly balance?: boolean;
  /** All meters push; with ciphering they have keys whatever their mechanism is. */
  readonly push?: PushPlan;
}

export const MAX_METERS = 2040;
const FIRST_METER_NO = 261_100_000_000;
/** Lower addresses from here on; below are reserved ones and those that installers like. */
const FIRST_PHYSICAL = 17;
/** Most that fit two-byte addressing, whose lower half has 7 bits with the top two reserved. */
const MAX_PER_LINE = 109;
const METERS_PER_FEEDER = 40;
const MECHANISMS: readonly AuthMechanism[] = ['none', 'lls', 'hls-gmac'];

export const CENTRAL_EUROPE: TimeZone = { utcOffsetMinutes: 60, daylightSaving: true };

/** Lays out a neighbourhood; the same options give the same plans. Throws `invalid-argument` naming the option. */
export function planNeighbourhood(options: NeighbourhoodOptions): MeterPlan[] {
  const { meters, tcpBase, rs485Lines = 0, metersPerLine = 8, modeEPerLine = 0, plc, g3 } = options;
  within('meters', meters, 1, MAX_METERS);
  within('rs485Lines', rs485Lines, 0, 64);
  within('metersPerLine', metersPerLine, 1, MAX_PER_LINE);
  within('modeEPerLine', modeEPerLine, 0, metersPerLine);
  within('plc', plc?.meters ?? 0, 0, meters);
  within('strangers', plc?.strangers ?? 0, 0, MAX_METERS);
  within('g3', g3?.meters ?? 0, 0, meters);
  const onLines = rs485Lines * metersPerLine;
  if (onLines > meters) {
    throw new DcuError(
      'invalid-argument',
      `${rs485Lines} lines of ${metersPerLine} need ${onLines} meters, there are ${meters}`,
      { field: 'rs485Lines' },
    );
  }
  const onTcp = meters - onLines - (plc?.meters ?? 0) - (g3?.meters ?? 0);
  if (onTcp < 0) {
    throw new DcuError('invalid-argument', `the parts of the neighbourhood need more than ${meters} meters`, {
      field: 'meters',
    });
  }
  checkMechanism(options);
  if (tcpBase !== 'memory') checkPorts('tcpBase', tcpBase, onTcp);
  if (g3 !== undefined && g3.base !== 'memory') checkPorts('g3', g3.base ?? 0, g3.meters);
  const places = placesOf(options, onTcp);
  return places.map((place, index) => planMeter(options, index, place, index >= meters));
}

function checkPorts(field: string, first: number, count: number): void {
  within(field, first, 0, 65_535);
  if (first + count - 1 <= 65_535) return;
  throw new DcuError('invalid-argument', `ports from ${first} on do not suffice for ${count} meters`, {
    field,
  });
}

function checkMechanism({ auth, suite = 0, hookFor }: NeighbourhoodOptions): void {
  if (auth === 'hls-ecdsa' && suite === 0) {
    throw new DcuError('invalid-argument', 'hls-ecdsa needs suite 1 or 2', { field: 'suite' });
  }
  if (auth === 'hls' && hookFor === undefined) {
    throw new DcuError('invalid-argument', 'hls needs to know what the manufacturer computes', {
      field: 'auth',
    });
  }
}

/** TCP, G3, PLC, RS-485, and nodes of the PLC network that are in no archive. */
function placesOf(options: NeighbourhoodOptions, onTcp: number): MeterPlace[] {
  const { meters, tcpBase, host = '127.0.0.1', rs485Lines = 0, metersPerLine = 8, plc, g3 } = options;
  const places: MeterPlace[] = [];
  for (let i = 0; i < onTcp; i++) {
    const port = tcpBase === 'memory' || tcpBase === 0 ? 0 : tcpBase + i;
    places.push(tcpBase === 'memory' ? { kind: 'memory' } : { kind: 'tcp', host, port });
  }
  for (let i = 0; i < (g3?.meters ?? 0); i++) {
    const { base = 0, host: own = '::1' } = g3 ?? {};
    const transport = i % 2 === 0 ? 'tcp' : 'udp';
    if (base === 'memory') places.push({ kind: 'memory', g3: transport });
    else places.push({ kind: 'g3', host: own, port: base === 0 ? 0 : base + i, transport });
  }
  const addNode = (): void => {
    places.push({ kind: 'plc', module: 0, node: meterNoOf(places.length) });
  };
  for (let i = 0; i < (plc?.meters ?? 0); i++) addNode();
  for (let i = 0; i < rs485Lines * metersPerLine; i++) {
    places.push({ kind: 'rs485', line: Math.floor(i / metersPerLine) });
  }
  while (places.length < meters + (plc?.strangers ?? 0)) addNode();
  return places;
}

/** Whether the meter is a node of a G3-PLC network. */
export function isG3(place: MeterPlace): boolean {
  return place.kind === 'g3' || (place.kind === 'memory' && place.g3 !== undefined);
}

const meterNoOf = (index: number): string => String(FIRST_METER_NO + index + 1);

function framingOf(options: NeighbourhoodOptions, index: number, place: MeterPlace): Framing {
  switch (place.kind) {
    case 'rs485':
      return 'hdlc';
    case 'plc':
      return index % 5 === 4 ? 'wrapper' : 'hdlc';
    default:
      if (isG3(place)) return 'wrapper';
      if (options.framing !== 'mixed') return options.framing;
      return index % 2 === 0 ? 'wrapper' : 'hdlc';
  }
}

/** A G3 network's key is changed under the meter's own keys. */
function mechanismOf({ auth }: NeighbourhoodOptions, index: number, place: MeterPlace): AuthMechanism {
  if (auth !== 'mixed') return auth;
  return isG3(place) ? 'hls-gmac' : (MECHANISMS[index % 3] ?? 'none');
}

/** Where a meter stands on its line. */
function stationOf(
  options: NeighbourhoodOptions,
  index: number,
): Pick<MeterPlan, 'physicalAddress' | 'addressBytes' | 'opening'> {
  const { meters, rs485Lines = 0, metersPerLine = 8, modeEPerLine = 0 } = options;
  const position = (index - (meters - rs485Lines * metersPerLine)) % metersPerLine;
  return {
    physicalAddress: FIRST_PHYSICAL + position,
    addressBytes: 2,
    ...(position >= metersPerLine - modeEPerLine ? { opening: 'mode-e' } : {}),
  };
}

function planMeter(
  options: NeighbourhoodOptions,
  index: number,
  place: MeterPlace,
  unlisted: boolean,
): MeterPlan {
  const { seed, zone = CENTRAL_EUROPE } = options;
  const meterNo = meterNoOf(index);
  const auth = mechanismOf(options, index, place);
  const pick = noise(seed, index, 600);
  const isBalance = options.balance === true && index === 0;
  return {
    meterIndex: index,
    meterNo,
    place,
    framing: framingOf(options, index, place),
    client: 1,
    server: 1,
    ...(place.kind === 'rs485' ? stationOf(options, index) : { addressBytes: 1 }),
    ...(options.referencing === undefined ? {} : { referencing: options.referencing }),
    auth,
    ...(options.suite === undefined ? {} : { suite: options.suite }),
    ...(auth === 'hls' && options.hookFor ? { hookFor: options.hookFor } : {}),
    ...credentialsOf(seed, meterNo, auth, options.suite ?? 0),
    ...(options.push?.ciphered === undefined ? {} : keysOf(seedFor(seed, meterNo), options.suite ?? 0)),
    ...(options.push === undefined ? {} : { push: options.push }),
    systemTitle: systemTitleOf(meterNo),
    kind: pick < 0.7 ? 'household' : pick < 0.85 ? 'solar' : 'shop',
    phases: isBalance || noise(seed, index, 601) < 0.4 ? 3 : 1,
    ...(isBalance ? { lossShare: 0.02 + 0.04 * noise(seed, index, 602) } : {}),
    feeder: Math.floor(index / METERS_PER_FEEDER),
    zone,
    ...(unlisted ? { unlisted } : {}),
  };
}

function within(field: string, value: number, from: number, to: number): void {
  if (Number.isInteger(value) && value >= from && value <= to) return;
  throw new DcuError(
    'invalid-argument',
    `${field} must be a whole number from ${from} to ${to}, not ${value}`,
    {
      field,
    },
  );
}
