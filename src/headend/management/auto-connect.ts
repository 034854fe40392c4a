import { DcuError } from '../../base/errors.ts';
import { type CosemObject, constant } from '../../dlms/cosem/cosem-object.ts';
import type { DlmsData } from '../../dlms/data.ts';
import { decodeDateTime, encodeDateTime } from '../../dlms/datetime.ts';
import { array, enumeration, octetString, octetText, structure, u8, u16 } from '../../dlms/values.ts';
import { changing } from './changes.ts';
import type { ManagementGroup, ManagementRequest } from './group.ts';
import type { Change } from './ports.ts';
import { fieldsOf, integerOf, textOf } from './written.ts';

const AUTO_CONNECT = '0.0.2.1.0.255';
/** The channel that dials head-ends; its attributes are what this object shows. */
const DIALLING = 'tcp_client';
const MOST_DESTINATIONS = 8;
const DEFAULT_PORT = 4059;

/** Modes of class 29. */
const MODES = { off: 0, always: 101, window: 102 } as const;
/** The attribute `connect`: always, off, or when on each day. */
const CONNECT = 'connect';
const WINDOW = /^(\d\d):(\d\d)-(\d\d):(\d\d)$/;

/** Class 29: whom the concentrator dials, in their order, and when. */
export const autoConnectGroup: ManagementGroup = {
  objects: (at) => {
    const shown = (show: (attributes: ReadonlyMap<string, string>) => DlmsData) =>
      at.later.get(async () => show(await attributesOf(at)));
    const object: CosemObject = {
      classId: 29,
      version: 2,
      obis: AUTO_CONNECT,
      attributes: {
        2: {
          get: shown((attributes) => enumeration(modeOf(attributes))),
          set: changing(at, AUTO_CONNECT, async (value) => {
            const connect = connectOf(integerOf(value, 'mode'), await attributesOf(at));
            return connect === undefined ? [] : change(at, { [CONNECT]: connect });
          }),
        },
        // How often it tries, and when again, is the dialler's: it never gives up, and waits longer each time.
        3: constant(u8(0)),
        4: constant(u16(0)),
        5: {
          get: shown((attributes) => windowData(attributes.get(CONNECT) ?? '')),
          set: changing(at, AUTO_CONNECT, (value) => change(at, { [CONNECT]: windowText(value) })),
        },
        6: {
          get: shown((attributes) => array(destinationsOf(attributes).map(octetText))),
          set: changing(at, AUTO_CONNECT, (value) => change(at, destinationValues(value))),
        },
      },
    };
    return [object];
  },
};

async function attributesOf({ sources }: ManagementRequest): Promise<ReadonlyMap<string, string>> {
  const rows = await sources.management.channels.channelAttributes();
  return new Map(rows.filter(({ owner }) => owner === DIALLING).map(({ key, value }) => [key, value ?? '']));
}

async function change(
  { sources }: ManagementRequest,
  values: Readonly<Record<string, string>>,
): Promise<Change[]> {
  await sources.management.channels.changeChannelAttributes(DIALLING, values);
  return Object.entries(values).map(([key, value]) => ({
    action: 'channel-attribute.update',
    subject: `${DIALLING} ${key}`,
    detail: `value=${value}`,
  }));
}

/** A channel without an address dials nobody. */
function modeOf(attributes: ReadonlyMap<string, string>): number {
  const connect = attributes.get(CONNECT) ?? '';
  if (connect === 'off' || destinationsOf(attributes).length === 0) return MODES.off;
  return WINDOW.test(connect) ? MODES.window : MODES.always;
}

/** What the attribute is to be for a mode; undefined where it is that already. */
function connectOf(mode: number, attributes: ReadonlyMap<string, string>): string | undefined {
  switch (mode) {
    case MODES.off:
      return 'off';
    case MODES.always:
      return 'always';
    case MODES.window:
      if (WINDOW.test(attributes.get(CONNECT) ?? '')) return undefined;
      throw new DcuError('conflict', 'calling_window must be set first', { field: 'mode' });
    default:
      throw new DcuError('invalid-field', 'mode must be 0, 101 or 102', { field: 'mode' });
  }
}

function destinationsOf(attributes: ReadonlyMap<string, string>): string[] {
  const size = Math.min(MOST_DESTINATIONS, Number(attributes.get('ip.size') ?? '1'));
  return Array.from({ length: size }, (_, i) => i + 1).flatMap((n) => {
    const host = attributes.get(`ip.${n}`) ?? '';
    return host === ''
      ? []
      : [`${host.includes(':') ? `[${host}]` : host}:${attributes.get(`port.${n}`) ?? 0}`];
  });
}

/** `host:port` each; an empty list takes the first address away, and nobody is dialled. */
function destinationValues(data: DlmsData): Record<string, string> {
  const destinations = data.type === 'array' || data.type === 'compact-array' ? data.elements : undefined;
  if (destinations === undefined || destinations.length > MOST_DESTINATIONS) {
    throw new DcuError('invalid-field', `destination_list must be an array of up to ${MOST_DESTINATIONS}`, {
      field: 'destination_list',
    });
  }
  if (destinations.length === 0) return { 'ip.1': '', 'ip.size': '1' };
  const values: Record<string, string> = { 'ip.size': String(destinations.length) };
  for (const [i, destination] of destinations.entries()) {
    const text = textOf(destination, 'destination_list');
    const [, v6, name, port = String(DEFAULT_PORT)] =
      /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
    const host = v6 ?? name;
    if (host === undefined) {
      throw new DcuError('invalid-field', 'destination_list must hold host:port', {
        field: 'destination_list',
      });
    }
    values[`ip.${i + 1}`] = host;
    values[`port.${i + 1}`] = port;
  }
  return values;
}

/** calling_window: each day from and to, with nothing specified but the time; empty = any time. */
function windowData(text: string): DlmsData {
  const [, ...fields] = WINDOW.exec(text) ?? [];
  const [fromHour, fromMinute, toHour, toMinute] = fields.map(Number);
  if (fromHour === undefined || fromMinute === undefined || toHour === undefined || toMinute === undefined) {
    return array([]);
  }
  const at = (hour: number, minute: number): DlmsData =>
    octetString(encodeDateTime({ hour, minute, second: 0 }));
  return array([structure(at(fromHour, fromMinute), at(toHour, toMinute))]);
}

/** One window at most, which comes each day. */
function windowText(data: DlmsData): string {
  const windows = data.type === 'array' || data.type === 'compact-array' ? data.elements : [];
  const [window, ...others] = windows;
  if (window === undefined && data.type === 'array') return 'always';
  if (window === undefined || others.length > 0) throw noWindow();
  const times = fieldsOf(window, 2, 'calling_window').map((time) => {
    if ((time.type !== 'octet-string' && time.type !== 'date-time') || time.value.length !== 12)
      throw noWindow();
    const { year, month, day, weekday, hour, minute } = decodeDateTime(time.value);
    const isDaily = [year, month, day, weekday].every((field) => field === undefined);
    if (!isDaily || hour === undefined || minute === undefined) throw noWindow();
    return `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
  });
  return times.join('-');
}

const noWindow = (): DcuError =>
  new DcuError('invalid-field', 'calling_window must be one window of each day, in hours and minutes', {
    field: 'calling_window',
  });
