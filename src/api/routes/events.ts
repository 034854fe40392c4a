import { eventStream } from '../event-stream.ts';
import { defineRawRoute } from '../route.ts';
import { snapshotView } from './home.ts';

export const eventRoutes = [
  defineRawRoute({
    method: 'GET',
    path: '/api/events/stream',
    right: 'readings.read',
    background: true,
    summary: 'Server-sent events: progress, meter-state, meter-data, heartbeat',
    handler: ({ services: { auth, clock, collector }, token }) =>
      new Response(
        eventStream({
          bus: collector.bus,
          clock,
          names: ['progress', 'meter-state', 'meter-data'],
          first: [
            { event: 'heartbeat', data: { now: clock.now() } },
            { event: 'progress', data: snapshotView(collector.snapshot()) },
          ],
          mayGoOn: async () => token !== undefined && (await auth.session(token, 'background')) !== undefined,
        }),
        { headers: { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' } },
      ),
  }),
] as const;
