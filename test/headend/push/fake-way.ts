import { DcuError } from '../../../src/base/errors.ts';
import { decodeTelegram } from '../../../src/dlms/decode/index.ts';
import type { Notification, OpenPushWay } from '../../../src/headend/push/way.ts';

export interface Sent extends Notification {
  readonly atMs: number;
  /** What it says, by OBIS code. */
  readonly values: Readonly<Record<string, string>>;
}

/** A way in memory; whether and when it confirms is the test's to say. */
export class FakeWay {
  readonly sent: Sent[] = [];
  opened = 0;
  closed = 0;
  /** Throws: no way comes about. */
  onOpen: () => void = () => {};
  onSend: (sent: Sent) => Promise<void> = async () => {};
  readonly #now: () => number;
  #end: (error: DcuError) => void = () => {};

  constructor(now: () => number) {
    this.#now = now;
  }

  readonly open: OpenPushWay = async () => {
    this.onOpen();
    this.opened++;
    const { promise, resolve } = Promise.withResolvers<DcuError>();
    this.#end = resolve;
    const cut = promise.then((error) => {
      throw error;
    });
    cut.catch(() => undefined);
    return {
      send: (notification) => {
        const sent = { ...notification, atMs: this.#now(), values: valuesOf(notification.apdu) };
        this.sent.push(sent);
        return Promise.race([this.onSend(sent), cut]);
      },
      closed: promise,
      close: async () => {
        this.closed++;
        resolve(new DcuError('cancelled', 'closed'));
      },
    };
  };

  cut(): void {
    this.#end(new DcuError('channel-lost', 'cut'));
  }
}

export function valuesOf(apdu: Uint8Array): Record<string, string> {
  const { readings } = decodeTelegram(apdu, { transport: 'apdu' });
  return Object.fromEntries(readings.map(({ obis, value }) => [obis, value]));
}
