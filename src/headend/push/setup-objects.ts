import { DcuError } from '../../base/errors.ts';
import { DEFAULT_OUTBOX_RULES, type NamedOutboxRule, type OutboxKind } from '../../base/outbox.ts';
import { attributeOf, deviationsFrom, interfaceClass } from '../../dlms/cosem/classes/index.ts';
import { type AttributeSource, type CosemObject, constant } from '../../dlms/cosem/cosem-object.ts';
import { PUSH_SERVICE } from '../../dlms/cosem/push-setup-object.ts';
import { captureObjectData } from '../../dlms/cosem/selective-access.ts';
import type { DlmsData } from '../../dlms/data.ts';
import { encodeDateTime } from '../../dlms/datetime.ts';
import {
  array,
  enumeration,
  i8,
  logicalName,
  octetString,
  octetText,
  structure,
  u8,
  u16,
  u32,
} from '../../dlms/values.ts';
import { changing, doing } from '../management/changes.ts';
import type { ManagementRequest } from '../management/group.ts';
import type { Change } from '../management/ports.ts';
import { PUSH_GROUPS, type PushGroup } from './groups.ts';
import { pushedObjects } from './pushed-objects.ts';
import type { PushChannel, PushSetupsPort } from './setup-port.ts';
import { dailyWindow, windowData } from './setup-window.ts';

const PUSH_SETUP = 40;
const VERSION = 2;
const TCP_SETUP = '0.0.25.0.0.255';
const A_XDR = 0;
const UNCONFIRMED = 0;
const CONFIRMED = 2;
/** The pause doubles with each try that fails; hundredths. */
const DOUBLED = 200;
const NEVER = encodeDateTime({});

const refused = (field: string, message: string): DcuError =>
  new DcuError('invalid-field', message, { field });

/**
 * The push setups of the concentrator, one for each group of contents: where it pushes to, when, and how often again. They are
 * the attributes of one channel and its rules: destination, client, tries and confirmation are the same in all of them, the
 * window holds for the groups that have one.
 */
export async function pushSetups(at: ManagementRequest, port: PushSetupsPort): Promise<CosemObject[]> {
  const channel = await port.read();
  return PUSH_GROUPS.map((group) => setupObject(at, port, channel, group));
}

function setupObject(
  at: ManagementRequest,
  port: PushSetupsPort,
  channel: PushChannel,
  group: PushGroup,
): CosemObject {
  const { obis } = group;
  const attributes = (subject: string, values: Readonly<Record<string, string>>): Promise<Change> =>
    port.change(values).then(() => ({
      action: 'push.change',
      subject: `${port.channel} ${subject}`,
      detail: Object.entries(values)
        .map(([key, value]) => `${key} = ${value}`)
        .join(', '),
    }));
  const settable = (
    index: number,
    value: DlmsData,
    write: (value: DlmsData) => Promise<Change>,
  ): AttributeSource => ({
    get: () => value,
    set: changing(at, obis, (written) => {
      requireShape(index, written);
      return write(written);
    }),
  });
  const { host, client, confirmed, retries, retryDelayS, longestRetryDelayS, lastSent } = channel;
  return {
    classId: PUSH_SETUP,
    version: VERSION,
    obis,
    attributes: {
      2: constant(array(pushedObjects(group).map(listEntry))),
      3: settable(
        3,
        structure(enumeration(PUSH_SERVICE.tcp), octetText(destinationText(channel)), enumeration(A_XDR)),
        async (value) => attributes('send_destination_and_method', destinationOf(value)),
      ),
      4: settable(4, windowData(windowOf(channel, group)), (value) => setWindow(port, channel, group, value)),
      5: constant(u16(0)),
      6: settable(6, u8(retries), async (value) =>
        attributes('number_of_retries', { retries: String(numberOf(value)) }),
      ),
      7: settable(7, structure(u16(retryDelayS), u16(DOUBLED), u16(longestRetryDelayS)), async (value) =>
        attributes('repetition_delay', delaysOf(value)),
      ),
      8: constant(logicalName(TCP_SETUP)),
      9: settable(9, i8(client), async (value) =>
        attributes('push_client_SAP', { client: String(numberOf(value)) }),
      ),
      10: constant(array([])),
      11: settable(11, enumeration(confirmed ? CONFIRMED : UNCONFIRMED), async (value) =>
        attributes('push_operation_method', confirmedOf(value)),
      ),
      12: constant(structure(octetString(NEVER), u32(0))),
      13: constant(octetString(lastSent === undefined ? NEVER : at.times.bytes(lastSent, 0))),
    },
    methods: {
      1: doing(at, obis, async () => {
        if (host === '') throw refused('host', 'there is nobody to push to');
        port.push();
        return [];
      }),
    },
  };
}

const NOTHING_RESTRICTED = structure(enumeration(0), { type: 'null-data' });

/** An entry of version 2: the object, what its rows are restricted to, and its columns. */
function listEntry(object: Parameters<typeof captureObjectData>[0]): DlmsData {
  const plain = captureObjectData(object);
  const elements = 'elements' in plain ? plain.elements : [];
  return structure(...elements, NOTHING_RESTRICTED, array([]));
}

/** @throws DcuError `type-mismatch` */
function requireShape(index: number, value: DlmsData): void {
  const definition = interfaceClass(PUSH_SETUP);
  const shape = definition && attributeOf(definition, VERSION, index)?.shape;
  if (shape !== undefined && deviationsFrom(shape, value).length === 0) return;
  throw new DcuError('type-mismatch', `attribute ${index} of a push setup is something else`);
}

const elementsOf = (value: DlmsData): readonly DlmsData[] => ('elements' in value ? value.elements : []);

const numberOf = (value: DlmsData | undefined): number =>
  value !== undefined && 'value' in value ? Number(value.value) : Number.NaN;

const destinationText = ({ host, port }: PushChannel): string =>
  host === '' ? '' : `${host.includes(':') ? `[${host}]` : host}:${port}`;

function destinationOf(value: DlmsData): Readonly<Record<string, string>> {
  const [service, destination, message] = elementsOf(value);
  if (numberOf(service) !== PUSH_SERVICE.tcp)
    throw refused('transport_service', 'only TCP is there to push over');
  if (numberOf(message) !== A_XDR) throw refused('message', 'only A-XDR is pushed');
  const text = destination?.type === 'octet-string' ? String.fromCharCode(...destination.value) : '';
  const [, ipv6, name, port = ''] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = ipv6 ?? name;
  if (host === undefined) throw refused('destination', 'a destination is host:port');
  return { host, port };
}

function delaysOf(value: DlmsData): Readonly<Record<string, string>> {
  const [least, exponent, most] = elementsOf(value).map(numberOf);
  if (exponent !== DOUBLED) {
    throw refused('repetition_delay_exponent', 'pauses double: the exponent is 200');
  }
  if ((least ?? 0) > (most ?? 0)) {
    throw refused('repetition_delay_max', 'the longest pause is shorter than the first');
  }
  return { 'retry.delay': String(least), 'retry.delay.max': String(most) };
}

function confirmedOf(value: DlmsData): Readonly<Record<string, string>> {
  switch (numberOf(value)) {
    case UNCONFIRMED:
      return { confirmed: 'no' };
    case CONFIRMED:
      return { confirmed: 'yes' };
    default:
      throw refused('push_operation_method', 'there are only 0, unconfirmed, and 2, confirmed');
  }
}

const ruleOf = ({ rules }: PushChannel, kind: OutboxKind): Omit<NamedOutboxRule, 'destination'> => ({
  ...DEFAULT_OUTBOX_RULES[kind],
  ...rules.find((rule) => rule.class === kind),
  class: kind,
});

/** Empty where not all of the group wait for it. */
const windowOf = (channel: PushChannel, { kinds }: PushGroup): string =>
  kinds.every((kind) => ruleOf(channel, kind).route === 'window') ? channel.window : '';

/** A window holds for the whole channel; whether a group waits for it is said by the rules of its kinds. */
async function setWindow(
  port: PushSetupsPort,
  channel: PushChannel,
  group: PushGroup,
  value: DlmsData,
): Promise<Change> {
  const window = dailyWindow(value);
  if (window !== '') await port.change({ window });
  const route = window === '' ? 'now' : 'window';
  for (const kind of group.kinds) {
    const rule = ruleOf(channel, kind);
    // What is never pushed stays so.
    if (rule.route !== route && rule.route !== 'never') {
      const { class: name, priority, delayS } = rule;
      await port.saveRule({ class: name, priority, delayS, route });
    }
  }
  return {
    action: 'push.change',
    subject: `${port.channel} communication_window`,
    detail: `${group.name}: ${window === '' ? 'at once' : window}`,
  };
}
