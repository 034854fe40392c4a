import type { ModuleOutput } from './module-output.ts';
import type { ModuleConfig } from './module-types.ts';
import type { ModuleFacts } from './procedures/procedure.ts';
import type { TrafficLimits } from './traffic.ts';

/** What holds where the configuration and the module say nothing. */
export const DEFAULTS = {
  baudRate: 9600,
  maxFrame: 2048,
  protocol: 0,
  maxConcurrent: 128,
  batch: 32,
  uartTimeoutMs: 6000,
  forwardTimeoutMs: 60_000,
  queueLimit: 4096,
} as const;

/** What is known of a module that has not been asked yet. */
export function factsOf(config: ModuleConfig, out: ModuleOutput): ModuleFacts {
  return {
    get edition() {
      return out.edition;
    },
    set edition(edition) {
      out.edition = edition;
    },
    editionIsGiven: config.edition !== undefined,
    baudRate: DEFAULTS.baudRate,
    baudRateRefused: false,
    maxFrame: config.maxFrame ?? DEFAULTS.maxFrame,
    maxNodes: 2040,
    maxFilePiece: 0,
    batch: config.batch ?? DEFAULTS.batch,
    firstNode: 1,
    paused: false,
    noRouter: false,
    emit: (event) => out.emit(event),
    configure: (baudRate) => out.configure(baudRate),
    uartTimeoutMs: config.uartTimeoutMs ?? DEFAULTS.uartTimeoutMs,
  };
}

export function trafficLimits(config: ModuleConfig, isKnown: (address: string) => boolean): TrafficLimits {
  return {
    masterAddress: config.masterAddress,
    protocol: config.protocol ?? DEFAULTS.protocol,
    maxConcurrent: config.maxConcurrent ?? DEFAULTS.maxConcurrent,
    forwardTimeoutMs: config.forwardTimeoutMs ?? DEFAULTS.forwardTimeoutMs,
    queueLimit: config.queueLimit ?? DEFAULTS.queueLimit,
    isKnown,
  };
}
