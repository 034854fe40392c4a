import { DcuError } from '../../base/errors.ts';
import type { ShortName } from '../client-types.ts';
import { attributesOf, interfaceClass } from './classes/index.ts';
import type { CosemObject } from './cosem-object.ts';
import { methodExtent, NAME_STEP } from './short-name-methods.ts';
import { ASSOCIATION_SN, RESERVED_NAMES } from './short-name-table.ts';

/** Class 15 describes associations that use logical names; class 12 stands in its place. */
const ASSOCIATION_LN = 15;
const LOWEST_NAME = 0x0100;
/** Names from here on are reserved for special objects (Blue Book 4.1.3). */
const FIRST_RESERVED = 0xfa00;
const RESERVED_OBJECTS: Readonly<Record<string, number>> = {
  '17/0.0.41.0.0.255': RESERVED_NAMES.sapAssignment,
  '1/0.0.42.0.0.255': RESERVED_NAMES.deviceName,
};

export const ASSOCIATION_SN_VERSION = 2;

/** What a short name can be given to. `baseName` is the one that an object wants to have. */
export type NameableObject = Pick<CosemObject, 'classId' | 'version' | 'obis' | 'attributes' | 'baseName'>;

/**
 * Gives every object its short name: the standard's to the special ones, those that are wanted, and to the others
 * the next that is free, in their order, so that no attribute or method of one lies in the names of another.
 * The association object comes first. Throws `invalid-argument` where names overlap, are no multiple of eight, or
 * do not suffice.
 */
export function assignShortNames(objects: readonly NameableObject[]): ShortName[] {
  const named = objects.filter(({ classId }) => classId !== ASSOCIATION_LN);
  const association = { ...ASSOCIATION_SN, version: ASSOCIATION_SN_VERSION, attributes: {} };
  const taken: Extent[] = [claim(association, RESERVED_NAMES.association)];
  for (const object of named) {
    const wanted = wantedName(object);
    if (wanted !== undefined) taken.push(claim(object, wanted));
  }
  taken.sort((a, b) => a.from - b.from);
  refuseOverlaps(taken);
  const names = new Map(taken.map(({ object, from }) => [object, from]));
  let next = LOWEST_NAME;
  for (const object of named) {
    if (names.has(object)) continue;
    next = firstFree(taken, next, extentOf(object));
    names.set(object, next);
    next += extentOf(object);
  }
  return [association, ...named].map((object) => {
    const { classId, version, obis } = object;
    return { baseName: names.get(object) ?? 0, classId, version, obis };
  });
}

interface Extent {
  readonly object: NameableObject;
  readonly from: number;
  readonly end: number;
}

function wantedName(object: NameableObject): number | undefined {
  return object.baseName ?? RESERVED_OBJECTS[`${object.classId}/${object.obis}`];
}

function claim(object: NameableObject, from: number): Extent {
  const end = from + extentOf(object);
  if (!Number.isInteger(from) || from % NAME_STEP !== 0 || from < 0 || end > 0x10000) {
    throw unfit(object, `cannot have the short name ${from}`);
  }
  return { object, from, end };
}

/** How many names an object takes: up to its last attribute or method. */
function extentOf({ classId, version, attributes }: NameableObject): number {
  const definition = interfaceClass(classId);
  const defined = definition ? attributesOf(definition, version).map(({ index }) => index) : [];
  const last = Math.max(1, ...defined, ...Object.keys(attributes).map(Number));
  return Math.max(NAME_STEP * last, methodExtent(classId, version));
}

function refuseOverlaps(sorted: readonly Extent[]): void {
  for (const [i, { object, from }] of sorted.entries()) {
    const before = sorted[i - 1];
    if (before !== undefined && before.end > from) {
      throw unfit(object, `has a short name in the midst of ${before.object.obis}`);
    }
  }
}

/** The lowest name from `from` on that has room for `size` between those that are taken. */
function firstFree(sorted: readonly Extent[], from: number, size: number): number {
  let free = from;
  for (const extent of sorted) {
    if (extent.end <= free) continue;
    if (extent.from >= free + size) break;
    free = extent.end;
  }
  if (free + size > FIRST_RESERVED) {
    throw new DcuError('invalid-argument', 'there are more objects than short names', { field: 'objects' });
  }
  return free;
}

function unfit({ obis }: NameableObject, what: string): DcuError {
  return new DcuError('invalid-argument', `${obis} ${what}`, { field: 'baseName' });
}
