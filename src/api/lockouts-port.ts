/** Somebody who has failed too often at an interface, and is not let in any more. */
export interface LockoutView {
  readonly id: string;
  /** Name of the channel that was used, or `gui`. */
  readonly port: string;
  /** `account` and `interface` (an address) at the GUI; `hes` and `hes.reader` on a channel. */
  readonly kind: string;
  readonly name: string;
  readonly failures: number;
  /** UTC ms. */
  readonly until: number;
}

export interface LockoutsPort {
  /** The one who is blocked longest first. */
  listLocked(): Promise<readonly LockoutView[]>;
  /** Lets somebody in again. @throws DcuError `not-found` */
  unlock(id: string): Promise<LockoutView>;
}
