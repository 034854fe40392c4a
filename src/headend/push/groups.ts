import { EVENT_LOGS } from '../../base/model.ts';
import type { OutboxKind } from '../../base/outbox.ts';

/** Contents that go by one push setup of the concentrator. */
export interface PushGroup {
  readonly name: string;
  /** Of its push setup (class 40). */
  readonly obis: string;
  readonly kinds: readonly OutboxKind[];
}

/** 0-b:25.9.0.255; which group has which b is ours, close to what companion specifications have (not checked). */
const group = (b: number, name: string, ...kinds: readonly OutboxKind[]): PushGroup => ({
  name,
  obis: `0.${b}.25.9.0.255`,
  kinds,
});

export const PUSH_GROUPS: readonly PushGroup[] = [
  group(0, 'connectivity', 'status'),
  group(1, 'profiles', 'energy', 'demand', 'balance'),
  group(2, 'billing', 'billing'),
  group(3, 'registers', 'register'),
  group(4, 'events', ...EVENT_LOGS),
  group(5, 'logbook', 'logbook'),
  group(6, 'answers', 'answer'),
];

/** The push setup that a kind of contents goes by. */
export function setupOf(kind: OutboxKind): string {
  return PUSH_GROUPS.find(({ kinds }) => kinds.includes(kind))?.obis ?? '0.0.25.9.0.255';
}
