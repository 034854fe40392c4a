import { concat } from '../../base/bytes.ts';
import type { Clock } from '../../base/clock.ts';
import { DcuError, toDcuError } from '../../base/errors.ts';
import { hasLongInvokeBit, LONG_INVOKE } from '../../dlms/apdu/access.ts';
import { decodeDataNotification, decodeDataNotificationConfirm } from '../../dlms/apdu/notification.ts';
import { TAG } from '../../dlms/apdu/tags.ts';
import { pushBlocks } from '../../dlms/cosem/push-body.ts';
import { encodeWrapperFrame } from '../../dlms/link/wrapper.ts';
import type { HesConnection } from '../hes-connection.ts';
import { MANAGEMENT_SAP } from '../meter-saps.ts';
import { Confirmations } from '../push/confirmations.ts';
import type { PushProtection } from '../push/listener-way.ts';
import type { Notification } from '../push/way.ts';
import type { WrapperFrame, WrapperTap } from './wrapper-tap.ts';

export interface PushLineOptions {
  readonly tap: WrapperTap;
  /** wPort of the head-end. */
  readonly client: number;
  /**
   * Of what goes outside of an association: `plain`, ciphered, or why it would have to be and cannot. Released with the
   * connection.
   */
  readonly protection: 'plain' | PushProtection | DcuError;
  /** Outside of an association longer APDUs go in general blocks. */
  readonly maxPdu: number;
  /** A confirmation that has not come by then will not come. */
  readonly confirmWithinMs: number;
  readonly clock: Clock;
  /** The head-end has confirmed something. */
  readonly onConfirmed: () => void;
}

/** What a push needs of the head-end's server. */
export type PushedUnder = Pick<HesConnection, 'associations' | 'notify'>;

/** With these an association does not take it: it goes outside of it all the same. */
const NOT_TAKEN: ReadonlySet<string> = new Set(['conflict', 'not-granted', 'apdu-too-long']);

/**
 * Pushes DataNotifications on a dialled connection: under the head-end's association where it has one, otherwise as they
 * are or ciphered for themselves; and matches the confirmations.
 */
export class PushLine {
  readonly #options: PushLineOptions;
  readonly #confirmations: Confirmations;
  #connection: PushedUnder | undefined;

  constructor(options: PushLineOptions) {
    this.#options = options;
    const { tap, clock, confirmWithinMs, protection } = options;
    this.#confirmations = new Confirmations(clock, confirmWithinMs);
    tap.take((frame) => this.#take(frame));
    tap.whenOver((reason) => {
      this.#confirmations.fail(reason);
      if (protection !== 'plain' && !(protection instanceof DcuError)) protection.release();
    });
  }

  /** The head-end is served: what is pushed goes under its association from when it has one. */
  served(connection: PushedUnder): void {
    this.#connection = connection;
  }

  /** A notification was confirmed, wherever. False when none is due that has this id. */
  confirmed(longInvoke: number): boolean {
    const isDue = this.#confirmations.confirm(longInvoke & LONG_INVOKE.id);
    if (isDue) this.#options.onConfirmed();
    return isDue;
  }

  /**
   * Resolves when it is confirmed, or has left where no confirmation is asked for. @throws DcuError `link-timeout` without a
   * confirmation, `security-required` without the keys, `apdu-too-long`; the cause when the connection ends
   */
  async send({ sap, apdu }: Notification): Promise<void> {
    const { tap, protection } = this.#options;
    const { longInvoke } = decodeDataNotification(apdu);
    if (protection !== 'plain' && !(protection instanceof DcuError)) await protection.ready();
    if (tap.ended !== undefined) throw tap.ended;
    const confirmation = hasLongInvokeBit(longInvoke, 'confirmed')
      ? this.#confirmations.of(longInvoke & LONG_INVOKE.id)
      : undefined;
    await Promise.all([confirmation, this.#write(sap, apdu)]);
  }

  async #write(sap: number, apdu: Uint8Array): Promise<void> {
    const { tap, client } = this.#options;
    if (this.#underAssociation(sap, apdu)) return tap.drained;
    return tap.write(concat(this.#sealed(apdu).map((one) => encodeWrapperFrame(sap, client, one))));
  }

  /** With the meter's logical device, or with the concentrator's. False where none takes it. */
  #underAssociation(sap: number, apdu: Uint8Array): boolean {
    const { client } = this.#options;
    const own = this.#connection?.associations.filter(({ clientAddress }) => clientAddress === client) ?? [];
    const peer =
      own.find(({ serverAddress }) => serverAddress === sap) ??
      own.find(({ serverAddress }) => serverAddress === MANAGEMENT_SAP);
    if (peer === undefined) return false;
    try {
      this.#connection?.notify(apdu, peer);
      return true;
    } catch (error) {
      if (NOT_TAKEN.has(toDcuError(error).code)) return false;
      throw error;
    }
  }

  #sealed(apdu: Uint8Array): Uint8Array[] {
    const { protection, maxPdu } = this.#options;
    if (protection instanceof DcuError) throw protection;
    const sealed = protection === 'plain' ? apdu : protection.protect(apdu);
    return sealed.length > maxPdu ? pushBlocks(sealed, maxPdu) : [sealed];
  }

  /** Confirmations of what went outside of associations; all else is the server's. */
  #take({ apdu, source, destination }: WrapperFrame): boolean {
    const { client } = this.#options;
    const stands = this.#connection?.associations.some(
      ({ clientAddress, serverAddress }) => clientAddress === source && serverAddress === destination,
    );
    if (source !== client || stands === true) return false;
    try {
      const plain = this.#opened(apdu);
      if (plain?.[0] !== TAG.dataNotificationConfirm) return false;
      // One that comes again, or too late, is taken too: without an association it would be refused as a request.
      this.confirmed(decodeDataNotificationConfirm(plain).longInvoke);
      return true;
    } catch (error) {
      // What cannot be read is no confirmation; the server knows how to refuse it.
      if (error instanceof DcuError) return false;
      throw error;
    }
  }

  /** Undefined for what is protected otherwise than pushes are. */
  #opened(apdu: Uint8Array): Uint8Array | undefined {
    const { protection } = this.#options;
    if (protection instanceof DcuError) return undefined;
    if (protection === 'plain') return apdu;
    return apdu[0] === TAG.generalGlo ? protection.open(apdu) : undefined;
  }
}
