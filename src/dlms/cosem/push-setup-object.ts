import { DcuError } from '../../base/errors.ts';
import type { CaptureObject, CosemAttribute } from '../client-types.ts';
import type { DlmsData } from '../data.ts';
import { array, enumeration, octetText, structure, u8, u16 } from '../values.ts';
import { attributeOf, attributesOf, deviationsFrom, interfaceClass } from './classes/index.ts';
import type { AttributeSource, CosemObject, MethodSource } from './cosem-object.ts';
import { defaultValue } from './default-object.ts';
import type { PushConfig } from './push.ts';
import { type CommunicationWindow, windowsOf } from './push-window.ts';
import { captureObjectData, captureObjectOf } from './selective-access.ts';

const PUSH_SETUP = 40;

/** What the rows of a profile in a push are limited to. */
export type PushRestriction =
  /** Encoded date-times, as a client would write them. */
  | { readonly by: 'date'; readonly from: DlmsData; readonly to: DlmsData }
  | { readonly by: 'entry'; readonly from: number; readonly to: number };

export interface PushObject extends CaptureObject {
  readonly restriction?: PushRestriction;
  /** Columns of a profile that are pushed; all if there are none. */
  readonly columns: readonly CaptureObject[];
}

/** transport_service of send_destination_and_method. */
export const PUSH_SERVICE = { tcp: 0, udp: 1, hdlc: 5, mbus: 6, gateway: 8 } as const;

/** A push setup in words. */
export interface PushSettings {
  readonly objects: readonly PushObject[];
  /** Number of the transport service; see PUSH_SERVICE. */
  readonly service: number;
  /** As the service writes it: `host:port` for TCP and UDP. */
  readonly destination: string;
  readonly windows: readonly CommunicationWindow[];
  readonly timing: Omit<PushConfig, 'random' | 'confirmationTimeoutMs'>;
  /** push_client_SAP; undefined in version 0. */
  readonly clientSap: number | undefined;
}

export interface PushSetupConfig {
  readonly obis: string;
  readonly version: 0 | 1 | 2;
  /** Attributes by number, for those that are not to be at their defaults. */
  readonly values: Readonly<Record<number, DlmsData>>;
  /** Method 1: pushes now. The standard's name of the action-result. */
  readonly push: () => string;
  /** Told after a client has changed an attribute. */
  readonly changed?: () => void;
}

export interface PushSetup {
  readonly object: CosemObject;
  /** As they are now. Throws `type-mismatch` for values that name nothing. */
  settings(): PushSettings;
  /** Version 2: the receiver has confirmed at this time, twelve octets. */
  confirmed(dateTime: Uint8Array): void;
}

const LAST_CONFIRMATION = 13;

/**
 * A push setup (class 40, versions 0 to 2) that clients read and write, with its push method. Throws `invalid-argument`
 * for an initial value that does not fit its attribute. That the repetition delay of version 2 grows by its exponent in
 * hundredths is not checked against the standard's text.
 */
export function createPushSetup(config: PushSetupConfig): PushSetup {
  const { obis, version, values, push, changed } = config;
  const definition = interfaceClass(PUSH_SETUP);
  if (definition === undefined) throw new DcuError('internal', 'class 40 is not described');
  const current = new Map<number, DlmsData>();
  const attributes: Record<number, AttributeSource> = {};
  for (const { index, shape, kind } of attributesOf(definition, version)) {
    const initial = values[index] ?? defaultValue(shape);
    if (values[index] !== undefined && deviationsFrom(shape, initial).length > 0) {
      throw new DcuError('invalid-argument', `attribute ${index} of ${obis} is not what class 40 has there`, {
        field: String(index),
      });
    }
    current.set(index, initial);
    const get = (): DlmsData => current.get(index) ?? initial;
    const set = (value: DlmsData): string => {
      if (deviationsFrom(shape, value).length > 0) return 'type-unmatched';
      current.set(index, value);
      changed?.();
      return 'success';
    };
    attributes[index] = kind === 'dynamic' ? { get } : { get, set };
  }
  const method: MethodSource = (parameter) => {
    if (parameter !== undefined && parameter.type !== 'integer') return 'type-unmatched';
    return push();
  };
  const reset: MethodSource = () => {
    const shape = attributeOf(definition, version, LAST_CONFIRMATION)?.shape;
    if (shape !== undefined) current.set(LAST_CONFIRMATION, defaultValue(shape));
    return 'success';
  };
  return {
    object: {
      classId: PUSH_SETUP,
      version,
      obis,
      attributes,
      methods: { 1: method, ...(version === 2 ? { 2: reset } : {}) },
    },
    settings: () => settingsOf({ classId: PUSH_SETUP, obis, attribute: 0 }, version, current),
    confirmed: (dateTime) => {
      if (version === 2) current.set(LAST_CONFIRMATION, { type: 'octet-string', value: dateTime });
    },
  };
}

function settingsOf(
  of: CosemAttribute,
  version: PushSetupConfig['version'],
  values: ReadonlyMap<number, DlmsData>,
): PushSettings {
  const at = (attribute: number): DlmsData => values.get(attribute) ?? { type: 'null-data' };
  const wrong = (attribute: number): DcuError =>
    new DcuError('type-mismatch', `attribute ${attribute} of push setup ${of.obis} names nothing`, {
      facts: { obis: of.obis, attribute },
    });
  const [service, destination] = elementsOf(at(3));
  if (service?.type !== 'enum' || destination?.type !== 'octet-string') throw wrong(3);
  const objects = elementsOf(at(2)).map(pushObjectOf);
  if (objects.includes(undefined)) throw wrong(2);
  const windows = windowsOf(at(4));
  if (windows === undefined) throw wrong(4);
  const sap = at(9);
  return {
    objects: objects.filter((object) => object !== undefined),
    service: service.value,
    destination: String.fromCharCode(...destination.value),
    windows,
    timing: {
      randomisationStartIntervalMs: numberOf(at(5)) * 1000,
      numberOfRetries: numberOf(at(6)),
      repetitionDelay: repetitionOf(at(7)),
      confirmed: numberOf(at(11)) === CONFIRMED_METHOD,
    },
    clientSap: version > 0 ? numberOf(sap) : undefined,
  };
}

/** push_operation_method 2: retries until the receiver has confirmed. */
const CONFIRMED_METHOD = 2;

function repetitionOf(value: DlmsData): PushConfig['repetitionDelay'] {
  const [min, exponent, max] = elementsOf(value);
  if (min === undefined) return { minMs: numberOf(value) * 1000 };
  const factor = numberOf(exponent) / 100;
  const maxMs = numberOf(max) * 1000;
  return {
    minMs: numberOf(min) * 1000,
    ...(factor > 0 ? { factor } : {}),
    ...(maxMs > 0 ? { maxMs } : {}),
  };
}

const RESTRICTED_BY = { date: 1, entry: 2 } as const;

function pushObjectOf(data: DlmsData): PushObject | undefined {
  const elements = elementsOf(data);
  const object = captureObjectOf(structure(...elements.slice(0, 4)));
  if (object === undefined) return undefined;
  const restriction = elements[4] === undefined ? undefined : restrictionOf(elements[4]);
  const columns = elementsOf(elements[5]).map(captureObjectOf);
  return {
    ...object,
    ...(restriction === undefined ? {} : { restriction }),
    columns: columns.filter((column) => column !== undefined),
  };
}

function restrictionOf(data: DlmsData): PushRestriction | undefined {
  const [type, value] = elementsOf(data);
  const [from, to] = elementsOf(value);
  if (type?.type !== 'enum' || from === undefined || to === undefined) return undefined;
  if (type.value === RESTRICTED_BY.date) return { by: 'date', from, to };
  return type.value === RESTRICTED_BY.entry
    ? { by: 'entry', from: numberOf(from), to: numberOf(to) }
    : undefined;
}

const elementsOf = (data: DlmsData | undefined): readonly DlmsData[] =>
  data !== undefined && 'elements' in data ? data.elements : [];

const numberOf = (data: DlmsData | undefined): number =>
  data !== undefined && 'value' in data && typeof data.value === 'number' ? data.value : 0;

/** The attributes of a push over TCP or UDP, for `createPushSetup`. */
export function pushValues(
  version: PushSetupConfig['version'],
  settings: {
    readonly objects: readonly CaptureObject[];
    readonly service: number;
    readonly destination: string;
    readonly randomisationS: number;
    readonly retries: number;
    readonly repetitionS: number;
    readonly confirmed: boolean;
  },
): Record<number, DlmsData> {
  const { objects, service, destination, randomisationS, retries, repetitionS, confirmed } = settings;
  const none = structure(enumeration(0), { type: 'null-data' });
  const listed = objects.map((object) => {
    const plain = captureObjectData(object);
    if (version === 0 || plain.type !== 'structure') return plain;
    const more = version === 1 ? [none] : [none, array([])];
    return structure(...plain.elements, ...more);
  });
  return {
    2: array(listed),
    3: structure(enumeration(service), octetText(destination), enumeration(0)),
    5: u16(randomisationS),
    6: u8(retries),
    7: version < 2 ? u16(repetitionS) : structure(u16(repetitionS), u16(100), u16(0)),
    ...(version === 2 ? { 11: enumeration(confirmed ? CONFIRMED_METHOD : 0) } : {}),
  };
}
