import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DcuError } from '../base/errors.ts';
import type { BrokerTls } from '../channels/broker-stream.ts';
import { connectBroker } from '../headend/mqtt/broker.ts';
import { type CommandWork, MQTT_COMMANDS } from '../headend/mqtt/commands.ts';
import { MqttUplink, type MqttUplinkOptions } from '../headend/mqtt/uplink.ts';
import type { UplinkKind, UplinkPlan, UplinkSettings, UplinksOptions } from './uplink-kinds.ts';
import { windowOf } from './uplink-window.ts';

/** Channels that bring what there is to an MQTT broker. */
export const MQTT_UPLINK: UplinkKind = {
  secrets: async (_channel, { store }) => ({
    password: (await store.configuration.setting('mqtt.password')) ?? '',
  }),
  make: (plan) => {
    const { channel, options, log } = plan;
    const { store, clock, random, connect = connectBroker } = options;
    return new MqttUplink(mqttOptions(plan), {
      outbox: store.outbox,
      destination: channel,
      meters: () => store.collection.meters(),
      work: commandWork(channel, options),
      connect,
      clock,
      random,
      log,
    });
  },
};

function commandWork(channel: string, { collector, store, clock }: UplinksOptions): CommandWork {
  return {
    read: async (meterId, signal) => {
      const { time, meterTime, relay, registers } = await collector.readNow(meterId, signal);
      return {
        time: new Date(time).toISOString(),
        meterTime: meterTime === null ? null : new Date(meterTime).toISOString(),
        relay,
        registers: registers.map(({ meterId: _, time: at, ...reading }) => ({
          ...reading,
          time: new Date(at).toISOString(),
        })),
      };
    },
    relay: async (meterId, to, signal) => ({ relay: (await collector.relay(meterId, to, signal)).relay }),
    clock: (meterId, signal) =>
      collector.withSession(meterId, 'set clock', signal, async (session) => {
        const before = await session.readClock();
        await session.setClock(before.roundTripMs);
        return { driftMs: Math.round(before.driftMs) };
      }),
    audit: (command, meter, detail) =>
      store.audit.record({
        time: clock.now(),
        actor: channel,
        action: `mqtt.${command}`,
        subject: `meter ${meter.meterNo}`,
        detail,
      }),
  };
}

function mqttOptions({ settings, options }: UplinkPlan): MqttUplinkOptions {
  const { serialNumber, version, zone, directory } = options;
  const url = URL.parse(settings.text('url'));
  if (url === null || url.hostname === '') {
    throw new DcuError('invalid-field', 'no broker is set', { field: 'url' });
  }
  const secure = url.protocol === 'mqtts:';
  const [username, password] = [settings.text('username'), settings.text('password')];
  return {
    broker: {
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port === '' ? (secure ? 8883 : 1883) : Number(url.port),
      connectTimeoutMs: 10_000,
      clientId: settings.text('client.id', `opendcu-${serialNumber}`),
      keepaliveS: settings.number('keepalive', 60),
      version: settings.text('version') === '4' ? 4 : 5,
      ...(secure ? { tls: tlsOf(settings, join(directory, 'tls')) } : {}),
      ...(username === '' ? {} : { username }),
      ...(password === '' ? {} : { password }),
    },
    prefix: settings.text('topic.prefix', 'opendcu'),
    serialNumber,
    version,
    discovery: settings.isYes('discovery', 'yes'),
    commands: new Set(MQTT_COMMANDS.filter((name) => settings.isYes(`command.${name}`, 'no'))),
    inFlight: settings.number('in.flight', 16),
    ackTimeoutMs: settings.seconds('ack.timeout', 30),
    inWindow: windowOf(settings, zone),
  };
}

function tlsOf(settings: UplinkSettings, directory: string): BrokerTls {
  const file = (key: string): string | undefined => {
    const name = settings.text(key);
    if (name === '') return undefined;
    try {
      return readFileSync(join(directory, name), 'utf8');
    } catch (cause) {
      throw new DcuError('invalid-field', `${key}: ${name} cannot be read`, { field: key, cause });
    }
  };
  const [ca, certificate, key] = [file('tls.ca'), file('tls.certificate'), file('tls.key')];
  const fingerprint = settings.text('tls.fingerprint');
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(fingerprint === '' ? {} : { fingerprint }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(key === undefined ? {} : { key }),
  };
}
