import type { EventLog, ProfileKind } from '../../src/base/model.ts';
import { subscriber, TestBroker } from '../headend/mqtt-broker-fixture.ts';
import { eventFact, type Fact, logbookFact, NULL_DATA, rowFact } from './facts.ts';
import type { HeadEnd } from './head-end.ts';
import type { Delivery } from './ledger.ts';

/** What of the payloads is held against the store, as `docs/mqtt` says; all else they may have. */
interface Payload {
  readonly id?: number;
  readonly stored: string;
  readonly meterNo: string;
  readonly rows?: readonly {
    readonly time: string;
    readonly clockStatus: number;
    readonly values: readonly (number | string | null)[];
  }[];
  readonly log?: EventLog;
  readonly events?: readonly {
    readonly time: string;
    readonly code: number;
    readonly extra?: Readonly<Record<string, string>>;
  }[];
  readonly type?: string;
  readonly detail?: string;
}

/** A mosquitto that goes and comes back, and a subscriber whose session it keeps. */
export async function mqttHeadEnd(): Promise<HeadEnd> {
  const broker = await TestBroker.make();
  const deliveries: Delivery[] = [];
  let end = async (): Promise<void> => {};
  return {
    channel: 'mqtt',
    attributes: { url: `mqtt://127.0.0.1:${broker.port}`, discovery: 'no', 'ack.timeout': '5' },
    deliveries,
    open: async () => {
      await broker.start();
      const hes = await subscriber(broker, 'opendcu/#');
      end = () => hes.end();
      hes.client.on('message', (topic, payload, { dup }) => {
        const delivery = deliveryOf(topic, payload.toString(), dup);
        if (delivery !== undefined) deliveries.push(delivery);
      });
    },
    disturb: async () => {
      await broker.stop();
      await broker.start();
    },
    close: async () => {
      await end();
      await broker.remove();
    },
  };
}

/** Undefined for what is no item of the outbox: the state of the connection. */
function deliveryOf(topic: string, text: string, repeated: boolean): Delivery | undefined {
  const payload = JSON.parse(text) as Payload;
  return payload.id === undefined ? undefined : { id: payload.id, repeated, facts: factsOf(topic, payload) };
}

function factsOf(topic: string, payload: Payload): Fact[] {
  const { meterNo, stored, rows, events, log, type, detail } = payload;
  if (rows !== undefined) {
    const kind = topic.split('/').at(-1) as ProfileKind;
    return rows.map(({ time, clockStatus, values }) =>
      rowFact({ meterNo, kind, time: Date.parse(time), clockStatus, cells: values.map(cellText).join(' ') }),
    );
  }
  if (events !== undefined && log !== undefined) {
    return events.map(({ time, code, extra = {} }) =>
      eventFact({ meterNo, log, time: Date.parse(time), code, extra }),
    );
  }
  if (type === undefined || detail === undefined) return [];
  return [logbookFact(Date.parse(stored), type, detail)];
}

const cellText = (value: number | string | null): string =>
  value === null ? NULL_DATA : String(value).replace(/^0x/, '');
