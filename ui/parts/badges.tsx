import { Badge, Tooltip } from '@mantine/core';
import type { Meter, MeterState } from '../../src/api/contract.ts';
import { type LiveState, useLive } from '../api/live.tsx';
import { useZone } from '../api/queries.ts';
import { dateTime, stateNames } from '../format.ts';

const colors: Readonly<Record<MeterState, string>> = {
  online: 'teal',
  offline: 'red',
  reading: 'blue',
  unknown: 'gray',
};

/** The state heard last, or the stored one. */
export function useLiveState(meter: Pick<Meter, 'id' | 'state' | 'lastSeen'>): LiveState {
  const heard = useLive().states.get(meter.id);
  return heard === undefined ? meter : { state: heard.state, lastSeen: heard.lastSeen ?? meter.lastSeen };
}

export function StateBadge({
  meter,
}: {
  readonly meter: Pick<Meter, 'id' | 'state' | 'lastSeen' | 'lastError'>;
}) {
  const { state, lastSeen } = useLiveState(meter);
  const zone = useZone();
  const seen = lastSeen === null ? 'Never answered' : `Last answer ${dateTime(lastSeen, zone)} (${zone})`;
  const error = state === 'offline' && meter.lastError !== null ? ` · ${meter.lastError.message}` : '';
  return (
    <Tooltip label={`${seen}${error}`} multiline maw={360}>
      <Badge color={colors[state]} variant="dot" size="md" tt="none" fw={500} miw="max-content">
        {stateNames[state]}
      </Badge>
    </Tooltip>
  );
}

export function EnabledBadge({ enabled }: { readonly enabled: boolean }) {
  return (
    <Badge color={enabled ? 'teal' : 'gray'} variant="light" size="md" tt="none" fw={500} miw="max-content">
      {enabled ? 'Enable' : 'Disable'}
    </Badge>
  );
}
