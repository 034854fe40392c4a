import { ActionIcon, Chip, Group, SegmentedControl, Skeleton, Stack, Text } from '@mantine/core';
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useSearchParams } from 'react-router';
import type { Profile } from '../../../src/api/contract.ts';
import { request } from '../../api/client.ts';
import { useZone } from '../../api/queries.ts';
import { dateMinute } from '../../format.ts';
import { Problem } from '../../parts/problem.tsx';
import { GapList } from './gap-list.tsx';
import { gapColors, markColor, ProfileChart } from './profile-chart.tsx';
import { chartData, totalOf } from './series.ts';

const DAY_MS = 86_400_000;
const ranges = ['1', '7', '20'];
/** Ends on a round quarter of an hour, so that the query stays the same for a while and its answer is reused. */
const roundedNow = (): number => Math.ceil(Date.now() / 900_000) * 900_000;

/** Chart of a profile with its gaps; the range is in the address. */
export function ProfileTab({
  meterId,
  kind,
}: {
  readonly meterId: number;
  readonly kind: 'energy' | 'demand';
}) {
  const [params, setParams] = useSearchParams();
  const days = Number(ranges.includes(params.get('days') ?? '') ? params.get('days') : '7');
  const end = Number(params.get('end')) || roundedNow();
  const interval = { from: end - days * DAY_MS, to: end };
  const zone = useZone();
  const profile = useQuery({
    queryKey: ['meter-data', meterId, 'profile', kind, interval.from, interval.to],
    queryFn: () =>
      request('GET /api/meters/:id/profile', { params: { id: meterId }, query: { kind, ...interval } }),
    placeholderData: keepPreviousData,
  });
  const set = (change: Readonly<Record<string, string | null>>): void =>
    setParams(
      (before) => {
        const next = new URLSearchParams(before);
        for (const [key, value] of Object.entries(change)) {
          if (value === null) next.delete(key);
          else next.set(key, value);
        }
        return next;
      },
      { replace: true },
    );
  const move = (direction: 1 | -1): void => {
    const next = end + direction * days * DAY_MS;
    set({ end: next >= roundedNow() ? null : String(next) });
  };
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Group gap="xs">
          <ActionIcon variant="default" size="lg" aria-label="Earlier" onClick={() => move(-1)}>
            <IconChevronLeft size={16} />
          </ActionIcon>
          <SegmentedControl
            data={ranges.map((value) => ({ value, label: value === '1' ? '1 day' : `${value} days` }))}
            value={String(days)}
            onChange={(value) => set({ days: value })}
            aria-label="Range"
          />
          <ActionIcon
            variant="default"
            size="lg"
            aria-label="Later"
            disabled={!params.has('end')}
            onClick={() => move(1)}
          >
            <IconChevronRight size={16} />
          </ActionIcon>
        </Group>
        <Text size="sm" c="dimmed" className="numbers">
          {dateMinute(interval.from, zone)} – {dateMinute(interval.to, zone)} ({zone})
        </Text>
      </Group>
      {profile.isError && profile.data === undefined ? (
        <Problem error={profile.error} retry={() => void profile.refetch()} />
      ) : profile.data === undefined ? (
        <Skeleton h={380} />
      ) : (
        <ProfileBody profile={profile.data} />
      )}
    </Stack>
  );
}

function ProfileBody({ profile }: { readonly profile: Profile }) {
  const data = useMemo(() => chartData(profile), [profile]);
  const marked = useMemo(
    () =>
      profile.marks
        .filter(({ marks }) => marks.some((mark) => mark !== 'power-failed'))
        .map(({ row }) => profile.times[row] ?? 0),
    [profile],
  );
  const [chosen, setChosen] = useState<string[]>([]);
  const drawn = useMemo(() => {
    const known = data.series.filter((series) => chosen.includes(series.key));
    const active = known.length > 0 ? known : data.series.slice(0, 1);
    // One axis: what is drawn together shares the unit of the series chosen last.
    const last = active.find((series) => series.key === chosen.at(-1)) ?? active[0];
    return active.filter((series) => series.unit === last?.unit);
  }, [data, chosen]);
  const totals = profile.columns
    .filter((column) => drawn.some((series) => series.obis === column.obis))
    .map((column) => ({ column, total: totalOf(column) }));
  return (
    <Stack gap="xs">
      {data.series.length > 1 && (
        <Chip.Group multiple value={drawn.map((series) => series.key)} onChange={setChosen}>
          <Group gap={6}>
            {data.series.map((series) => (
              <Chip key={series.key} value={series.key} size="xs" variant="light">
                {series.label} ({series.unit})
              </Chip>
            ))}
          </Group>
        </Chip.Group>
      )}
      <ProfileChart
        times={data.times}
        series={drawn}
        gaps={profile.gaps}
        marked={marked}
        zone={profile.zone}
        from={profile.from}
        to={profile.to}
      />
      <Group gap="lg" justify="space-between">
        <Group gap="lg">
          {totals.map(({ column, total }) =>
            total === null ? null : (
              <Text key={column.obis} size="sm">
                {column.name ?? column.obis}:{' '}
                <Text span inherit fw={600} className="numbers">
                  {total.value.toFixed(2)} {total.unit}
                </Text>
              </Text>
            ),
          )}
        </Group>
        <Group gap="md">
          {marked.length > 0 && (
            <Text size="sm" c="dimmed">
              <Text span c={markColor} aria-hidden>
                ┊
              </Text>{' '}
              Clock set, doubtful or invalid: {marked.length} {marked.length === 1 ? 'row' : 'rows'}
            </Text>
          )}
          <GapLegend gaps={profile.gaps} />
        </Group>
      </Group>
      <GapList gaps={profile.gaps} zone={profile.zone} />
    </Stack>
  );
}

function GapLegend({ gaps }: { readonly gaps: Profile['gaps'] }) {
  const hours = (reason: 'unread' | 'missing'): number =>
    gaps.filter((gap) => gap.reason === reason).reduce((sum, gap) => sum + gap.toMs - gap.fromMs, 0) /
    3_600_000;
  const entries = [
    ['unread', 'not fetched yet'],
    ['missing', 'no rows in the meter'],
  ] as const;
  if (gaps.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        No gaps
      </Text>
    );
  }
  return (
    <Group gap="md">
      {entries.map(([reason, label]) =>
        hours(reason) === 0 ? null : (
          <Text key={reason} size="sm" c="dimmed">
            <Text span c={gapColors[reason]} aria-hidden>
              ▨
            </Text>{' '}
            Gap, {label}: {hours(reason).toFixed(1)} h
          </Text>
        ),
      )}
    </Group>
  );
}
