import type { Clock } from '../base/clock.ts';
import type { CollectionStore } from '../base/collection.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Meter, RegisterReading } from '../base/model.ts';
import type { LineOpening } from '../meters/line-job.ts';
import { IDENTITY_OBJECTS, type MeterSession } from '../meters/session.ts';
import type { CollectorEvents } from './events.ts';

export interface IdentitiesDependencies {
  readonly store: Pick<CollectionStore, 'registers' | 'saveRegisters'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Another meter answers than before; once of each. */
  readonly tell: (event: CollectorEvents['meter-identity']) => void;
}

/**
 * Whether it is still the same meter that answers: what it calls itself is asked with its clock at the beginning of each
 * session, and kept with its readings. A meter that was swapped on site would else have its rows stored under the old one.
 */
export class Identities {
  readonly #deps: IdentitiesDependencies;
  /** By meter, what it called itself by object. */
  readonly #known = new Map<number, Map<string, RegisterReading>>();
  /** Of meters at whose address another answers: what that one calls itself. */
  readonly #strangers = new Map<number, readonly RegisterReading[]>();

  constructor(deps: IdentitiesDependencies) {
    this.#deps = deps;
  }

  /** The opening of a meter, which fails with `meter-replaced` when another meter answers. */
  guarded(meter: Meter, opening: LineOpening<MeterSession>): LineOpening<MeterSession> {
    return {
      ...opening,
      open: async (signal, probe, count) => {
        const session = await opening.open(signal, probe, count);
        const tearDown = (): void => session.abort(toDcuError(signal.reason));
        signal.addEventListener('abort', tearDown, { once: true });
        try {
          await this.#check(meter, session);
          return session;
        } catch (error) {
          await session.close();
          count(session.counters);
          throw error;
        } finally {
          signal.removeEventListener('abort', tearDown);
        }
      },
    };
  }

  /** The meter that answers now is the right one. @throws DcuError `conflict` when no other has answered */
  async accept(meterId: number): Promise<void> {
    const stranger = this.#strangers.get(meterId);
    if (stranger === undefined) {
      throw new DcuError('conflict', 'no other meter has answered at its address since the start');
    }
    const time = this.#deps.clock.now();
    await this.#deps.store.saveRegisters(stranger.map((reading) => ({ ...reading, time })));
    this.#strangers.delete(meterId);
    this.#known.delete(meterId);
  }

  async #check(meter: Meter, session: MeterSession): Promise<void> {
    const found = await this.#ask(meter, session);
    if (found.length === 0) return;
    const known = this.#known.get(meter.id) ?? (await this.#load(meter.id));
    const others = found.filter((reading) => {
      const before = known.get(reading.obis);
      return before !== undefined && before.value !== reading.value;
    });
    const [other] = others;
    if (other === undefined) {
      this.#strangers.delete(meter.id);
      const news = found.filter(({ obis }) => !known.has(obis));
      if (news.length === 0) return;
      await this.#deps.store.saveRegisters(news);
      for (const reading of news) known.set(reading.obis, reading);
      return;
    }
    const told = this.#strangers.get(meter.id);
    this.#strangers.set(meter.id, found);
    const names = { known: nameOf(known.get(other.obis)), found: nameOf(other) };
    if (told === undefined || !sameValues(told, found)) {
      this.#deps.tell({ meterId: meter.id, meterNo: meter.meterNo, ...names });
    }
    throw new DcuError(
      'meter-replaced',
      `another meter answers at the address of ${meter.meterNo}: it calls itself ${names.found}, and was ${names.known}; nothing is read until it is replaced in the archive, or accepted as the same`,
      { facts: names },
    );
  }

  /** What the meter calls itself; nothing where it does not say. */
  async #ask(meter: Meter, session: MeterSession): Promise<RegisterReading[]> {
    try {
      const results = await session.identify();
      return session
        .toReadings(results, this.#deps.clock.now())
        .filter(({ value }) => value !== '' && !/^(?:00)+$/.test(value));
    } catch (thrown) {
      // A meter that cannot be asked is as good as one that does not say.
      if (!session.open) throw thrown;
      const { log } = this.#deps;
      log.debug('a meter does not say who it is', {
        meterNo: meter.meterNo,
        ...toDcuError(thrown).toJSON(),
      });
      return [];
    }
  }

  async #load(meterId: number): Promise<Map<string, RegisterReading>> {
    const stored = await this.#deps.store.registers(meterId);
    const known = new Map(
      IDENTITY_OBJECTS.flatMap(({ classId, obis, attribute }) => {
        const reading = stored.find(
          (one) => one.obis === obis && one.classId === classId && one.attribute === attribute,
        );
        return reading === undefined ? [] : [[obis, reading] as const];
      }),
    );
    this.#known.set(meterId, known);
    return known;
  }
}

const sameValues = (one: readonly RegisterReading[], other: readonly RegisterReading[]): boolean =>
  one.length === other.length && one.every(({ value }, index) => value === other[index]?.value);

/** Octets as text where they are letters and digits. */
function nameOf(reading: RegisterReading | undefined): string {
  if (reading === undefined) return 'nothing';
  if (reading.type !== 'octet-string') return reading.value;
  const text = new TextDecoder().decode(Uint8Array.fromHex(reading.value));
  return /^[\x20-\x7e]+$/.test(text) ? text.trim() : reading.value;
}
