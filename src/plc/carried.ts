import { DcuError } from '../base/errors.ts';
import type { Edition } from './codec.ts';
import type { PlcFrame } from './frame.ts';
import { type AnyUnit, decodeData } from './unit.ts';
import { FORWARD_ROUTED, FORWARD_ROUTED_LONG } from './units/afn-13.ts';
import { READ_CONCURRENT } from './units/afn-f1.ts';

const CARRIERS: readonly AnyUnit[] = [READ_CONCURRENT, FORWARD_ROUTED, FORWARD_ROUTED_LONG];
const EDITIONS: readonly Edition[] = ['10376.2', '376.2'];

/** The message to or from a meter that a frame carries; undefined for one that carries none. Tries both editions. */
export function messageOf(frame: PlcFrame): Uint8Array | undefined {
  const unit = CARRIERS.find(({ afn, fn }) => afn === frame.afn && fn === frame.fn);
  if (unit === undefined) return undefined;
  const codec = frame.direction === 'down' ? unit.down : unit.up;
  for (const edition of EDITIONS) {
    try {
      const { value, trailing } = decodeData(codec, frame.data, edition);
      if (trailing === 0) return (value as { readonly message: Uint8Array }).message;
    } catch (thrown) {
      if (!(thrown instanceof DcuError)) throw thrown;
    }
  }
  return undefined;
}
