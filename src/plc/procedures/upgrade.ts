import { SHORTEST_FRAME } from '../frame.ts';
import type { UpgradeTarget } from '../module-types.ts';
import { DENIAL } from '../units/afn-00.ts';
import { FILE, FILE_TARGET, PIECE_ERROR } from '../units/afn-15.ts';
import { type Ending, endingOf, type ModuleFacts, type Procedure, query } from './procedure.ts';

/** An upgrade on its way; it outlives the procedure, so that it goes on after a reset. */
export interface UpgradeProgress {
  readonly id: string;
  readonly image: Uint8Array;
  readonly target: UpgradeTarget;
  /** Bytes of a piece; fixed with the first one. */
  pieceLength: number;
  /** The first piece that the module has not taken. */
  next: number;
  /** Times that the module has refused a piece. */
  errors: number;
}

const HEAD = 11;
const USUAL_PIECE = 1024;
const LAST = 1;
const MOST_PIECES = 0xffff;
const ERRORS_UNTIL_ANEW = 3;
const MOST_ERRORS = 9;

export function newUpgrade(id: string, image: Uint8Array, target: UpgradeTarget): UpgradeProgress {
  return { id, image, target, pieceLength: 0, next: 0, errors: 0 };
}

/**
 * Hands the image over piece by piece, each confirmed by its number. A piece that is refused is sent again, and after
 * three refusals everything; after a reset it goes on with the piece that was due.
 */
export function* sendUpgrade(facts: ModuleFacts, upgrade: UpgradeProgress): Procedure<Ending> {
  const { id, image, target } = upgrade;
  if (upgrade.pieceLength === 0) {
    const room = facts.maxFrame - SHORTEST_FRAME - HEAD;
    upgrade.pieceLength = Math.max(1, Math.min(room, facts.maxFilePiece || USUAL_PIECE));
  }
  const { pieceLength } = upgrade;
  const total = Math.ceil(image.length / pieceLength);
  if (total === 0 || total > MOST_PIECES) return { code: DENIAL.length };
  while (upgrade.next < total) {
    if (upgrade.next === 0) {
      const cleared = yield* query(facts, FILE, piece(FILE_TARGET.clear, 0, 0, new Uint8Array()));
      if (!cleared.ok && cleared.code === 'silent') return 'silent';
    }
    const due = upgrade.next;
    const data = image.slice(due * pieceLength, (due + 1) * pieceLength);
    const answer = yield* query(facts, FILE, piece(FILE_TARGET[target], total, due, data));
    if (!answer.ok) return endingOf(answer);
    if (answer.value === due) {
      upgrade.next++;
      facts.emit({ type: 'upgrade-progress', id, done: upgrade.next, total });
      continue;
    }
    upgrade.errors++;
    if (upgrade.errors >= MOST_ERRORS) return { code: DENIAL.checksum };
    if (answer.value !== PIECE_ERROR || upgrade.errors % ERRORS_UNTIL_ANEW === 0) upgrade.next = 0;
  }
  facts.emit({ type: 'upgraded', id });
  return 'done';
}

function piece(fileId: number, total: number, number: number, data: Uint8Array) {
  const attribute = total > 0 && number === total - 1 ? LAST : 0;
  return { fileId, attribute, command: 0, total, piece: number, data };
}
