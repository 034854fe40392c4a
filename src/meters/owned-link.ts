import type { MeterLink } from './meter-link.ts';

/** A link that hands its channel back when it ends. */
export class OwnedLink implements MeterLink {
  readonly #link: MeterLink;
  readonly #giveBack: () => Promise<void>;
  readonly #discard: () => Promise<void>;

  constructor(link: MeterLink, giveBack: () => Promise<void>, discard: () => Promise<void>) {
    this.#link = link;
    this.#giveBack = giveBack;
    this.#discard = discard;
  }

  get association(): MeterLink['association'] {
    return this.#link.association;
  }

  get counters(): MeterLink['counters'] {
    return this.#link.counters;
  }

  get ended(): MeterLink['ended'] {
    return this.#link.ended;
  }

  get: MeterLink['get'] = (...request) => this.#link.get(...request);
  getList: MeterLink['getList'] = (...request) => this.#link.getList(...request);
  set: MeterLink['set'] = (...request) => this.#link.set(...request);
  action: MeterLink['action'] = (...request) => this.#link.action(...request);
  breakOff = (wanted: boolean): void => this.#link.breakOff?.(wanted);
  abort: MeterLink['abort'] = (reason) => this.#link.abort(reason);

  async release(): Promise<void> {
    try {
      await this.#link.release();
    } catch (error) {
      await this.#discard();
      throw error;
    }
    await this.#giveBack();
  }
}
