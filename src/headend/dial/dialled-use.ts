import type { Clock } from '../../base/clock.ts';
import type { HesServer } from '../hes-server.ts';
import { MANAGEMENT_SAP } from '../meter-saps.ts';
import type { DialledUse } from './dialler.ts';
import { exchangeFrame } from './frame-exchange.ts';
import { Heart, type HeartOptions } from './heart.ts';
import type { HeartbeatFacts } from './heartbeats/heartbeat.ts';
import { HesClock, type HesClockOptions } from './hes-clock.ts';
import { PushLine, type PushLineOptions } from './push-line.ts';
import type { WrapperTap } from './wrapper-tap.ts';

/** What of a heartbeat the configuration says. */
export type HeartSettings = Pick<HeartOptions, 'heartbeat' | 'intervalMs' | 'timeoutMs' | 'mostMissed'> &
  Pick<HeartbeatFacts, 'id' | 'confirmed'>;

/** Who serves and who asks on a dialled connection (user manual, Table 5). */
export type DialRole =
  | { readonly role: 'server'; readonly server: HesServer }
  | {
      readonly role: 'client';
      readonly hesClock: Omit<HesClockOptions, 'tap' | 'onRead' | 'onFailed' | 'clock'>;
    };

export interface DialledUseOptions {
  readonly role: DialRole;
  readonly push: Omit<PushLineOptions, 'tap' | 'clock' | 'onConfirmed'>;
  readonly heart: HeartSettings | undefined;
  readonly clock: Clock;
}

/**
 * Uses a dialled connection for all that goes on there at once: the server's conversation or the client's, heartbeats, and
 * what is pushed.
 */
export function useDialled(tap: WrapperTap, useful: () => void, options: DialledUseOptions): DialledUse {
  const { role, clock, heart: settings } = options;
  const push = new PushLine({ ...options.push, tap, clock, onConfirmed: useful });
  const heart = settings && newHeart(tap, useful, push, { ...options, heart: settings });
  const hesClock = role.role === 'client' ? newHesClock(tap, useful, clock, role.hesClock) : undefined;
  if (role.role === 'server') serve(tap, useful, push, role.server);
  heart?.start();
  hesClock?.start();
  return {
    push,
    get heartbeats() {
      return heart?.state;
    },
    stop: () => {
      heart?.stop();
      hesClock?.stop();
    },
  };
}

/** Who has come in without proving anything is nobody yet. */
function serve(tap: WrapperTap, useful: () => void, push: PushLine, server: HesServer): void {
  server.accept(tap, {
    ready: (connection) => push.served(connection),
    told: (event) => {
      if (event.type === 'associated' && event.caller.auth !== 'none') useful();
      else if (event.type === 'notification-confirmed') push.confirmed(event.longInvoke);
    },
  });
}

function newHeart(
  tap: WrapperTap,
  useful: () => void,
  push: PushLine,
  { heart, clock, push: { client } }: DialledUseOptions & { readonly heart: HeartSettings },
): Heart {
  const { id, confirmed, ...timing } = heart;
  return new Heart({
    ...timing,
    facts: { id, confirmed, source: MANAGEMENT_SAP, destination: client },
    line: {
      exchange: (frame, isAnswer, signal) => exchangeFrame(tap, frame, isAnswer, signal),
      push: (notification) => push.send(notification),
    },
    clock,
    onAnswered: useful,
    onDead: (reason) => tap.abandon(reason),
  });
}

function newHesClock(
  tap: WrapperTap,
  useful: () => void,
  clock: Clock,
  options: Extract<DialRole, { role: 'client' }>['hesClock'],
): HesClock {
  return new HesClock({
    ...options,
    tap,
    clock,
    onRead: useful,
    onFailed: (reason) => tap.abandon(reason),
  });
}
