import { DcuError } from '../base/errors.ts';
import { attributeName } from '../dlms/attribute-name.ts';
import type { ClientCommand, CosemAttribute } from '../dlms/client.ts';

/** The longest that one request may take, however well it goes: others wait for the same line. */
const LONGEST_MS = 15 * 60_000;
/** From then on a request has to bring something. */
const GRACE_MS = 60_000;
/** Less than this is no meter on the slowest line in use (300 baud carry 30 bytes a second). */
const LEAST_BYTES_PER_SECOND = 5;

/**
 * When an open request is given up: after `silenceMs` without a sign of life, and, as a meter can give such signs for
 * ever, once it has brought less than 5 bytes a second on average after its first minute, or has taken 15 minutes.
 * What the settings of the link allow a silent meter (`silenceMs`) is never denied to a slow one.
 * Times are monotonic milliseconds.
 */
export class RequestLimits {
  readonly #command: ClientCommand;
  readonly #silenceMs: number;
  readonly #startedMs: number;
  readonly #bytesBefore: number;
  #lastActivityMs: number;

  /** `bytes`: what had been received on the link before. */
  constructor(command: ClientCommand, silenceMs: number, nowMs: number, bytes: number) {
    this.#command = command;
    this.#silenceMs = silenceMs;
    this.#startedMs = nowMs;
    this.#lastActivityMs = nowMs;
    this.#bytesBefore = bytes;
  }

  activity(nowMs: number): void {
    this.#lastActivityMs = nowMs;
  }

  /** When there is nothing to complain of before, as things are. */
  dueMs(bytes: number): number {
    return Math.min(this.#lastActivityMs + this.#silenceMs, this.#progressDueMs(bytes), this.#endMs());
  }

  /** The `link-timeout` that ends the request now; undefined while it may go on. */
  exceeded(nowMs: number, bytes: number): DcuError | undefined {
    const { what } = this;
    if (nowMs - this.#lastActivityMs >= this.#silenceMs) {
      return new DcuError('link-timeout', `nothing came or went for ${this.#silenceMs} ms: ${what}`);
    }
    const facts = { bytes: this.#received(bytes), seconds: Math.round((nowMs - this.#startedMs) / 1000) };
    const brought = `${facts.bytes} bytes in ${facts.seconds} s`;
    if (nowMs >= this.#endMs()) {
      return new DcuError('link-timeout', `${what} takes too long: ${brought}`, { facts });
    }
    if (nowMs >= this.#progressDueMs(bytes)) {
      return new DcuError('link-timeout', `${what} comes too slowly: ${brought}`, { facts });
    }
    return undefined;
  }

  get what(): string {
    const command = this.#command;
    switch (command.type) {
      case 'open':
        return 'opening the association';
      case 'break-off':
        return 'breaking off a transfer';
      case 'release':
        return 'releasing the association';
      case 'action':
        return `method of ${attributeName(command.method)}`;
      case 'get-list':
        return listOf(command.attributes.map((item) => ('selection' in item ? item.attribute : item)));
      case 'set-list':
        return listOf(command.settings.map(({ attribute }) => attribute));
      case 'action-list':
        return listOf(command.calls.map(({ method }) => method));
      case 'access':
        return listOf(
          command.specifications.map((item) => (item.type === 'action' ? item.method : item.attribute)),
        );
      default:
        return attributeName(command.attribute);
    }
  }

  #received(bytes: number): number {
    return bytes - this.#bytesBefore;
  }

  #progressDueMs(bytes: number): number {
    const earnedMs = (this.#received(bytes) / LEAST_BYTES_PER_SECOND) * 1000;
    return this.#startedMs + Math.max(GRACE_MS, this.#silenceMs, earnedMs);
  }

  #endMs(): number {
    return this.#startedMs + Math.max(LONGEST_MS, this.#silenceMs);
  }
}

function listOf(attributes: readonly CosemAttribute[]): string {
  return `list of ${attributes.map(attributeName).join(', ')}`;
}
