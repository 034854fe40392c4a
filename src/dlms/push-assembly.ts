import { TAG } from './apdu/tags.ts';
import { GeneralBlocks } from './cosem/general-blocks.ts';

export interface PushAssemblyConfig {
  /** Longest APDU that blocks may make up. */
  readonly maxApdu: number;
}

export interface Assembled {
  /** The whole APDU, which may be protected; absent while blocks are missing. */
  readonly apdu?: Uint8Array;
  /** Acknowledgements for who sent the blocks. */
  readonly replies: readonly Uint8Array[];
}

/** Senders behind one stream whose blocks are held at a time. */
const MOST_SENDERS = 8;
const WINDOW = 63;
/** Acknowledgements are the only blocks we send. */
const REPLY_PDU = 64;

/** Puts the APDUs together that come over one stream in general blocks (Green Book 9.4.6.13); others pass as they are. */
export class PushAssembly {
  readonly #limit: number;
  readonly #senders = new Map<string, GeneralBlocks>();

  constructor({ maxApdu }: PushAssemblyConfig) {
    this.#limit = maxApdu;
  }

  /**
   * Takes an APDU of `sender`, any name of its addresses. Throws what is wrong with a block: `apdu-invalid`,
   * `axdr-invalid`, `truncated`, `apdu-too-long`, `apdu-unexpected` when the sender gives up; its blocks are forgotten.
   */
  take(sender: string, apdu: Uint8Array): Assembled {
    if (apdu[0] !== TAG.generalBlockTransfer) return { apdu, replies: [] };
    const blocks = this.#of(sender);
    try {
      const step = blocks.receive(apdu);
      if (step.apdu === undefined) return { replies: step.send };
      this.#senders.delete(sender);
      return { apdu: step.apdu, replies: [...step.send, ...blocks.confirm().send] };
    } catch (error) {
      this.#senders.delete(sender);
      throw error;
    }
  }

  /** The sender that was heard first goes when there are too many: on one stream they share its fate anyway. */
  #of(sender: string): GeneralBlocks {
    const known = this.#senders.get(sender);
    if (known !== undefined) return known;
    const [oldest] = this.#senders.keys();
    if (oldest !== undefined && this.#senders.size >= MOST_SENDERS) this.#senders.delete(oldest);
    const made = new GeneralBlocks({ window: WINDOW, maxApdu: REPLY_PDU, limit: this.#limit });
    this.#senders.set(sender, made);
    return made;
  }
}
