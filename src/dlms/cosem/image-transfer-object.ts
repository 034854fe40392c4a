import type { DlmsData } from '../data.ts';
import { array, bitString, boolean, enumeration, octetString, structure, u32 } from '../values.ts';
import { type CosemObject, constant } from './cosem-object.ts';

/** What a client wants to transfer, as it says in image_transfer_initiate. */
export interface ImageDescription {
  readonly identifier: Uint8Array;
  /** Bytes. */
  readonly size: number;
}

/** An image that lies ready, as image_to_activate_info names it; there may be no signature. */
export interface ReadyImage extends ImageDescription {
  readonly signature?: Uint8Array;
}

/** What became of a verification or an activation; `running` while it is under way. */
export type ImageProgress = 'done' | 'running' | 'failed';

/** Where the bytes of an image go, and what judges and installs them. */
export interface ImageStore {
  /** Makes room for a new image and drops one that was begun before; false when it is not wanted or has no room. */
  begin(image: ImageDescription): boolean;
  /** Bytes of the image from `offset` on, perhaps a second time; false when they cannot be kept. */
  write(offset: number, bytes: Uint8Array): boolean;
  /** Starts the verification of the whole image, and tells of it when called again. */
  verify(): ImageProgress;
  /** Starts the activation of the verified image, and tells of it when called again. */
  activate(): ImageProgress;
  /** The images that lie ready once verification is done. */
  ready(): readonly ReadyImage[];
}

export interface ImageTransferConfig {
  readonly obis: string;
  readonly store: ImageStore;
  /** Bytes of each block but the last. */
  readonly blockSize: number;
  /** Longest image that is taken; with `blockSize` it bounds the record of blocks. */
  readonly maxImageSize: number;
  /** image_transfer_enabled; true if not given. */
  readonly enabled?: () => boolean;
}

/** image_transfer_status (Blue Book, class 18). */
export const IMAGE_STATUS = {
  'not-initiated': 0,
  initiated: 1,
  'verification-initiated': 2,
  'verification-successful': 3,
  'verification-failed': 4,
  'activation-initiated': 5,
  'activation-successful': 6,
  'activation-failed': 7,
} as const;
export type ImageStatus = keyof typeof IMAGE_STATUS;

/**
 * Image transfer (class 18 version 0) over a store. Blocks may come in any order and more than once; verification
 * waits until none is missing. Clause not checked against the standard's text: what each method answers out of order.
 */
export function imageTransferObject(config: ImageTransferConfig): CosemObject {
  const transfer = new ImageTransfer(config);
  const live = (get: () => DlmsData) => ({ get });
  return {
    classId: 18,
    version: 0,
    obis: config.obis,
    attributes: {
      2: constant(u32(config.blockSize)),
      3: live(() => transfer.blocksStatus()),
      4: live(() => u32(transfer.firstMissing)),
      5: live(() => boolean(transfer.enabled)),
      6: live(() => enumeration(IMAGE_STATUS[transfer.status()])),
      7: live(() => transfer.readyImages()),
    },
    methods: {
      1: (parameter) => transfer.initiate(parameter),
      2: (parameter) => transfer.block(parameter),
      3: () => transfer.verify(),
      4: () => transfer.activate(),
    },
  };
}

class ImageTransfer {
  readonly #config: ImageTransferConfig;
  #status: ImageStatus = 'not-initiated';
  #size = 0;
  /** One bit a block, the first block in the most significant bit. */
  #received = new Uint8Array(0);
  /** Number of the first block that has not come; the number of blocks when all have. */
  firstMissing = 0;

  constructor(config: ImageTransferConfig) {
    this.#config = config;
  }

  get enabled(): boolean {
    return this.#config.enabled?.() ?? true;
  }

  get #blocks(): number {
    return Math.ceil(this.#size / this.#config.blockSize);
  }

  blocksStatus(): DlmsData {
    return bitString(this.#received.slice(), this.#blocks);
  }

  /** Asks the store where something is under way, so that a client may poll this instead of the method. */
  status(): ImageStatus {
    if (this.#status === 'verification-initiated') this.#continueVerification();
    else if (this.#status === 'activation-initiated') this.#continueActivation();
    return this.#status;
  }

  readyImages(): DlmsData {
    const verified = IMAGE_STATUS[this.status()] >= IMAGE_STATUS['verification-successful'];
    const ready = verified && this.#status !== 'verification-failed' ? this.#config.store.ready() : [];
    const none = new Uint8Array(0);
    return array(
      ready.map(({ size, identifier, signature = none }) =>
        structure(u32(size), octetString(identifier), octetString(signature)),
      ),
    );
  }

  initiate(parameter: DlmsData | undefined): string {
    if (!this.enabled) return 'read-write-denied';
    const [identifier, size] = pairOf(parameter);
    if (identifier?.type !== 'octet-string' || size?.type !== 'double-long-unsigned') return 'type-unmatched';
    const fits = size.value > 0 && size.value <= this.#config.maxImageSize;
    if (!fits || !this.#config.store.begin({ identifier: identifier.value.slice(), size: size.value })) {
      return 'other-reason';
    }
    this.#size = size.value;
    this.#received = new Uint8Array(Math.ceil(this.#blocks / 8));
    this.firstMissing = 0;
    this.#status = 'initiated';
    return 'success';
  }

  block(parameter: DlmsData | undefined): string {
    if (!this.enabled) return 'read-write-denied';
    const [number, value] = pairOf(parameter);
    if (number?.type !== 'double-long-unsigned' || value?.type !== 'octet-string') return 'type-unmatched';
    if (this.#status !== 'initiated' || number.value >= this.#blocks) return 'other-reason';
    const offset = number.value * this.#config.blockSize;
    const due = Math.min(this.#config.blockSize, this.#size - offset);
    if (value.value.length !== due) return 'other-reason';
    if (!this.#config.store.write(offset, value.value)) return 'temporary-failure';
    const byte = number.value >>> 3;
    this.#received[byte] = (this.#received[byte] ?? 0) | (0x80 >>> (number.value & 7));
    while (this.firstMissing < this.#blocks && this.#has(this.firstMissing)) this.firstMissing++;
    return 'success';
  }

  verify(): string {
    if (!this.enabled) return 'read-write-denied';
    if (this.#status === 'initiated' || this.#status === 'verification-failed') {
      if (this.firstMissing < this.#blocks) return 'other-reason';
      this.#status = 'verification-initiated';
    }
    switch (this.status()) {
      case 'verification-initiated':
        return 'temporary-failure';
      case 'verification-successful':
        return 'success';
      default:
        return 'other-reason';
    }
  }

  activate(): string {
    if (!this.enabled) return 'read-write-denied';
    if (this.#status === 'verification-successful' || this.#status === 'activation-failed') {
      this.#status = 'activation-initiated';
    }
    switch (this.status()) {
      case 'activation-initiated':
        return 'temporary-failure';
      case 'activation-successful':
        return 'success';
      default:
        return 'other-reason';
    }
  }

  #has(block: number): boolean {
    return ((this.#received[block >>> 3] ?? 0) & (0x80 >>> (block & 7))) !== 0;
  }

  #continueVerification(): void {
    const progress = this.#config.store.verify();
    if (progress !== 'running') {
      this.#status = progress === 'done' ? 'verification-successful' : 'verification-failed';
    }
  }

  #continueActivation(): void {
    const progress = this.#config.store.activate();
    if (progress !== 'running') {
      this.#status = progress === 'done' ? 'activation-successful' : 'activation-failed';
    }
  }
}

function pairOf(parameter: DlmsData | undefined): readonly (DlmsData | undefined)[] {
  return parameter?.type === 'structure' && parameter.elements.length === 2 ? parameter.elements : [];
}
