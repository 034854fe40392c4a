import { useQuery } from '@tanstack/react-query';
import { request } from '../../api/client.ts';

/** Names for a choice of protocol. */
export function useProtocolNames(): readonly string[] {
  const protocols = useQuery({ queryKey: ['protocols'], queryFn: () => request('GET /api/protocols') });
  return protocols.data?.rows.map((protocol) => protocol.name) ?? [];
}

/** Names for a choice of channel. */
export function useChannelNames(): readonly string[] {
  const channels = useQuery({ queryKey: ['channels'], queryFn: () => request('GET /api/channels') });
  return channels.data?.rows.map((channel) => channel.name) ?? [];
}
