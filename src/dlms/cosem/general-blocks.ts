import { equalBytes } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import {
  decodeGeneralBlock,
  encodeGeneralBlock,
  GENERAL_BLOCK_HEADER,
  type GeneralBlock,
  MAX_WINDOW,
} from '../apdu/general-block-transfer.ts';
import {
  GENERAL_BLOCK_TABLE,
  type GeneralBlockAction,
  type GeneralBlockInput,
  type GeneralBlockState,
} from './general-block-states.ts';
import { IncomingBlocks } from './incoming-blocks.ts';

export interface GeneralBlockConfig {
  /** Blocks that we take, and send, in one go: 1 to 63. */
  readonly window: number;
  /** Longest APDU for the peer. */
  readonly maxApdu: number;
  /** Most bytes that a message of the peer may have. */
  readonly limit: number;
}

/** What an input leads to: blocks to send, in order, and the message that is complete now. */
export interface GeneralBlockStep {
  readonly send: readonly Uint8Array[];
  readonly apdu?: Uint8Array;
}

const NOTHING: GeneralBlockStep = { send: [] };
const LAST_NUMBER = 0xffff;
/** Bytes of a block that the peer's PDU must have room for. */
const LEAST_BLOCK_BYTES = 8;
const EMPTY = new Uint8Array(0);

/** Tells the peer that the transfer ends here (block number 0; the clause was not checked). */
export const GENERAL_BLOCK_ABORT = encodeGeneralBlock({
  last: true,
  streaming: false,
  window: 0,
  blockNumber: 0,
  blockNumberAck: 0,
  data: EMPTY,
});

/**
 * General block transfer between two peers (Green Book 9.4.6.13), the same for both roles: an exchange is a message
 * in blocks, and perhaps one in blocks as its answer. Each side numbers its own blocks, those without content too. A
 * block without the streaming bit hands over the turn; who gets it says which block came last without a gap before
 * it, and the peer goes on behind that one. What is missing is thus sent again, and nothing else.
 */
export class GeneralBlocks {
  readonly #config: GeneralBlockConfig;
  #state: GeneralBlockState = 'idle';
  #message: Uint8Array = EMPTY;
  /** Number before the first block of our message. */
  #base = 0;
  /** Our highest number so far. */
  #number = 0;
  #acknowledged = 0;
  #peerWindow = 1;
  #incoming: IncomingBlocks | undefined;
  #peerNumber = 0;
  /** What opened the exchange. */
  #opening: Uint8Array | undefined;
  /** The block that handed over the turn. */
  #handOver: Uint8Array | undefined;
  /** What the last block without content said. */
  #said: { readonly ack: number; readonly window: number } | undefined;

  constructor(config: GeneralBlockConfig) {
    this.#config = config;
  }

  get state(): GeneralBlockState {
    return this.#state;
  }

  /** Longest content of a block for the peer. */
  get blockBytes(): number {
    return this.#config.maxApdu - GENERAL_BLOCK_HEADER;
  }

  /** Sends a message. Throws `conflict` inside another one, `apdu-too-long` when the peer's PDU has no room for blocks. */
  begin(apdu: Uint8Array): GeneralBlockStep {
    return this.#dispatch('begin', undefined, apdu);
  }

  /**
   * Takes a general-block-transfer APDU. Throws what its decoding throws, `apdu-too-long` and `apdu-invalid` for a
   * message that is too long or does not move, `apdu-unexpected` when the peer gives up; the exchange is over then.
   */
  receive(raw: Uint8Array): GeneralBlockStep {
    const block = decodeGeneralBlock(raw);
    try {
      return this.#dispatch(this.#kindOf(block, raw), block, raw);
    } catch (error) {
      this.reset();
      throw error;
    }
  }

  /** Nothing came for too long: the last word is said again. */
  silence(): GeneralBlockStep {
    return this.#dispatch('silence', undefined, EMPTY);
  }

  /** Acknowledges a message that is not answered. */
  confirm(): GeneralBlockStep {
    if (this.#state !== 'received') return NOTHING;
    return { send: [this.#acknowledgement(this.#peerNumber, this.#config.window)] };
  }

  reset(): void {
    this.#state = 'idle';
    this.#message = EMPTY;
    this.#incoming = undefined;
    this.#opening = undefined;
    this.#forget();
  }

  #forget(): void {
    this.#base = 0;
    this.#number = 0;
    this.#acknowledged = 0;
    this.#peerNumber = 0;
    this.#peerWindow = 1;
    this.#handOver = undefined;
    this.#said = undefined;
  }

  #kindOf(block: GeneralBlock, raw: Uint8Array): GeneralBlockInput {
    if (block.blockNumber === 0) return 'abort';
    if (block.data.length === 0) return 'ack';
    if (block.blockNumber !== 1 || block.blockNumberAck !== 0) return 'data';
    return this.#opening !== undefined && equalBytes(this.#opening, raw) ? 'again' : 'first';
  }

  #dispatch(input: GeneralBlockInput, block: GeneralBlock | undefined, bytes: Uint8Array): GeneralBlockStep {
    const action = GENERAL_BLOCK_TABLE[this.#state][input];
    if (block !== undefined && action !== 'ignore') this.#peerWindow = Math.max(1, block.window);
    return this.#actions[action](bytes, block);
  }

  readonly #actions: Readonly<
    Record<GeneralBlockAction, (bytes: Uint8Array, block: GeneralBlock | undefined) => GeneralBlockStep>
  > = {
    ignore: () => NOTHING,
    misuse: () => {
      throw new DcuError('conflict', 'a message inside another one of general block transfer');
    },
    start: (apdu) => {
      this.reset();
      return this.#send(apdu);
    },
    answer: (apdu) => this.#send(apdu),
    open: (raw, block) => {
      this.reset();
      this.#opening = raw.slice();
      if (block !== undefined) this.#peerWindow = Math.max(1, block.window);
      return this.#listen(0, block);
    },
    take: (_, block) => this.#take(block),
    turn: (_, block) => this.#turn(block),
    advance: (_, block) => this.#advance(block),
    repeat: () => this.#repeat(),
    giveUp: () => {
      throw new DcuError('apdu-unexpected', 'the peer gave up the block transfer');
    },
  };

  #send(apdu: Uint8Array): GeneralBlockStep {
    const blocks = Math.ceil(apdu.length / this.blockBytes);
    if (this.blockBytes < LEAST_BLOCK_BYTES || this.#number + blocks > LAST_NUMBER) {
      throw new DcuError('apdu-too-long', `${apdu.length} bytes do not go in blocks of ${this.blockBytes}`);
    }
    this.#message = apdu;
    this.#base = this.#number;
    this.#acknowledged = this.#base;
    this.#state = 'sending';
    return this.#burst();
  }

  /** As many blocks behind the last acknowledged one as the peer takes. */
  #burst(): GeneralBlockStep {
    const window = Math.min(this.#peerWindow, this.#config.window);
    const from = this.#acknowledged + 1;
    const to = Math.min(this.#lastBlock, this.#acknowledged + window);
    const send: Uint8Array[] = [];
    for (let number = from; number <= to; number++) send.push(this.#block(number, number < to));
    this.#number = Math.max(this.#number, to);
    this.#handOver = send.at(-1);
    return { send };
  }

  /** Number of the block that ends our message. */
  get #lastBlock(): number {
    return this.#base + Math.max(1, Math.ceil(this.#message.length / this.blockBytes));
  }

  /** Numbers before the message were acknowledgements: where one was lost, a block without content fills its place. */
  #block(blockNumber: number, streaming: boolean): Uint8Array {
    const at = (blockNumber - this.#base - 1) * this.blockBytes;
    return encodeGeneralBlock({
      last: blockNumber === this.#lastBlock,
      streaming,
      window: this.#config.window,
      blockNumber,
      blockNumberAck: this.#peerNumber,
      data: at < 0 ? EMPTY : this.#message.subarray(at, at + this.blockBytes),
    });
  }

  /** The peer says how far it got. What it cannot have received, or had acknowledged before, moves nothing. */
  #advance(block: GeneralBlock | undefined): GeneralBlockStep {
    if (block === undefined) return NOTHING;
    const { blockNumber, blockNumberAck } = block;
    this.#peerNumber = Math.max(this.#peerNumber, blockNumber);
    const isOld = blockNumberAck < this.#acknowledged && this.#acknowledged > this.#base;
    if (isOld || blockNumberAck > this.#number) return NOTHING;
    this.#acknowledged = blockNumberAck;
    if (blockNumberAck < this.#lastBlock) return this.#burst();
    this.#state = 'sent';
    return NOTHING;
  }

  /** An answer proves that our message arrived; a peer that does not say so has missed what we said last. */
  #turn(block: GeneralBlock | undefined): GeneralBlockStep {
    if (block === undefined) return NOTHING;
    if (block.blockNumberAck < this.#lastBlock) return block.streaming ? NOTHING : this.#repeat();
    this.#acknowledged = this.#lastBlock;
    // Some peers number their answer from 1 again, whatever they have acknowledged before.
    return this.#listen(block.blockNumber === 1 ? 0 : this.#peerNumber, block);
  }

  #listen(before: number, block: GeneralBlock | undefined): GeneralBlockStep {
    this.#incoming = new IncomingBlocks(before, this.#config.limit);
    this.#peerNumber = before;
    this.#message = EMPTY;
    this.#state = 'receiving';
    return this.#take(block);
  }

  #take(block: GeneralBlock | undefined): GeneralBlockStep {
    const incoming = this.#incoming;
    if (incoming === undefined || block === undefined) return NOTHING;
    incoming.add(block);
    this.#peerNumber = incoming.contiguous;
    if (incoming.complete) {
      this.#state = 'received';
      this.#incoming = undefined;
      return { send: [], apdu: incoming.bytes() };
    }
    if (block.streaming) return NOTHING;
    // Only what is missing is asked for, where that is known.
    const window = incoming.gap === 0 ? this.#config.window : Math.min(incoming.gap, MAX_WINDOW);
    return { send: [this.#acknowledgement(incoming.contiguous, window)] };
  }

  #repeat(): GeneralBlockStep {
    return { send: this.#handOver ? [this.#handOver] : [] };
  }

  /** The same words in the same state have the same number, so that a lost one leaves no gap. */
  #acknowledgement(ack: number, window: number): Uint8Array {
    if (this.#handOver !== undefined && this.#said?.ack === ack && this.#said.window === window) {
      return this.#handOver;
    }
    if (this.#number >= LAST_NUMBER) throw new DcuError('apdu-too-long', 'block numbers are used up');
    this.#number++;
    const bytes = encodeGeneralBlock({
      last: true,
      streaming: false,
      window,
      blockNumber: this.#number,
      blockNumberAck: ack,
      data: EMPTY,
    });
    this.#said = { ack, window };
    this.#handOver = bytes;
    return bytes;
  }
}
