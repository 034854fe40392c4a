import { DcuError } from '../base/errors.ts';
import { listenTcp } from '../channels/tcp-listen.ts';

/** Where simulated G3 meters listen: `::1`, or `127.0.0.1` on a machine without IPv6, which `warn` is told. */
export async function g3Host(warn: (message: string) => void): Promise<string> {
  try {
    await listenTcp({ host: '::1', port: 0 }, (channel) => void channel.close()).close();
    return '::1';
  } catch (error) {
    if (!(error instanceof DcuError)) throw error;
    warn(`the G3 meters are on 127.0.0.1, for there is no ::1 on this machine: ${error.message}`);
    return '127.0.0.1';
  }
}
