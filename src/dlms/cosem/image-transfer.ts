import { equalBytes } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { decodeData } from '../axdr.ts';
import type { CosemAttribute, GetResult } from '../client-types.ts';
import type { DlmsData } from '../data.ts';
import { i8, octetString, structure, u32 } from '../values.ts';
import { IMAGE_STATUS } from './image-transfer-object.ts';

export interface ImageTransferPlan {
  readonly obis: string;
  readonly identifier: Uint8Array;
  readonly image: Uint8Array;
  /** Goes on with a transfer of the same image that the meter says is initiated, instead of starting anew. */
  readonly resume?: boolean;
  /** Whether the image is activated once it is verified; true if not given. */
  readonly activate?: boolean;
  /** Wait between two looks at a verification or activation that is under way. */
  readonly pollMs: number;
  /** Looks at most, for each of the two. */
  readonly polls: number;
  /** How often what the meter then misses is sent again; 3 if not given. */
  readonly repairs?: number;
}

/** What is to be done next; each is answered by the matching `ImageAnswer`. */
export type ImageStep =
  | { readonly type: 'get'; readonly attribute: CosemAttribute }
  | { readonly type: 'action'; readonly method: CosemAttribute; readonly parameter: DlmsData }
  | { readonly type: 'wait'; readonly ms: number };

/** The meter's answer to a get or an action; a wait is answered by `waited`. */
export type ImageAnswer =
  | { readonly type: 'get'; readonly result: GetResult }
  | { readonly type: 'action'; readonly result: string }
  | { readonly type: 'waited' };

export interface ImageOutcome {
  readonly blockSize: number;
  /** Blocks sent, repeated ones counted each time. */
  readonly blocksSent: number;
  readonly activated: boolean;
}

type Steps<Value> = Generator<ImageStep, Value, ImageAnswer>;

const ATTRIBUTE = { blockSize: 2, firstMissing: 4, enabled: 5, status: 6, readyImages: 7 } as const;
const METHOD = { initiate: 1, block: 2, verify: 3, activate: 4 } as const;
const DEFAULT_REPAIRS = 3;

/**
 * Transfers an image to class 18 (Blue Book, "Image transfer", its sequence of initiation, blocks, check for
 * completeness, verification, check before activation, activation). A generator: it yields what to ask the meter and
 * takes the answer, and knows neither time nor association, so a transfer can go on in the next association
 * (`resume`). Throws `unsupported` when the meter's transfer is switched off, `exception-response` for what it
 * refuses, `type-mismatch` for an attribute of another type, and `link-timeout` when polling came to no end.
 */
export function* transferImage(plan: ImageTransferPlan): Steps<ImageOutcome> {
  const meter = new ImageMeter(plan);
  if (!(yield* meter.isEnabled())) {
    throw new DcuError('unsupported', 'the meter takes no image: image_transfer_enabled is false');
  }
  const blockSize = yield* meter.number(ATTRIBUTE.blockSize, 'image_block_size');
  if (blockSize === 0) throw new DcuError('type-mismatch', 'the meter states an image block size of 0');
  const first = yield* meter.begin();
  const blocksSent = yield* meter.sendBlocks(first, blockSize);
  yield* meter.finish(METHOD.verify, 'verification');
  yield* meter.checkReady();
  const activate = plan.activate ?? true;
  if (activate) yield* meter.finish(METHOD.activate, 'activation');
  return { blockSize, blocksSent, activated: activate };
}

class ImageMeter {
  readonly #plan: ImageTransferPlan;

  constructor(plan: ImageTransferPlan) {
    this.#plan = plan;
  }

  *isEnabled(): Steps<boolean> {
    const value = yield* this.#get(ATTRIBUTE.enabled);
    if (value.type !== 'boolean') throw mismatch('image_transfer_enabled', value);
    return value.value;
  }

  *number(attribute: number, name: string): Steps<number> {
    const value = yield* this.#get(attribute);
    if (value.type !== 'double-long-unsigned') throw mismatch(name, value);
    return value.value;
  }

  /** Number of the block to begin with. */
  *begin(): Steps<number> {
    const { identifier, image, resume = false } = this.#plan;
    if (resume && (yield* this.#status()) === IMAGE_STATUS.initiated) {
      return yield* this.number(ATTRIBUTE.firstMissing, 'image_first_not_transferred_block_number');
    }
    yield* this.#mustAct(METHOD.initiate, structure(octetString(identifier), u32(image.length)));
    return 0;
  }

  /** Sends every block from `first` on, then from the first that the meter misses, until it misses none. */
  *sendBlocks(first: number, blockSize: number): Steps<number> {
    const { image, repairs = DEFAULT_REPAIRS } = this.#plan;
    const blocks = Math.ceil(image.length / blockSize);
    let from = first;
    let sent = 0;
    for (let round = 0; from < blocks; round++) {
      if (round > repairs) {
        throw new DcuError(
          'exception-response',
          `the meter still misses block ${from} after ${repairs} repairs`,
        );
      }
      for (let number = from; number < blocks; number++) {
        const bytes = image.subarray(number * blockSize, (number + 1) * blockSize);
        // One that is refused shows as missing, and is sent again.
        yield* this.#act(METHOD.block, structure(u32(number), octetString(bytes)));
        sent++;
      }
      from = yield* this.number(ATTRIBUTE.firstMissing, 'image_first_not_transferred_block_number');
    }
    return sent;
  }

  /** Verification or activation: a temporary failure means that it is under way, and its end shows in the status. */
  *finish(method: number, what: 'verification' | 'activation'): Steps<void> {
    const { pollMs, polls } = this.#plan;
    const [done, failed] = [IMAGE_STATUS[`${what}-successful`], IMAGE_STATUS[`${what}-failed`]];
    const result = yield* this.#act(method, i8(0));
    if (result === 'success') return;
    if (result !== 'temporary-failure') throw refused(what, result);
    for (let poll = 0; poll < polls; poll++) {
      yield { type: 'wait', ms: pollMs };
      const status = yield* this.#status();
      if (status === done) return;
      if (status === failed) throw refused(what, 'failed');
    }
    throw new DcuError('link-timeout', `the ${what} of the image is still under way after ${polls} looks`);
  }

  /** The image that lies ready must be the one that was sent; a meter that names none is taken at its word. */
  *checkReady(): Steps<void> {
    const value = yield* this.#get(ATTRIBUTE.readyImages);
    if (value.type !== 'array') throw mismatch('image_to_activate_info', value);
    const { identifier, image } = this.#plan;
    const known = value.elements.some((element) => {
      const [size, name] = element.type === 'structure' ? element.elements : [];
      const sameSize = size?.type === 'double-long-unsigned' && size.value === image.length;
      return sameSize && name?.type === 'octet-string' && equalBytes(name.value, identifier);
    });
    if (value.elements.length > 0 && !known) {
      throw new DcuError('conflict', 'the image that lies ready is not the one that was sent');
    }
  }

  *#status(): Steps<number> {
    const value = yield* this.#get(ATTRIBUTE.status);
    if (value.type !== 'enum') throw mismatch('image_transfer_status', value);
    return value.value;
  }

  *#get(attribute: number): Steps<DlmsData> {
    const answer = yield { type: 'get', attribute: this.#address(attribute) };
    if (answer.type !== 'get') throw new DcuError('internal', `${answer.type} as the answer to a get`);
    if (!answer.result.ok) throw refused(`attribute ${attribute}`, answer.result.result);
    return decodeData(answer.result.data);
  }

  *#act(method: number, parameter: DlmsData): Steps<string> {
    const answer = yield { type: 'action', method: this.#address(method), parameter };
    if (answer.type !== 'action') throw new DcuError('internal', `${answer.type} as the answer to an action`);
    return answer.result;
  }

  *#mustAct(method: number, parameter: DlmsData): Steps<void> {
    const result = yield* this.#act(method, parameter);
    if (result !== 'success') throw refused('initiation', result);
  }

  #address(attribute: number): CosemAttribute {
    return { classId: 18, obis: this.#plan.obis, attribute };
  }
}

function refused(what: string, result: string): DcuError {
  return new DcuError('exception-response', `image transfer: the meter refuses the ${what}: ${result}`, {
    facts: { what, result },
  });
}

function mismatch(name: string, value: DlmsData): DcuError {
  return new DcuError('type-mismatch', `${name} of the meter is of type ${value.type}`);
}
