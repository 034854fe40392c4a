import type { CosemAttribute, ShortName } from '../client-types.ts';
import { methodAt, methodOffset, NAME_STEP } from './short-name-methods.ts';

/** Base names that are the same in every device (Blue Book 4.1.3). */
export const RESERVED_NAMES = { association: 0xfa00, sapAssignment: 0xfc00, deviceName: 0xfd00 } as const;

/** The current association in short-name referencing. */
export const ASSOCIATION_SN = { classId: 12, obis: '0.0.40.0.0.255' } as const;
export function isAssociationSn({ classId, obis }: Pick<ShortName, 'classId' | 'obis'>): boolean {
  return classId === ASSOCIATION_SN.classId && obis === ASSOCIATION_SN.obis;
}

export const OBJECT_LIST_ATTRIBUTE = 2;
/** Method reply_to_HLS_authentication of class 12. */
export const REPLY_TO_HLS_SN: CosemAttribute = { ...ASSOCIATION_SN, attribute: 8 };

const HIGHEST_NAME = 0xffff;
const MOST_ATTRIBUTES = 127;

/** What a short name stands for; `target.attribute` is the number of the attribute or method. */
export interface NamedTarget {
  readonly kind: 'attribute' | 'method';
  readonly target: CosemAttribute;
  readonly object: ShortName;
}

/** Short names of the objects of one device, looked up in both directions. */
export class ShortNameTable {
  readonly #byName: readonly ShortName[];
  readonly #byObject: ReadonlyMap<string, ShortName>;

  constructor(names: readonly ShortName[]) {
    this.#byName = names.toSorted((a, b) => a.baseName - b.baseName);
    this.#byObject = new Map(names.map((object) => [keyOf(object), object]));
  }

  get size(): number {
    return this.#byName.length;
  }

  /** Undefined for a name that is no multiple of eight behind a base name, or lies before the first of them. */
  at(name: number): NamedTarget | undefined {
    const object = this.#objectAround(name);
    if (object === undefined) return undefined;
    const { baseName, classId, version, obis } = object;
    const offset = name - baseName;
    if (offset % NAME_STEP !== 0) return undefined;
    const method = methodAt(classId, version, offset);
    if (method !== undefined) return { kind: 'method', target: { classId, obis, attribute: method }, object };
    const attribute = offset / NAME_STEP + 1;
    if (attribute > MOST_ATTRIBUTES) return undefined;
    return { kind: 'attribute', target: { classId, obis, attribute }, object };
  }

  /** The object with the highest base name that is not above the name: lists may be long, and peers ask for many. */
  #objectAround(name: number): ShortName | undefined {
    let low = 0;
    let high = this.#byName.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#byName[middle]?.baseName ?? 0) <= name) low = middle + 1;
      else high = middle;
    }
    return this.#byName[low - 1];
  }

  find(object: Pick<ShortName, 'classId' | 'obis'>): ShortName | undefined {
    return this.#byObject.get(keyOf(object));
  }

  /** Undefined for an object that has no short name, or an attribute that cannot have one. */
  nameOfAttribute({ attribute, ...object }: CosemAttribute): number | undefined {
    const found = this.find(object);
    if (found === undefined || attribute < 1 || attribute > MOST_ATTRIBUTES) return undefined;
    return within(found.baseName + NAME_STEP * (attribute - 1));
  }

  /** Undefined for an object that has no short name, or a method whose name is not known. */
  nameOfMethod({ attribute, ...object }: CosemAttribute): number | undefined {
    const found = this.find(object);
    const offset = found && methodOffset(found.classId, found.version, attribute);
    return found === undefined || offset === undefined ? undefined : within(found.baseName + offset);
  }
}

function within(name: number): number | undefined {
  return name > HIGHEST_NAME ? undefined : name;
}

function keyOf({ classId, obis }: Pick<ShortName, 'classId' | 'obis'>): string {
  return `${classId}/${obis}`;
}
