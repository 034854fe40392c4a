import type { AssociationConfig } from '../client-types.ts';
import type { LinkConfig } from '../link/link.ts';
import { MAX_TRANSFER_BYTES } from './client-operations.ts';
import { type GeneralBlockStep, GeneralBlocks } from './general-blocks.ts';

const DEFAULT_WINDOW = 6;
/** How often the last word is said again before the server is given up. */
const MOST_SILENCES = 3;

/** General block transfer below the requests of a client: which of them go in blocks, and what is done when it falls silent. */
export class ClientBlocks {
  readonly #blocks: GeneralBlocks;
  readonly #maxApdu: number;
  readonly #always: boolean;
  /** Whether blocks can get lost; a link that repeats frames itself loses none. */
  readonly #lossy: boolean;
  #silences = 0;

  /** `maxApdu` is the longest APDU that the server takes. */
  constructor(config: AssociationConfig, link: LinkConfig, maxApdu: number) {
    this.#maxApdu = maxApdu;
    this.#always = config.generalBlocks?.always ?? false;
    this.#lossy = link.framing === 'wrapper';
    // On HDLC an APDU is answered before the next one comes.
    const window = this.#lossy ? (config.generalBlocks?.window ?? DEFAULT_WINDOW) : 1;
    this.#blocks = new GeneralBlocks({ window, maxApdu, limit: MAX_TRANSFER_BYTES });
  }

  /** Whether a transfer is under way that silence would break off. */
  get pending(): boolean {
    const { state } = this.#blocks;
    return this.#lossy && (state === 'sending' || state === 'sent' || state === 'receiving');
  }

  /** What to send for a request, protected as it is: itself, or its first blocks. */
  request(apdu: Uint8Array): readonly Uint8Array[] {
    this.#blocks.reset();
    this.#silences = 0;
    return this.#always || apdu.length > this.#maxApdu ? this.#blocks.begin(apdu).send : [apdu];
  }

  /** Throws what `GeneralBlocks.receive` throws. */
  receive(apdu: Uint8Array): GeneralBlockStep {
    const step = this.#blocks.receive(apdu);
    this.#silences = 0;
    return step;
  }

  /** What to say again; undefined when that was done often enough. */
  silence(): readonly Uint8Array[] | undefined {
    this.#silences++;
    return this.#silences > MOST_SILENCES ? undefined : this.#blocks.silence().send;
  }

  /** Acknowledges a message that nobody asked for; the same one may come again. */
  confirm(): readonly Uint8Array[] {
    const { send } = this.#blocks.confirm();
    this.#blocks.reset();
    return send;
  }
}
