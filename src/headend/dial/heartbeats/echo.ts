import { equalBytes } from '../../../base/bytes.ts';
import { defineHeartbeat } from './heartbeat.ts';

/** A frame that holds nothing but the id; the head-end sends it back with source and destination swapped. */
export const echo = defineHeartbeat({
  name: 'echo',
  beat: async ({ id, source, destination }, line, signal) => {
    const apdu = new TextEncoder().encode(id);
    await line.exchange(
      { source, destination, apdu },
      (frame) => frame.source === destination && frame.destination === source && equalBytes(frame.apdu, apdu),
      signal,
    );
    return 'answered';
  },
});
