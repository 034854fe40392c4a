import { toHex } from '../base/bytes.ts';
import type { InvocationCounters } from '../base/collection.ts';
import { toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Meter } from '../base/model.ts';
import type { AssociationConfig } from '../dlms/client.ts';
import { digest } from '../kernels/index.ts';

/** What was heard from a meter under one key; for another key its counter begins anew. */
interface Heard {
  readonly keyId: string;
  lowest: number;
  saved: number;
}

/** Characters of the key's digest that tell one key of a meter from the next. */
const KEY_MARK = 16;

/**
 * The lowest invocation counter still accepted of each meter: what it has said is refused when it comes again, also in a
 * later session. On disk at the end of each session, so that this holds after a restart as well; what a crash loses is
 * no more than the session it happened in.
 */
export class HeardCounters {
  readonly #counters: InvocationCounters;
  readonly #log: Log;
  readonly #byMeter = new Map<number, Heard>();
  readonly #saving = new Set<Promise<void>>();

  constructor(counters: InvocationCounters, log: Log) {
    this.#counters = counters;
    this.#log = log;
  }

  async of(
    { id, meterNo }: Meter,
    encryptionKey: Uint8Array | undefined,
  ): Promise<Pick<AssociationConfig, 'lowestMeterCounter' | 'onMeterCounter'>> {
    if (encryptionKey === undefined) return {};
    const mark = toHex(digest('sha256', encryptionKey)).slice(0, KEY_MARK);
    const keyId = `meter:${meterNo}:in:${mark}`;
    let heard = this.#byMeter.get(id);
    if (heard?.keyId !== keyId) {
      const lowest = await this.#counters.peek(keyId);
      heard = { keyId, lowest, saved: lowest };
      this.#byMeter.set(id, heard);
    }
    const own = heard;
    return {
      lowestMeterCounter: own.lowest,
      onMeterCounter: (lowest) => {
        own.lowest = lowest;
      },
    };
  }

  /** The session with a meter is over. Does not keep its line waiting. */
  save({ id, meterNo }: Meter): void {
    const heard = this.#byMeter.get(id);
    if (heard === undefined || heard.lowest <= heard.saved) return;
    const before = heard.saved;
    heard.saved = heard.lowest;
    const saving = this.#counters.raise(heard.keyId, heard.lowest).catch((error: unknown) => {
      // It is tried again after the next session.
      heard.saved = Math.min(heard.saved, before);
      const facts = { meterNo, ...toDcuError(error).toJSON() };
      this.#log.warn('the counter of a meter could not be kept for the next start', facts);
    });
    this.#saving.add(saving);
    void saving.finally(() => this.#saving.delete(saving));
  }

  forget(meterId: number): void {
    this.#byMeter.delete(meterId);
  }

  /** Resolves when all is on disk. */
  async close(): Promise<void> {
    await Promise.all(this.#saving);
  }
}
