import { DcuError, toDcuError } from '../../base/errors.ts';
import type { Effect, Input, LineSettings, Machine } from '../../base/machine.ts';
import {
  beginsMessage,
  commonRate,
  ETX,
  encodeDataBlock,
  encodeIdentification,
  encodeSelection,
  encodeSignOn,
  type Identification,
  INITIAL_LINE,
  LINE_FEED,
  NAK,
  type OpeningPurpose,
  parseDataSets,
  parseIdentification,
  parseSelection,
  parseSignOn,
  STX,
  scanDataBlock,
} from './iec62056-21.ts';
import { OPENING_TABLE, type OpeningAction, type OpeningInput, type OpeningState } from './opening-states.ts';
import type { MeterOpening, OpeningCommand, OpeningEvent, ReaderOpening } from './opening-types.ts';

export type { MeterOpening, OpeningCommand, OpeningEvent, ReaderOpening } from './opening-types.ts';

type OpeningEffect = Effect<OpeningEvent>;

export const OPENING_TIMER = 'link-opening';
export const PAUSE_TIMER = 'link-opening-pause';
/** The longest reaction time of 1.5 s and the longest message at 300 baud. */
const ANSWER_MS = 2500;
/** How long a meter waits for the selection (IEC 62056-21: at least 60 s for a session; a reader reacts in 1.5 s). */
const SELECTION_MS = 5000;
/** Quiet after the change of the bit rate, for adapters that take their time. */
const SETTLE_MS = 100;
const LONGEST_MESSAGE = 160;
const LONGEST_BLOCK = 64 * 1024;
const PARITY = 0x7f;

const hdlcLine = (baudRate: number): LineSettings => ({ baudRate, dataBits: 8, parity: 'none' });

/**
 * The opening of IEC 62056-21 for both roles: sign-on at 300 baud 7E1, identification, selection; then HDLC at the
 * agreed bit rate with 8N1 (mode E), or the data read-out (mode C; modes A and B are read too). Once `opened`, bytes
 * are for HDLC and are ignored here.
 */
export class Opening implements Machine<OpeningCommand, OpeningEvent> {
  readonly #config: ReaderOpening | MeterOpening;
  #state: OpeningState = 'closed';
  #held: number[] = [];
  #block: Uint8Array = new Uint8Array(0);
  #blockLength = 0;
  #identification: Identification | undefined;
  #selection: { readonly purpose: OpeningPurpose | 'other'; readonly baudRate: number } | undefined;
  #baudRate = INITIAL_LINE.baudRate;
  #attempts = 0;
  #reason: DcuError | undefined;
  #effects: OpeningEffect[] = [];

  /** Throws `invalid-field` for an address, identification or bit rate that the opening cannot state. */
  constructor(config: ReaderOpening | MeterOpening) {
    this.#config = config;
    encodeSignOn(config.address);
    encodeSelection('hdlc', config.baudRate);
    if (config.role === 'meter') encodeIdentification(config.manufacturer, config.baudRate, config.text);
  }

  get state(): OpeningState {
    return this.#state;
  }

  step(input: Input<OpeningCommand>): OpeningEffect[] {
    this.#effects = [];
    switch (input.on) {
      case 'bytes':
        for (const byte of input.bytes) this.#byte(byte & PARITY);
        break;
      case 'command':
        this.#react(input.command.type, '');
        break;
      case 'timer':
        if (input.timer === OPENING_TIMER || input.timer === PAUSE_TIMER) this.#react(input.timer, '');
        break;
      case 'closed':
        this.#reason = input.reason;
        this.#react('closed', '');
        break;
    }
    return this.#effects;
  }

  #byte(byte: number): void {
    if (this.#state === 'reading') this.#blockByte(byte);
    else if (this.#state !== 'open' && this.#state !== 'closed') this.#messageByte(byte);
  }

  /** A message begins with `/` or ACK and ends with LF; NAK is one by itself. Noise before it is passed over. */
  #messageByte(byte: number): void {
    if (beginsMessage(byte)) this.#held = [];
    else if (this.#held.length === 0) {
      if (byte === NAK) this.#react('repeat', '');
      return;
    }
    this.#held.push(byte);
    if (this.#held.length > LONGEST_MESSAGE) this.#held = [];
    else if (byte === LINE_FEED) {
      const line = String.fromCharCode(...this.#held);
      this.#held = [];
      this.#react(kindOf(line), line);
    }
  }

  #blockByte(byte: number): void {
    // What a line with an echo hands back of the selection stands before the block.
    if (this.#blockLength === 0 && this.#identification?.mode === 'C' && byte !== STX) return;
    if (this.#blockLength === LONGEST_BLOCK) {
      this.#fail(new DcuError('apdu-too-long', `the read-out is longer than ${LONGEST_BLOCK} bytes`));
      return;
    }
    if (this.#blockLength === this.#block.length) {
      const grown = new Uint8Array(Math.max(1024, this.#block.length * 2));
      grown.set(this.#block);
      this.#block = grown;
    }
    this.#block[this.#blockLength++] = byte;
    // Only these may end a block; looking after each byte would be quadratic.
    const previous = this.#block[this.#blockLength - 2];
    if (byte !== LINE_FEED && previous !== ETX) return;
    const scan = scanDataBlock(this.#block.subarray(0, this.#blockLength));
    if (scan.kind === 'more') this.#arm(OPENING_TIMER, ANSWER_MS);
    else if (scan.kind === 'block') this.#react('block', scan.text);
    else this.#react('corrupt', '');
  }

  #react(input: OpeningInput, text: string): void {
    const action = OPENING_TABLE[this.#state][input];
    if (this.#config.role === 'reader') this.#read(this.#config, action, text);
    else this.#serve(this.#config, action, text);
  }

  #read(config: ReaderOpening, action: OpeningAction, text: string): void {
    switch (action) {
      case 'begin':
        this.#attempts = 0;
        this.#configure(INITIAL_LINE);
        this.#signOn(config);
        break;
      case 'retry':
        if (this.#tryAgain(config)) this.#signOn(config);
        break;
      case 'choose':
        this.#choose(config, text);
        break;
      case 'select':
        this.#select(config);
        break;
      case 'confirmed':
        this.#confirmed(text);
        break;
      case 'unconfirmed':
        // Some meters change the bit rate without a word.
        this.#settle();
        break;
      case 'opened':
        this.#opened(this.#baudRate);
        break;
      case 'read':
        this.#readOut(text);
        break;
      case 'ask-again':
        if (!this.#tryAgain(config)) break;
        this.#send(Uint8Array.of(NAK));
        this.#awaitBlock();
        break;
      case 'silent':
        this.#fail(new DcuError('link-timeout', 'the read-out broke off'));
        break;
      case 'end':
        this.#leave('closed');
        break;
      case 'lost':
        this.#fail(this.#reason ?? new DcuError('link-closed', 'the line was closed'));
        break;
      default:
        break;
    }
  }

  #signOn({ address }: ReaderOpening): void {
    this.#state = 'identifying';
    this.#held = [];
    this.#send(encodeSignOn(address));
    this.#arm(OPENING_TIMER, ANSWER_MS);
  }

  #choose(config: ReaderOpening, line: string): void {
    const identification = parseIdentification(line);
    if (identification === undefined) return;
    this.#identification = identification;
    const { mode, baudRate, reactionMs } = identification;
    if (mode !== 'C' && config.purpose === 'hdlc') {
      this.#fail(new DcuError('link-refused', `${line.trim()} does not let the reader choose HDLC`));
      return;
    }
    this.#baudRate = mode === 'C' ? commonRate(baudRate, config.baudRate) : baudRate;
    this.#disarm(OPENING_TIMER);
    if (mode === 'C') {
      this.#state = 'choosing';
      this.#arm(PAUSE_TIMER, reactionMs);
      return;
    }
    if (mode === 'B') this.#configure({ ...INITIAL_LINE, baudRate });
    this.#awaitBlock();
  }

  #select({ purpose }: ReaderOpening): void {
    this.#send(encodeSelection(purpose, this.#baudRate));
    if (purpose === 'hdlc') {
      this.#state = 'confirming';
      this.#arm(OPENING_TIMER, ANSWER_MS);
      return;
    }
    this.#configure({ ...INITIAL_LINE, baudRate: this.#baudRate });
    this.#awaitBlock();
  }

  #confirmed(line: string): void {
    const selection = parseSelection(line);
    if (selection === undefined) return;
    if (selection.purpose !== 'hdlc') {
      this.#fail(new DcuError('link-refused', 'the meter does not confirm HDLC'));
      return;
    }
    this.#baudRate = selection.baudRate;
    this.#settle();
  }

  #settle(): void {
    this.#disarm(OPENING_TIMER);
    this.#state = 'settling';
    this.#configure(hdlcLine(this.#baudRate));
    this.#arm(PAUSE_TIMER, Math.max(SETTLE_MS, this.#identification?.reactionMs ?? 0));
  }

  #awaitBlock(): void {
    this.#state = 'reading';
    this.#block = new Uint8Array(0);
    this.#blockLength = 0;
    this.#arm(OPENING_TIMER, ANSWER_MS);
  }

  #readOut(text: string): void {
    const identification = this.#identification;
    if (identification === undefined) return;
    try {
      const records = parseDataSets(text);
      this.#leave('closed');
      this.#emit({ type: 'read-out', identification, records });
    } catch (error) {
      this.#fail(toDcuError(error));
    }
  }

  /** Counts a try; false when that was one too many and the opening has failed. */
  #tryAgain({ retries, address }: ReaderOpening): boolean {
    this.#attempts++;
    if (this.#attempts <= retries) return true;
    const meter = address === undefined ? 'a meter' : `meter ${address}`;
    const corrupt = this.#state === 'reading';
    this.#fail(
      corrupt
        ? new DcuError('frame-corrupt', 'the block check of the read-out does not match')
        : new DcuError('link-timeout', `no identification of ${meter}`, { facts: { retries } }),
    );
    return false;
  }

  #serve(config: MeterOpening, action: OpeningAction, text: string): void {
    switch (action) {
      case 'begin':
      case 'relisten':
        this.#listen();
        break;
      case 'address':
        this.#addressed(config, text);
        break;
      case 'introduce':
        this.#state = 'identified';
        this.#send(encodeIdentification(config.manufacturer, config.baudRate, config.text));
        this.#arm(OPENING_TIMER, SELECTION_MS);
        break;
      case 'take':
        this.#take(config, text);
        break;
      case 'answer':
        this.#answer(config);
        break;
      case 'send-again':
        if (this.#selection?.purpose !== 'read-out') break;
        this.#pause(config, 'answering');
        break;
      case 'end':
        this.#leave('closed');
        break;
      case 'lost':
        this.#leave('closed');
        break;
      default:
        break;
    }
  }

  #listen(): void {
    this.#leave('listening');
    this.#selection = undefined;
    this.#configure(INITIAL_LINE);
  }

  #addressed(config: MeterOpening, line: string): void {
    const address = parseSignOn(line);
    if (address === undefined || (address !== '' && address !== config.address?.replace(/^0+(?=.)/, '')))
      return;
    this.#disarm(OPENING_TIMER);
    // After a read-out the line still has the rate of the data.
    if (this.#selection !== undefined) this.#configure(INITIAL_LINE);
    this.#selection = undefined;
    this.#pause(config, 'addressed');
  }

  #take(config: MeterOpening, line: string): void {
    const selection = parseSelection(line);
    if (selection === undefined) return;
    if (selection.purpose === 'other' || selection.baudRate > config.baudRate) {
      this.#listen();
      return;
    }
    this.#selection = selection;
    this.#disarm(OPENING_TIMER);
    this.#pause(config, 'answering');
  }

  #answer(config: MeterOpening): void {
    const selection = this.#selection;
    if (selection === undefined) return;
    const { baudRate } = selection;
    if (selection.purpose === 'hdlc') {
      this.#send(encodeSelection('hdlc', baudRate));
      this.#configure(hdlcLine(baudRate));
      this.#opened(baudRate);
      return;
    }
    this.#configure({ ...INITIAL_LINE, baudRate });
    this.#send(encodeDataBlock(config.readOut?.() ?? []));
    this.#state = 'identified';
    this.#arm(OPENING_TIMER, SELECTION_MS);
  }

  #pause({ manufacturer }: MeterOpening, state: OpeningState): void {
    this.#state = state;
    const fast = manufacturer.charAt(2) !== manufacturer.charAt(2).toUpperCase();
    this.#arm(PAUSE_TIMER, fast ? 20 : 200);
  }

  #opened(baudRate: number): void {
    this.#leave('open');
    const identification = this.#identification;
    this.#emit({ type: 'opened', baudRate, ...(identification === undefined ? {} : { identification }) });
  }

  #fail(error: DcuError): void {
    this.#leave('closed');
    this.#emit({ type: 'failed', error });
  }

  #leave(state: OpeningState): void {
    this.#state = state;
    this.#held = [];
    this.#block = new Uint8Array(0);
    this.#blockLength = 0;
    this.#disarm(OPENING_TIMER);
    this.#disarm(PAUSE_TIMER);
  }

  #send(bytes: Uint8Array): void {
    this.#effects.push({ do: 'send', bytes });
  }

  #configure(settings: LineSettings): void {
    this.#effects.push({ do: 'configure', settings });
  }

  #arm(timer: string, delayMs: number): void {
    this.#effects.push({ do: 'arm', timer, delayMs });
  }

  #disarm(timer: string): void {
    this.#effects.push({ do: 'disarm', timer });
  }

  #emit(event: OpeningEvent): void {
    this.#effects.push({ do: 'emit', event });
  }
}

function kindOf(line: string): OpeningInput {
  if (parseSignOn(line) !== undefined) return 'sign-on';
  if (line.startsWith('/')) return parseIdentification(line) === undefined ? 'noise' : 'identification';
  return parseSelection(line) === undefined ? 'noise' : 'selection';
}
