import { connect, type Socket } from 'node:net';
import { encodeAarq } from '../../src/dlms/apdu/aarq.ts';
import { conformanceMask, LN_CONFORMANCE } from '../../src/dlms/apdu/conformance.ts';
import { DLMS_VERSION, encodeInitiateRequest } from '../../src/dlms/apdu/initiate.ts';

const HEADER = 8;

/** A peer that sends what it likes in the wrapper's frames. */
export class RawPeer {
  readonly #socket: Socket;
  readonly #answers: Uint8Array[] = [];
  #received = Buffer.alloc(0);
  #wake: () => void = () => {};
  closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes) => this.#take(Buffer.from(bytes)));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
  }

  /** @param from address that it comes from */
  static open(port: number, from = '127.0.0.1'): Promise<RawPeer> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', localAddress: from });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new RawPeer(socket)));
    });
  }

  /** With LLS; resolves to the AARE. */
  associate(password: string, sap = 1): Promise<Uint8Array | undefined> {
    return this.ask(
      encodeAarq({
        context: 'ln',
        mechanism: 'lls',
        authenticationValue: new TextEncoder().encode(password),
        userInformation: encodeInitiateRequest({
          responseAllowed: true,
          dlmsVersion: DLMS_VERSION,
          conformance: conformanceMask(LN_CONFORMANCE.filter((bit) => bit !== 'general-protection')),
          clientMaxReceivePduSize: 0,
        }),
      }),
      sap,
    );
  }

  bytes(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  send(apdu: Uint8Array, sap = 1, client = 1): void {
    const frame = Buffer.alloc(HEADER + apdu.length);
    for (const [i, word] of [1, client, sap, apdu.length].entries()) frame.writeUInt16BE(word, 2 * i);
    frame.set(apdu, HEADER);
    this.#socket.write(frame);
  }

  /** The next answer; undefined when the connection is closed instead. */
  async answer(): Promise<Uint8Array | undefined> {
    while (this.#answers.length === 0 && !this.closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#answers.shift();
  }

  ask(apdu: Uint8Array, sap = 1): Promise<Uint8Array | undefined> {
    this.send(apdu, sap);
    return this.answer();
  }

  end(): void {
    this.#socket.destroy();
  }

  #take(bytes: Uint8Array): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    while (this.#received.length >= HEADER) {
      const end = HEADER + this.#received.readUInt16BE(6);
      if (this.#received.length < end) return;
      this.#answers.push(Uint8Array.from(this.#received.subarray(HEADER, end)));
      this.#received = this.#received.subarray(end);
    }
    this.#wake();
  }
}
