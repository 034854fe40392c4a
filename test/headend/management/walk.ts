import type { DlmsClient } from '../../../src/channels/dlms-client.ts';
import { formatObis } from '../../../src/dlms/obis.ts';
import { elements, octets, readValue } from '../served.ts';

const ASSOCIATION = { classId: 15, obis: '0.0.40.0.0.255', attribute: 2 };

/** An object of a logical device with what its association grants. */
export interface ListedObject {
  readonly classId: number;
  readonly version: number;
  readonly obis: string;
  /** Access modes: 0 none, 1 read, 2 write, 3 both. */
  readonly attributes: ReadonlyMap<number, number>;
  /** 0 none, 1 granted. */
  readonly methods: ReadonlyMap<number, number>;
}

const number = (data: unknown): number => {
  if (typeof data === 'object' && data !== null && 'value' in data && typeof data.value === 'number')
    return data.value;
  throw new Error('no number');
};

/** The object list of the association, as the client is shown it. */
export async function objectsOf(client: DlmsClient): Promise<ListedObject[]> {
  return elements(await readValue(client, ASSOCIATION)).map((entry) => {
    const [classId, version, name, rights] = elements(entry);
    const [attributes, methods] = elements(rights);
    const modes = (items: typeof attributes) =>
      new Map(
        elements(items).map((item) => {
          const [index, mode] = elements(item);
          return [number(index), number(mode)];
        }),
      );
    return {
      classId: number(classId),
      version: number(version),
      obis: formatObis(octets(name)),
      attributes: modes(attributes),
      methods: modes(methods),
    };
  });
}
