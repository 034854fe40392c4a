import type { Clock } from '../base/clock.ts';
import type { LiveBus, LiveEvents } from './services.ts';

const HEARTBEAT_MS = 15_000;
/** A browser that stopped reading is cut off here; it reconnects and asks anew. */
const MAX_QUEUED = 1_000;

export interface EventStreamOptions {
  readonly bus: LiveBus;
  readonly clock: Clock;
  /** Sent first, so that a client that reconnects is up to date at once. */
  readonly first: readonly StreamEvent[];
  /** Asked at each heartbeat; false ends the stream (session revoked or expired). */
  readonly mayGoOn: () => Promise<boolean>;
  /** What of the bus this caller may hear. */
  readonly names: readonly (keyof LiveEvents & string)[];
}

export interface StreamEvent {
  readonly event: string;
  readonly data: unknown;
}

/**
 * The bus as server-sent events. `cancel` (the browser went away) and a refused heartbeat drop every listener and the timer,
 * so nothing stays behind.
 */
export function eventStream(options: EventStreamOptions): ReadableStream<Uint8Array> {
  const { bus, clock, first, mayGoOn, names } = options;
  const encoder = new TextEncoder();
  let release: (() => void)[] = [];
  const stop = (): void => {
    for (const drop of release) drop();
    release = [];
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let disarm = (): void => {};
        const end = (): void => {
          stop();
          controller.close();
        };
        const send = ({ event, data }: StreamEvent): void => {
          if ((controller.desiredSize ?? 0) <= 0) end();
          else controller.enqueue(encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
        };
        const beat = async (): Promise<void> => {
          const goOn = await mayGoOn().catch(() => false);
          if (release.length === 0) return;
          if (!goOn) return end();
          send({ event: 'heartbeat', data: { now: clock.now() } });
          if (release.length > 0) disarm = clock.after(HEARTBEAT_MS, () => void beat());
        };
        release = [
          ...names.map((name) => bus.on(name, (data) => send({ event: name, data }))),
          () => disarm(),
        ];
        disarm = clock.after(HEARTBEAT_MS, () => void beat());
        for (const event of first) send(event);
      },
      cancel: stop,
    },
    new CountQueuingStrategy({ highWaterMark: MAX_QUEUED }),
  );
}
