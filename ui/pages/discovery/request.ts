import type { ApiContract, Channel, Endpoint } from '../../../src/api/contract.ts';

export type DiscoveryBody = ApiContract[Extract<Endpoint, 'POST /api/discovery'>]['body'];
export type DiscoveryRun = ApiContract['GET /api/discovery']['response']['rows'][number];
export type FoundRow = DiscoveryRun['found'][number];

/** What can be looked for on a channel. */
export type SearchKind = 'line' | 'network' | 'module';

const KINDS: Readonly<Record<number, SearchKind>> = {
  2: 'module',
  4: 'line',
  7: 'line',
  8: 'line',
  12: 'network',
  14: 'network',
};
export const searchKind = (channel: Pick<Channel, 'commType'> | undefined): SearchKind | undefined =>
  KINDS[channel?.commType ?? 0];

export interface SearchForm {
  channel: string;
  addresses: string;
  addressBytes: '1' | '2' | '4';
  serials: string;
  hosts: string;
  port: number | string;
  nodes: string;
  withCredentials: boolean;
  clientAddress: number | string;
  auth: 'none' | 'lls' | 'hls-gmac';
  password: string;
  encryptionKey: string;
  authenticationKey: string;
}

export const emptySearch: SearchForm = {
  channel: '',
  addresses: '',
  addressBytes: '2',
  serials: '',
  hosts: '',
  port: 4059,
  nodes: '',
  withCredentials: false,
  clientAddress: 1,
  auth: 'lls',
  password: '',
  encryptionKey: '',
  authenticationKey: '',
};

const parts = (text: string): string[] => text.split(/[\s,;]+/).filter((part) => part !== '');

/** What the form asks for; fields of other kinds of channels, and what is empty, are left out. */
export function searchBody(form: SearchForm, kind: SearchKind): DiscoveryBody {
  const where: Partial<DiscoveryBody> =
    kind === 'line'
      ? {
          ...(form.addresses.trim() === ''
            ? {}
            : { addresses: form.addresses, addressBytes: Number(form.addressBytes) as 1 | 2 | 4 }),
          ...(parts(form.serials).length === 0 ? {} : { serials: parts(form.serials) }),
        }
      : kind === 'network'
        ? { hosts: parts(form.hosts), ...(form.port === '' ? {} : { ports: [Number(form.port)] }) }
        : parts(form.nodes).length === 0
          ? {}
          : { nodes: parts(form.nodes) };
  return {
    channel: form.channel,
    ...where,
    ...(form.withCredentials ? { credentials: credentialsOf(form) } : {}),
  };
}

function credentialsOf(form: SearchForm): NonNullable<DiscoveryBody['credentials']> {
  const { auth, password, encryptionKey, authenticationKey } = form;
  const keyed = auth === 'hls-gmac';
  return {
    clientAddress: Number(form.clientAddress),
    auth,
    policy: keyed ? 'auth-enc' : 'none',
    secrets: {
      ...(auth === 'lls' && password !== '' ? { password } : {}),
      ...(keyed && encryptionKey !== '' ? { encryptionKey } : {}),
      ...(keyed && authenticationKey !== '' ? { authenticationKey } : {}),
    },
  };
}

/** Where a found device waits to be accepted. */
export const foundLink = ({ channel }: Pick<DiscoveryRun, 'channel'>, { address }: FoundRow): string =>
  `/found?${new URLSearchParams({ channel, search: address })}`;
