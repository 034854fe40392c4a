import { concat, equalBytes } from '../../../base/bytes.ts';
import { defineHeartbeat } from './heartbeat.ts';

const REQUEST = Uint8Array.of(0xdd, 0x10, 0, 0, 0, 0);
const ANSWER_TAG = 0xda;

/**
 * The identification packet that modems of several makers send: DD 10 00000000 and the id; answered by DA alone or by the
 * same with DA for DD. The tags are those of general-ciphering and access-response, so that only these very bytes count.
 * (Seen in public implementations; no standard has it.)
 */
export const identification = defineHeartbeat({
  name: 'identification',
  beat: async ({ id, source, destination }, line, signal) => {
    const apdu = concat([REQUEST, new TextEncoder().encode(id)]);
    const answer = apdu.slice();
    answer[0] = ANSWER_TAG;
    await line.exchange(
      { source, destination, apdu },
      (frame) => frame.apdu[0] === ANSWER_TAG && (frame.apdu.length === 1 || equalBytes(frame.apdu, answer)),
      signal,
    );
    return 'answered';
  },
});
