import { DcuError } from '../../base/errors.ts';
import type { CosemAttribute } from '../client-types.ts';

/**
 * Application association, the same for both roles (Green Book 9.4.1): what has been said so far on one pair of
 * client and server address. Client and server walk this one table, so they cannot drift apart.
 */
export type AssociationState = 'idle' | 'requested' | 'challenged' | 'associated' | 'releasing';

export type AssociationEvent =
  | 'aarq'
  /** AARE: accepted, no further authentication. */
  | 'aare-accepted'
  /** AARE: accepted, HLS passes 3 and 4 to come. */
  | 'aare-challenge'
  | 'aare-rejected'
  | 'hls-verified'
  | 'hls-failed'
  | 'rlrq'
  | 'rlre'
  /** The link went down, or the peer began anew. */
  | 'lost';

/** The states that follow; what is not there cannot happen. */
export const ASSOCIATION_TABLE: Readonly<
  Record<AssociationState, Partial<Record<AssociationEvent, AssociationState>>>
> = {
  idle: { aarq: 'requested', lost: 'idle' },
  requested: {
    'aare-accepted': 'associated',
    'aare-challenge': 'challenged',
    'aare-rejected': 'idle',
    lost: 'idle',
  },
  challenged: { 'hls-verified': 'associated', 'hls-failed': 'idle', rlrq: 'releasing', lost: 'idle' },
  associated: { rlrq: 'releasing', lost: 'idle' },
  releasing: { rlre: 'idle', lost: 'idle' },
};

/** Throws `apdu-unexpected` for what cannot happen in this state. */
export function nextAssociationState(state: AssociationState, event: AssociationEvent): AssociationState {
  const next = ASSOCIATION_TABLE[state][event];
  if (next === undefined) {
    throw new DcuError('apdu-unexpected', `${event} in an association that is ${state}`, {
      facts: { state, event },
    });
  }
  return next;
}

export const ASSOCIATION_STATES = Object.keys(ASSOCIATION_TABLE) as readonly AssociationState[];

/** Method reply_to_HLS_authentication of the current association (class 15). */
export const REPLY_TO_HLS: CosemAttribute = { classId: 15, obis: '0.0.40.0.0.255', attribute: 1 };
