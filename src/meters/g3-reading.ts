import { toDcuError } from '../base/errors.ts';
import { G3_COUNTERS, type G3Counters, type G3View } from '../base/g3.ts';
import type { CosemAttribute, GetResult } from '../dlms/client.ts';
import type { DlmsData } from '../dlms/data.ts';
import { decodeValue, refusal } from './attribute.ts';
import {
  bits,
  type G3Table,
  g3Addresses,
  g3Blacklist,
  g3Contexts,
  g3Heard,
  g3Neighbours,
  g3Routes,
  integer,
  truth,
} from './g3-tables.ts';

/** Logical names of the G3-PLC objects (Blue Book; as the firmware of a chip vendor has them). */
const COUNTERS = { classId: 90, obis: '0.0.29.0.0.255' } as const;
const MAC = { classId: 91, obis: '0.0.29.1.0.255' } as const;
const ADAPTATION = { classId: 92, obis: '0.0.29.2.0.255' } as const;

const mac = (attribute: number): CosemAttribute => ({ ...MAC, attribute });
const adaptation = (attribute: number): CosemAttribute => ({ ...ADAPTATION, attribute });

/** Short values, which fit lists; the two that a view cannot do without come first. */
const SCALARS = {
  shortAddress: mac(2),
  panId: mac(4),
  routeCost: mac(3),
  toneMask: mac(7),
  maxHops: adaptation(2),
  weakLqi: adaptation(3),
  pathDiscoveryTimeS: adaptation(14),
  coordinator: adaptation(17),
  deviceType: adaptation(19),
  defaultRoute: adaptation(20),
} as const;
type ScalarName = keyof typeof SCALARS;

/** Reads attributes, each with its value or refusal, in order. */
export type ReadAttributes = (attributes: readonly CosemAttribute[]) => Promise<readonly GetResult[]>;

/**
 * Reads the network objects of a meter. Tables go one by one, since a list of them fits no PDU.
 * @throws DcuError `not-granted` where the meter tells neither PAN nor short address; what `read` throws
 */
export async function readG3View(read: ReadAttributes): Promise<G3View> {
  const names = Object.keys(SCALARS) as ScalarName[];
  const results = await read(names.map((name) => SCALARS[name]));
  const scalars = new Map(names.map((name, i) => [name, decoded(results[i])]));
  const shortAddress = integer(scalars.get('shortAddress'));
  const panId = integer(scalars.get('panId'));
  if (shortAddress === undefined || panId === undefined) {
    throw refusal(
      'address and network of the G3-PLC MAC (class 91)',
      results[0]?.ok === false ? results[0].result : 'no value of its type',
    );
  }
  const one = async (attribute: CosemAttribute): Promise<DlmsData | undefined> =>
    decoded((await read([attribute]))[0]);
  const neighbours = g3Neighbours(await one(mac(11)));
  const heard = g3Heard(await one(mac(25)));
  const routes = g3Routes(await one(adaptation(8)));
  const contexts = g3Contexts(await one(adaptation(9)));
  const blacklist = g3Blacklist(await one(adaptation(10)));
  const destinations = g3Addresses(await one(adaptation(21)));
  const counters = await read(G3_COUNTERS.map((_, i) => ({ ...COUNTERS, attribute: i + 2 })));
  const tables: readonly G3Table<unknown>[] = [neighbours, heard, routes, contexts, blacklist, destinations];
  const number = (name: ScalarName) => integer(scalars.get(name));
  const toneMask = bits(scalars.get('toneMask'));
  const defaultRoute = truth(scalars.get('defaultRoute'));
  return {
    panId,
    shortAddress,
    coordinator: number('coordinator') ?? 0,
    ...present({
      routeCost: number('routeCost'),
      maxHops: number('maxHops'),
      weakLqi: number('weakLqi'),
      pathDiscoveryTimeS: number('pathDiscoveryTimeS'),
      deviceType: number('deviceType'),
    }),
    ...(toneMask === undefined ? {} : { toneMask }),
    ...(defaultRoute === undefined ? {} : { defaultRoute }),
    neighbours: neighbours.rows,
    heard: heard.rows,
    routes: routes.rows,
    blacklist: blacklist.rows,
    contexts: contexts.rows,
    destinations: destinations.rows,
    counters: present(
      Object.fromEntries(G3_COUNTERS.map((name, i) => [name, integer(decoded(counters[i]))])),
    ) as G3Counters,
    skippedRows: tables.reduce((sum, { skipped }) => sum + skipped, 0),
  };
}

/** Undefined for a refusal, and for bytes that are no value: another attribute may still say something. */
function decoded(result: GetResult | undefined): DlmsData | undefined {
  if (result?.ok !== true) return undefined;
  try {
    return decodeValue(result.data);
  } catch (thrown) {
    if (toDcuError(thrown).code === 'internal') throw thrown;
    return undefined;
  }
}

function present<Name extends string>(
  values: Readonly<Record<Name, number | undefined>>,
): Partial<Record<Name, number>> {
  const entries = Object.entries(values) as [Name, number | undefined][];
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Partial<
    Record<Name, number>
  >;
}
