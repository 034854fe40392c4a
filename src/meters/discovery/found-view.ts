import type { MeterAddress } from '../../base/model.ts';
import type { MeterProfile } from '../meter-profile.ts';
import type { DiscoveryCredentials, Examined } from './examine.ts';
import { type MeterProposal, type ProposedAddress, proposalOf } from './proposal.ts';
import type { HdlcTarget, IpTarget } from './targets.ts';

/** What became of an address that gave a sign of life. */
export type FoundOutcome =
  /** It would be this meter. */
  | 'proposed'
  /** It is a meter of the archive. */
  | 'known'
  | 'blacklisted'
  /** It answers, and does not let itself be asked. */
  | 'closed'
  /** Frames that nobody can read: two devices with this address, or a bad line. */
  | 'garbled'
  /** Two answers to one question: two devices with this address. */
  | 'doubled';

export interface FoundDeviceView {
  /** As its channel names it: `1/17`, `10.0.0.5:4059`, twelve digits of a node. */
  readonly address: string;
  readonly outcome: FoundOutcome;
  readonly meterNo: string | null;
  readonly proposal: MeterProposal | null;
  readonly troubles: readonly string[];
}

const TROUBLES = {
  refuses: 'answers SNRM with DM',
  garbled: 'frames that cannot be read: two devices with this address, or a bad line',
  doubled: 'two answers to one question: two devices have this address',
} as const;

export const hdlcAddress = ({
  serverAddress,
  physicalAddress,
  addressBytes,
}: HdlcTarget): ProposedAddress => ({
  framing: 'hdlc',
  serverAddress,
  ...(physicalAddress === undefined ? {} : { physicalAddress }),
  addressBytes,
});

export const ipAddress = ({ host, port }: IpTarget, framing: MeterAddress['framing']): ProposedAddress => ({
  framing,
  host,
  port,
  serverAddress: 1,
  addressBytes: 1,
});

/** How an examined address is told of, as long as nothing else is known of it. */
export function viewOf(
  name: string,
  examined: Examined,
  channel: string,
  address: ProposedAddress,
  profiles: readonly MeterProfile[],
  credentials: DiscoveryCredentials | undefined,
): FoundDeviceView {
  const { outcome, facts, troubles } = examined;
  if (outcome === 'garbled' || outcome === 'doubled') {
    return { address: name, outcome, meterNo: null, proposal: null, troubles: [TROUBLES[outcome]] };
  }
  if (facts === undefined) {
    const why = outcome === 'refuses' ? [TROUBLES.refuses] : troubles;
    return { address: name, outcome: 'closed', meterNo: null, proposal: null, troubles: why };
  }
  const proposal = proposalOf({ ...examined, facts }, channel, address, profiles, credentials);
  return { address: name, outcome: 'proposed', meterNo: proposal.meter.meterNo, proposal, troubles };
}
