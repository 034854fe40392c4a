import { LONG_INVOKE } from '../../../dlms/apdu/access.ts';
import { encodeDataNotification } from '../../../dlms/apdu/notification.ts';
import { encodeData } from '../../../dlms/axdr.ts';
import { octetString } from '../../../dlms/values.ts';
import { defineHeartbeat } from './heartbeat.ts';

/** What is pushed counts from below; heartbeats take turns in the last ids, so that neither is confirmed for the other. */
const FIRST_ID = 0xff_ff_00;

/** A small DataNotification: a structure of nothing but the id. It goes protected, and is confirmed, as pushed data are. */
export const dataNotification = defineHeartbeat({
  name: 'data-notification',
  beat: async ({ id, source, confirmed, count }, line) => {
    const longInvoke = ((confirmed ? LONG_INVOKE.confirmed : 0) | (FIRST_ID + (count & 0xff))) >>> 0;
    const body = encodeData({ type: 'structure', elements: [octetString(new TextEncoder().encode(id))] });
    await line.push({ sap: source, apdu: encodeDataNotification({ longInvoke, body }) });
    return confirmed ? 'answered' : 'sent';
  },
});
