import { toDcuError } from '../../base/errors.ts';
import type { CosemAttribute, Referencing } from '../../dlms/client.ts';
import { shortNameOf } from '../../dlms/cosem/short-name-list.ts';
import type { DlmsData } from '../../dlms/data.ts';
import { type CosemDateTime, decodeDateTime, toUtcMs } from '../../dlms/datetime.ts';
import { formatObis } from '../../dlms/obis.ts';
import { decodeValue } from '../attribute.ts';
import type { MeterLink } from '../meter-link.ts';

export interface ListedObject {
  readonly classId: number;
  readonly obis: string;
}

/** Another client or logical device that the meter speaks of, with the mechanism that it asks for where it says so. */
export interface OtherAssociation {
  readonly clientAddress: number;
  readonly serverAddress: number;
  /** Number of the authentication mechanism (Green Book 9.4.2.2.3); null where it is not told. */
  readonly mechanism: number | null;
}

/** What a meter says of itself. What it keeps to itself is null, or missing from the lists. */
export interface DeviceFacts {
  readonly referencing: Referencing;
  /** The client that asked. */
  readonly clientAddress: number;
  readonly logicalDeviceName: string | null;
  /** By their logical names. */
  readonly deviceIds: Readonly<Record<string, string>>;
  readonly logicalDevices: readonly { readonly sap: number; readonly name: string }[];
  readonly associations: readonly OtherAssociation[];
  /** UTC ms of its clock, minus that of the asker when it answered. */
  readonly clockDriftMs: number | null;
  /** Objects that this client may see; null where the list is not given. */
  readonly objects: readonly ListedObject[] | null;
  /** Seconds, of the profiles that tell. */
  readonly capturePeriods: Readonly<Record<string, number>>;
  /** What was asked for and not given, with the meter's reason. */
  readonly refused: Readonly<Record<string, string>>;
  readonly systemTitle: string | null;
}

const LOGICAL_DEVICE_NAME: CosemAttribute = { classId: 1, obis: '0.0.42.0.0.255', attribute: 2 };
const SAP_LIST: CosemAttribute = { classId: 17, obis: '0.0.41.0.0.255', attribute: 2 };
const CLOCK: CosemAttribute = { classId: 8, obis: '0.0.1.0.0.255', attribute: 2 };
const ASSOCIATION = '0.0.40.0.0.255';
/** Device number, and the electricity meter's own identification. */
const DEVICE_IDS = ['0.0.96.1.0.255', '1.0.0.0.0.255', '0.0.96.1.1.255'];
const MOST_PERIODS = 12;
const MOST_ASSOCIATIONS = 8;
const MOST_OBJECTS = 8_192;
const MOST_TEXT = 64;

/**
 * Asks an open association what its meter is, the small things first. A refusal, a value of another kind and a meter that
 * hangs up in between leave out what they touch. @throws DcuError `cancelled`
 */
export async function readDeviceFacts(
  link: MeterLink,
  clientAddress: number,
  now: () => number,
): Promise<DeviceFacts> {
  const asking = new Asking(link);
  const { referencing, serverSystemTitle } = link.association;
  const name = await asking.text(LOGICAL_DEVICE_NAME);
  const deviceIds: Record<string, string> = {};
  for (const obis of DEVICE_IDS) {
    const text = await asking.text({ classId: 1, obis, attribute: 2 });
    if (text !== undefined && text !== '') deviceIds[obis] = text;
  }
  const clockDriftMs = await drift(asking, now);
  const logicalDevices = sapsIn(await asking.value(SAP_LIST));
  const listOf = { classId: referencing === 'sn' ? 12 : 15, obis: ASSOCIATION, attribute: 2 };
  const objects = objectsIn(await asking.value(listOf)) ?? null;
  const capturePeriods: Record<string, number> = {};
  for (const { obis } of (objects ?? []).filter(isLoadProfile).slice(0, MOST_PERIODS)) {
    const period = wholeOf(await asking.value({ classId: 7, obis, attribute: 4 }));
    if (period !== undefined) capturePeriods[obis] = period;
  }
  return {
    referencing,
    clientAddress,
    logicalDeviceName: name === undefined || name === '' ? null : name,
    deviceIds,
    logicalDevices,
    associations: await othersOf(asking, objects ?? []),
    clockDriftMs,
    objects,
    capturePeriods,
    refused: asking.refused,
    systemTitle: serverSystemTitle?.toHex() ?? null,
  };
}

/** Requests of which none ends the asking but a cancelled one. */
class Asking {
  readonly refused: Record<string, string> = {};
  readonly #link: MeterLink;

  constructor(link: MeterLink) {
    this.#link = link;
  }

  async value(attribute: CosemAttribute): Promise<DlmsData | undefined> {
    const name = `${attribute.classId}:${attribute.obis}:${attribute.attribute}`;
    if (this.#link.ended !== undefined) {
      if (this.#link.ended.code === 'cancelled') throw this.#link.ended;
      this.refused[name] = this.#link.ended.code;
      return undefined;
    }
    try {
      const result = await this.#link.get(attribute);
      if (result.ok) return decodeValue(result.data);
      this.refused[name] = result.result;
    } catch (thrown) {
      const error = toDcuError(thrown);
      if (error.code === 'cancelled') throw error;
      this.refused[name] = error.code;
    }
    return undefined;
  }

  async text(attribute: CosemAttribute): Promise<string | undefined> {
    const value = await this.value(attribute);
    return value && textOf(value);
  }
}

async function drift(asking: Asking, now: () => number): Promise<number | null> {
  const value = await asking.value(CLOCK);
  const time = value && dateTimeIn(value);
  const utcMs = time && toUtcMs(time);
  return utcMs === undefined ? null : utcMs - now();
}

function dateTimeIn(value: DlmsData): CosemDateTime | undefined {
  if ((value.type !== 'octet-string' && value.type !== 'date-time') || value.value.length !== 12)
    return undefined;
  try {
    return decodeDateTime(value.value);
  } catch {
    return undefined;
  }
}

/** Mechanisms of the associations that the list names beside the current one. */
async function othersOf(asking: Asking, objects: readonly ListedObject[]): Promise<OtherAssociation[]> {
  const others: OtherAssociation[] = [];
  const named = objects.filter(({ classId, obis }) => classId === 15 && obis !== ASSOCIATION);
  for (const { obis } of named.slice(0, MOST_ASSOCIATIONS)) {
    const partners = await asking.value({ classId: 15, obis, attribute: 3 });
    if (partners?.type !== 'structure') continue;
    const [clientAddress, serverAddress] = partners.elements.map(wholeOf);
    if (clientAddress === undefined || serverAddress === undefined) continue;
    const mechanism = mechanismIn(await asking.value({ classId: 15, obis, attribute: 6 })) ?? null;
    others.push({ clientAddress, serverAddress, mechanism });
  }
  return others;
}

/** Last arc of the mechanism's object identifier, in either of its forms (Blue Book, class 15). */
function mechanismIn(value: DlmsData | undefined): number | undefined {
  if (value?.type === 'octet-string') return value.value.at(-1);
  return value?.type === 'structure' ? wholeOf(value.elements.at(-1)) : undefined;
}

function sapsIn(value: DlmsData | undefined): { sap: number; name: string }[] {
  if (value?.type !== 'array' && value?.type !== 'compact-array') return [];
  return value.elements.flatMap((element) => {
    if (element.type !== 'structure') return [];
    const sap = wholeOf(element.elements[0]);
    const name = element.elements[1] && textOf(element.elements[1]);
    return sap === undefined || name === undefined ? [] : [{ sap, name }];
  });
}

function objectsIn(value: DlmsData | undefined): ListedObject[] | undefined {
  if (value?.type !== 'array' && value?.type !== 'compact-array') return undefined;
  return value.elements.slice(0, MOST_OBJECTS).flatMap((element) => {
    const short = shortNameOf(element);
    if (short !== undefined) return [{ classId: short.classId, obis: short.obis }];
    if (element.type !== 'structure') return [];
    const [id, , name] = element.elements;
    const classId = wholeOf(id);
    if (classId === undefined || name?.type !== 'octet-string' || name.value.length !== 6) return [];
    return [{ classId, obis: formatObis(name.value) }];
  });
}

const isLoadProfile = ({ classId, obis }: ListedObject): boolean =>
  classId === 7 && /^(?:1\.0\.99\.[12]|[01]\.0\.98\.[12])\.0\.255$/.test(obis);

function wholeOf(value: DlmsData | undefined): number | undefined {
  if (value === undefined || !('value' in value)) return undefined;
  if (typeof value.value === 'bigint') return Number(value.value);
  return typeof value.value === 'number' && Number.isInteger(value.value) ? value.value : undefined;
}

/** Printable text as it is, other octets in hexadecimal, numbers in decimal; undefined for lists. */
function textOf(value: DlmsData): string | undefined {
  switch (value.type) {
    case 'visible-string':
    case 'utf8-string':
      return value.value.trim().slice(0, MOST_TEXT);
    case 'octet-string': {
      const octets = value.value.subarray(0, MOST_TEXT);
      const end = octets.findLastIndex((octet) => octet !== 0 && octet !== 0x20) + 1;
      const shown = octets.subarray(0, end);
      const printable = shown.every((octet) => octet >= 0x20 && octet < 0x7f);
      return printable ? new TextDecoder().decode(shown).trim() : octets.toHex();
    }
    default:
      return wholeOf(value)?.toString();
  }
}
