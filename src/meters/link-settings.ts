import type { LineSettings } from '../base/machine.ts';
import type { Framing, Meter } from '../base/model.ts';
import type { LinkConfig } from '../dlms/link/link.ts';
import type { LineLimits } from './line-channels.ts';
import { openingOf } from './line-settings.ts';
import type { LinkMemory } from './link-memory.ts';

/** Protocol attributes of the manual's Table 4, with its values where none are given. */
export interface ProtocolSettings {
  /** `max.bytes`: bytes per information field. */
  readonly maxBytes: number;
  /** `send.retry`: retries after the first try. */
  readonly retries: number;
  /** `send.timeout`: seconds to wait for an answer, here in milliseconds. */
  readonly timeoutMs: number;
  /** `send.silent`: seconds that a meter is left in peace after a success, here in milliseconds. */
  readonly silentMs: number;
  /** The longest PDU that the way to the meter carries in one piece; not bounded if absent. */
  readonly maxPdu?: number;
}

const SMALLEST_FIELD = 32;
const LARGEST_FIELD = 2030;
/** Flags, format, addresses of five bytes, control, HCS and FCS. */
const HDLC_OVERHEAD = 14;
const WRAPPER_OVERHEAD = 8;
/** Without information fields (TCP wrapper), and as the PDU that HDLC segments. */
const DEFAULT_PDU = 1024;
const INTER_OCTET_TIMEOUT_MS = 200;

/** Attributes as the store has them; one that is missing or no number counts as the manual's value. */
export function protocolSettings(attributes: Readonly<Record<string, string>>): ProtocolSettings {
  const number = (key: string, fallback: number, least: number, most: number): number => {
    const text = attributes[key]?.trim() ?? '';
    const value = Number(text);
    return text !== '' && Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : fallback;
  };
  return {
    maxBytes: Math.floor(number('max.bytes', 80, SMALLEST_FIELD, 65_535)),
    retries: Math.floor(number('send.retry', 3, 0, 20)),
    timeoutMs: number('send.timeout', 10, 0.1, 600) * 1000,
    silentMs: number('send.silent', 2, 0, 3600) * 1000,
  };
}

/** Settings on a way with limits of its own. */
export function withinLimits(
  settings: ProtocolSettings,
  framing: Framing,
  { messageBytes, responseTimeoutMs }: LineLimits,
): ProtocolSettings {
  return {
    ...settings,
    maxBytes: Math.max(SMALLEST_FIELD, Math.min(settings.maxBytes, messageBytes - HDLC_OVERHEAD)),
    // HDLC cuts a PDU into frames.
    ...(framing === 'wrapper' ? { maxPdu: messageBytes - WRAPPER_OVERHEAD } : {}),
    timeoutMs: Math.max(settings.timeoutMs, responseTimeoutMs),
  };
}

/** Late answers to earlier tries are still taken: the last one is waited for as long as any. */
const repeatAfterMs = (answerMs: number, { retries }: ProtocolSettings): number =>
  Math.ceil(answerMs / (retries + 1));

/** What a link depends on beside the meter's address. */
export interface LinkNeeds {
  readonly settings: ProtocolSettings;
  /** Frames in a row that the meter may send. */
  readonly window: number;
  /** One try only, for a meter that has been silent. */
  readonly probe: boolean;
  readonly memory: LinkMemory;
  /** Of a shared serial line: whether it is known to hand back what is sent. */
  readonly echo?: boolean;
}

/** `own`: settings that the line was opened with. Sizes and windows are the largest that settings and memory allow. */
export function linkConfig(
  meter: Meter,
  { settings, window, probe, memory, echo }: LinkNeeds,
  own: LineSettings | undefined,
): LinkConfig {
  const { framing, clientAddress, serverAddress, physicalAddress, addressBytes } = meter.address;
  if (framing === 'wrapper') {
    return {
      framing,
      clientAddress,
      serverAddress,
      responseTimeoutMs: memory.wholeAnswerMs(),
      maxApdu: pduSize(settings) + 256,
      memory,
      ...(meter.address.transport === 'udp'
        ? {
            repeats: {
              times: probe ? 0 : settings.retries,
              afterMs: repeatAfterMs(memory.wholeAnswerMs(), settings),
            },
          }
        : {}),
    };
  }
  const { info, window: mostFrames } = memory.proposal;
  const field = Math.min(LARGEST_FIELD, settings.maxBytes, info);
  const frames = Math.min(window, mostFrames);
  const opening = openingOf(meter.meterNo, meter.address, own);
  return {
    framing,
    clientAddress,
    serverAddress,
    ...(physicalAddress === undefined ? {} : { physicalAddress }),
    addressBytes,
    maxInfoTransmit: field,
    maxInfoReceive: field,
    windowTransmit: frames,
    windowReceive: frames,
    interOctetTimeoutMs: INTER_OCTET_TIMEOUT_MS,
    responseTimeoutMs: settings.timeoutMs,
    retries: probe ? 0 : settings.retries,
    memory,
    ...(opening === undefined ? {} : { opening }),
    ...(echo === undefined ? {} : { echo: echo || 'detect' }),
  };
}

/** Client max receive PDU size: `max.bytes` is about frames, so a small one does not shrink it. */
export const pduSize = ({ maxBytes, maxPdu }: ProtocolSettings): number =>
  Math.min(maxPdu ?? Number.POSITIVE_INFINITY, Math.max(DEFAULT_PDU, maxBytes));
