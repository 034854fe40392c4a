import type { Machine } from '../../../src/base/machine.ts';
import type { Random } from '../../../src/base/random.ts';
import { pieces } from '../mutator.ts';
import { Broken } from '../target.ts';

/** What a machine may send in answer to one input, at most: it must not be a bomb. */
const MOST_SENT = 1 << 20;

/** Feeds the input in pieces; timers go off now and then. Nothing that comes over a line may make a machine throw. */
export function feed<Command, Event>(
  machine: Machine<Command, Event>,
  input: Uint8Array,
  random: Random,
): void {
  let nowMs = 0;
  let sent = 0;
  const timers = new Map<string, number>();
  const step = (given: Parameters<typeof machine.step>[0]): void => {
    for (const effect of machine.step(given, nowMs)) {
      if (effect.do === 'send') sent += effect.bytes.length;
      else if (effect.do === 'arm') timers.set(effect.timer, nowMs + effect.delayMs);
      else if (effect.do === 'disarm') timers.delete(effect.timer);
    }
    if (sent > MOST_SENT) throw new Broken(`${sent} bytes sent for ${input.length} received`);
  };
  for (const bytes of pieces(input, random)) {
    step({ on: 'bytes', bytes });
    nowMs += 1;
    const [due] = timers;
    if (due !== undefined && random.next() < 0.05) {
      timers.delete(due[0]);
      nowMs = Math.max(nowMs, due[1]);
      step({ on: 'timer', timer: due[0] });
    }
  }
  step({ on: 'closed' });
}
