import { array, logicalName, octetString, structure, u16, utf8String } from '../../dlms/values.ts';
import { actorOf, type ManagementGroup } from './group.ts';
import type { Refusal, RefusalsPort } from './ports.ts';

const MOST_ACTORS = 64;
const MOST_PROBLEMS = 200;
/** OpenDCU's own, in the range that is left to manufacturers (B = 128 to 199). */
const LAST_REFUSAL = '0.128.96.10.0.255';

/** Why a change was refused: a data-access-result has no room for it, so each head-end may read it of its last one. */
export class Refusals implements RefusalsPort {
  readonly #last = new Map<string, Refusal>();

  note(actor: string, refusal: Refusal): void {
    this.#last.delete(actor);
    const [oldest] = this.#last.keys();
    if (this.#last.size >= MOST_ACTORS && oldest !== undefined) this.#last.delete(oldest);
    this.#last.set(actor, { ...refusal, problems: refusal.problems.slice(0, MOST_PROBLEMS) });
  }

  last(actor: string): Refusal | undefined {
    return this.#last.get(actor);
  }
}

export const refusalsGroup: ManagementGroup = {
  objects: (at) => {
    const refusal = at.sources.management.refusals.last(actorOf(at));
    const problems = refusal?.problems ?? [];
    const get = () =>
      structure(
        octetString(refusal === undefined ? new Uint8Array(0) : at.times.bytes(refusal.time, NOT_SPECIFIED)),
        refusal === undefined ? octetString(new Uint8Array(0)) : logicalName(refusal.obis),
        array(
          problems.map(({ row, field, message }) =>
            structure(u16(row), utf8String(field), utf8String(message)),
          ),
        ),
      );
    return [{ classId: 1, version: 0, obis: LAST_REFUSAL, attributes: { 2: { get } } }];
  },
};

const NOT_SPECIFIED = 0xff;
