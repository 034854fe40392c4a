import { DcuError } from '../base/errors.ts';
import { tcpOpener } from '../channels/tcp.ts';
import { managementName } from '../headend/management/index.ts';
import { openListenerWay } from '../headend/push/listener-way.ts';
import { pushProtection } from '../headend/push/protection.ts';
import { PushUplink } from '../headend/push/uplink.ts';
import type { OpenPushWay } from '../headend/push/way.ts';
import { CounterBlock } from '../meters/counter-block.ts';
import type { UplinkKind, UplinkPlan, UplinksOptions } from './uplink-kinds.ts';
import { windowOf } from './uplink-window.ts';

const KEYS = ['hes.encryption.key', 'hes.authentication.key'] as const;
/** Marks the title that is pushed under; serial numbers leave these bits free, and the servers' titles have another one. */
const PUSH_MARK = 0x20;
/** One row of counters for all channels: they may have the same keys. */
const COUNTERS = 'hes-push:out';
/** A listener that takes no bytes for so long is left. */
const WRITE_TIMEOUT_MS = 10_000;

/** Channels that dial a listener of the head-end and push what there is. */
export const PUSH_UPLINK: UplinkKind = {
  secrets: async (channel, { store }) => {
    const values = await Promise.all(KEYS.map((key) => store.configuration.channelSecret(channel, key)));
    return Object.fromEntries(KEYS.map((key, i) => [key, values[i] ?? '']));
  },
  make: (plan) => pushUplink(plan, listenerWay(plan), plan.settings.seconds('idle.timeout', 60)),
};

/** Channels that dial a head-end for other reasons, and push on that connection where they are told to. */
export const PUSH_ON_DIALLED: UplinkKind = {
  isWanted: ({ push }) => push === 'yes',
  secrets: async () => ({}),
  make: (plan) => {
    if (plan.way === undefined) {
      throw new DcuError('invalid-field', 'the channel dials no head-end to push to', { field: 'push' });
    }
    return pushUplink(plan, plan.way, undefined);
  },
};

function pushUplink(plan: UplinkPlan, open: OpenPushWay, idleTimeoutMs: number | undefined): PushUplink {
  const { channel, settings, options, log } = plan;
  const { store, profiles, serialNumber, zone, clock, random } = options;
  return new PushUplink(
    {
      confirmed: settings.isYes('confirmed', 'yes'),
      inFlight: settings.number('in.flight', 4),
      inWindow: windowOf(settings, zone),
      retries: settings.number('retries', 4),
      backoff: {
        firstMs: settings.seconds('retry.delay', 1),
        longestMs: settings.seconds('retry.delay.max', 300),
      },
      ...(idleTimeoutMs === undefined ? {} : { idleTimeoutMs }),
    },
    {
      outbox: store.outbox,
      destination: channel,
      deviceName: managementName(serialNumber),
      meters: () => store.collection.meters(),
      profileOf: ({ profile }) => profiles.find(profile),
      zone,
      open,
      clock,
      random,
      log,
    },
  );
}

function listenerWay({ settings, options }: UplinkPlan): OpenPushWay {
  const { clock } = options;
  const host = settings.text('host');
  if (host === '') throw new DcuError('invalid-field', 'no head-end is set', { field: 'host' });
  const ackTimeoutMs = settings.seconds('ack.timeout', 30);
  const protection = settings.isYes('ciphered', 'no') ? protectionOf(settings, options) : undefined;
  return openListenerWay({
    opener: tcpOpener(
      {
        host,
        port: settings.number('port', 4059),
        connectTimeoutMs: settings.seconds('connect.timeout', 5),
        writeTimeoutMs: WRITE_TIMEOUT_MS,
      },
      clock,
    ),
    client: settings.number('client', 1),
    ackTimeoutMs,
    maxPdu: settings.number('max.pdu', 0xffff),
    ...(protection === undefined ? {} : { protection }),
    clock,
  });
}

function protectionOf(
  settings: UplinkPlan['settings'],
  { store, systemTitle, random }: UplinksOptions,
): () => ReturnType<typeof pushProtection> {
  const [encryptionKey, authenticationKey] = [settings.key(KEYS[0]), settings.key(KEYS[1])];
  const counters = new CounterBlock(store.collection.counters, COUNTERS);
  return () =>
    pushProtection({
      systemTitle: systemTitle.map((byte, i) => (i === 3 ? byte | PUSH_MARK : byte)),
      encryptionKey,
      authenticationKey,
      counters,
      random,
    });
}
