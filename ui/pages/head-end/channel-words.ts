import type { HeadendChannel, Uplink } from './queries.ts';

export interface ChannelWords {
  readonly label: string;
  readonly color: string;
  /** What it means. */
  readonly text: string;
  /** The settings have to be changed for it to work. */
  readonly unset?: boolean;
}

export const channelTitles: Readonly<Record<HeadendChannel['kind'], string>> = {
  server: 'Head-end dials in',
  local: 'Local software dials in',
  balance: 'Reader of balance meters dials in',
  client: 'Dials the head-end',
};

const OFF: ChannelWords = {
  label: 'Off',
  color: 'gray',
  text: 'The channel is switched off in Setting → Channel.',
};

/** How a channel towards a head-end is, in words. */
export function channelWords(channel: HeadendChannel): ChannelWords {
  const { kind, enabled, problem } = channel;
  if (!enabled) return OFF;
  if (problem !== null) {
    return {
      label: 'Trouble',
      color: 'red',
      text:
        kind === 'client'
          ? 'It cannot dial as it is set. Mend its settings.'
          : 'It cannot listen. Choose another port, or end what uses this one.',
      unset: true,
    };
  }
  return kind === 'client' ? dialWords(channel) : listenWords(channel);
}

function listenWords({ listening, connections }: HeadendChannel): ChannelWords {
  if (listening === null) {
    return {
      label: 'Closed',
      color: 'gray',
      text: 'Nobody can connect: set a port in Setting → Channel Attribution.',
      unset: true,
    };
  }
  const associated = connections.filter(({ associations }) => associations.length > 0).length;
  if (associated > 0) {
    return { label: 'Associated', color: 'teal', text: `${countOf(associated, 'client')} at work.` };
  }
  if (connections.length > 0) {
    return {
      label: 'Connected',
      color: 'blue',
      text: `${countOf(connections.length, 'connection')}, none associated yet.`,
    };
  }
  return { label: 'Listening', color: 'teal', text: 'Ready; nobody is connected now.' };
}

function dialWords({ dial }: HeadendChannel): ChannelWords {
  if (dial === null) {
    return {
      label: 'Closed',
      color: 'gray',
      text: 'It is to dial nobody: set an address and a port in Setting → Channel Attribution.',
      unset: true,
    };
  }
  switch (dial.state) {
    case 'resting':
      return { label: 'Resting', color: 'gray', text: 'No connection is wanted at this time of day.' };
    case 'dialling':
      return { label: 'Dialling', color: 'blue', text: 'The addresses are tried in their order.' };
    case 'connected':
      return { label: 'Connected', color: 'teal', text: roleText(dial.mode) };
    case 'probing':
      return {
        label: 'Connected',
        color: 'yellow',
        text: 'On a later address; the first one is being tried again beside it.',
      };
    default:
      return {
        label: 'Waiting',
        color: 'orange',
        text:
          dial.attempts > 0
            ? `No address could be used, ${countOf(dial.attempts, 'round')} so far. It tries again by itself.`
            : 'The connection was lost. It tries again by itself.',
      };
  }
}

const roleText = (mode: 'server' | 'client'): string =>
  mode === 'server' ? 'The head-end asks, the concentrator answers.' : 'The concentrator asks the head-end.';

/** How an uplink that is a channel of its own is, in words. */
export function uplinkWords({ enabled, problem, link, waiting }: Uplink): ChannelWords {
  if (!enabled) return OFF;
  if (problem !== null) {
    return {
      label: 'Trouble',
      color: 'red',
      text: 'It cannot run as it is set. Mend its settings.',
      unset: true,
    };
  }
  if (link === null) return { label: 'Starting', color: 'yellow', text: 'It is being opened.' };
  if (link.connected) return { label: 'Connected', color: 'teal', text: 'What waits is being brought.' };
  const failing = link.lastError !== null && (link.lastSent === null || link.lastError.time > link.lastSent);
  if (failing) {
    return {
      label: 'Waiting',
      color: 'orange',
      text: 'It is tried again by itself; nothing is lost meanwhile.',
    };
  }
  return waiting === 0
    ? { label: 'Idle', color: 'gray', text: 'Nothing waits; it connects when there is something to bring.' }
    : { label: 'Connecting', color: 'blue', text: 'The connection is being opened.' };
}

/** What one can do about an error of a connection to a head-end. */
export function adviceOf(code: string): string | undefined {
  return ADVICE[code];
}

const ADVICE: Readonly<Record<string, string>> = {
  'channel-open-failed': 'Check address and port, and that the network and its firewalls let it through.',
  'channel-lost': 'The other side hung up, or the network did. Look at its log if this repeats.',
  'link-timeout': 'Nobody answers in time. Check that the head-end runs, and the time-outs of the channel.',
  'link-refused': 'The other side turns the connection away. Check its port and whom it lets in.',
  'link-closed': 'The other side hung up. Look at its log if this repeats.',
  'association-refused': 'Check client address, mechanism and keys on both sides.',
  'authentication-failed': 'Password or keys differ. Set those of the head-end again under Keys.',
  'decryption-failed': 'The keys differ. Set those of the head-end again under Keys.',
  'security-required': 'Keys are missing. Set them under Keys, or switch the ciphering off.',
  'invalid-field': 'Mend the setting that is named.',
};

/** `1 item`, `1 204 items`. */
export function countOf(count: number, what: string): string {
  const grouped = String(count).replaceAll(/\B(?=(\d{3})+(?!\d))/g, '\u202f');
  return `${grouped} ${what}${count === 1 ? '' : 's'}`;
}
