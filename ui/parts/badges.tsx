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

/** What keeps a meter from being read for good: its place is taken, or it may not communicate. */
export function StandingBadge({ meter }: { readonly meter: Pick<Meter, 'replaced' | 'blacklisted'> }) {
  const { replaced, blacklisted } = meter;
  if (blacklisted !== null) {
    return (
      <Tooltip label={`May not communicate${blacklisted.reason === '' ? '' : `: ${blacklisted.reason}`}`}>
        <Badge color="red" variant="filled" size="md" tt="none" fw={500} miw="max-content">
          Blacklisted
        </Badge>
      </Tooltip>
    );
  }
  if (replaced === null) return null;
  return (
    <Tooltip label={`Replaced by ${replaced.meterNo}`}>
      <Badge color="gray" variant="outline" size="md" tt="none" fw={500} miw="max-content">
        Replaced
      </Badge>
    </Tooltip>
  );
}
