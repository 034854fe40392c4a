import type { Clock } from '../base/clock.ts';
import type { OutboxStore } from '../base/outbox.ts';
import type { Executor } from './executor.ts';

export function createOutbox(executor: Executor, clock: Clock): OutboxStore {
  return {
    open: (destination) => executor.write('openDestination', destination, clock.now()),
    close: (destination) => executor.write('closeDestination', destination),
    take: (destination, query) => executor.read('takeOutbox', destination, query),
    acknowledge: (destination, ids) => executor.write('acknowledgeOutbox', destination, ids),
    answer: (destination, meterId, answer) =>
      executor.write('answerOutbox', destination, meterId, answer, clock.now()),
    clear: (destination) => executor.write('clearOutbox', destination),
    prune: async (bounds) => {
      const all = new Map<string, number>();
      try {
        for (;;) {
          const step = await executor.write('pruneOutbox', bounds, clock.now());
          for (const [name, count] of Object.entries(step.dropped))
            all.set(name, (all.get(name) ?? 0) + count);
          if (step.done) break;
        }
      } finally {
        if (all.size > 0) await executor.write('recordDropped', Object.fromEntries(all), clock.now());
      }
      return [...all.values()].reduce((sum, count) => sum + count, 0);
    },
    state: () => executor.read('outboxState'),
    rules: () => executor.read('outboxRules'),
    saveRule: (rule) => executor.write('saveOutboxRule', rule),
    removeRule: (destination, className) => executor.write('removeOutboxRule', destination, className),
  };
}
