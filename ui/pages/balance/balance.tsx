import {
  ActionIcon,
  Anchor,
  Button,
  Card,
  Group,
  SegmentedControl,
  Select,
  Skeleton,
  Stack,
  Text,
} from '@mantine/core';
import { IconChevronLeft, IconChevronRight, IconDownload } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link, useSearchParams } from 'react-router';
import type { Transformer } from '../../../src/api/contract.ts';
import { queryString, request } from '../../api/client.ts';
import { useRight, useZone } from '../../api/queries.ts';
import { dateMinute } from '../../format.ts';
import { Page } from '../../parts/page.tsx';
import { Problem } from '../../parts/problem.tsx';
import { BalanceBody } from './balance-body.tsx';

const DAY_MS = 86_400_000;
const ranges = ['1', '7', '30'];
/** Ends on a round quarter of an hour, so that the query stays the same for a while and its answer is reused. */
const roundedNow = (): number => Math.ceil(Date.now() / 900_000) * 900_000;

/** Operating → Balance: what the transformer supplied, what its meters took, and what is left. */
export default function Balance() {
  const transformers = useQuery({
    queryKey: ['balance', 'transformers'],
    queryFn: () => request('GET /api/balance'),
    refetchInterval: 30_000,
  });
  if (transformers.isError && transformers.data === undefined) {
    return (
      <Page title="Balance">
        <Problem error={transformers.error} retry={() => void transformers.refetch()} />
      </Page>
    );
  }
  if (transformers.data === undefined) {
    return (
      <Page title="Balance">
        <Skeleton h={380} />
      </Page>
    );
  }
  const { rows } = transformers.data;
  return rows.length === 0 ? <NoBalance /> : <Balances transformers={rows} />;
}

function NoBalance() {
  const mayWrite = useRight('meters.write');
  return (
    <Page title="Balance">
      <Card withBorder radius="lg" p="xl">
        <Stack gap="sm" maw={640}>
          <Text fw={600}>No meter is marked as balance meter yet.</Text>
          <Text size="sm">
            The balance meter sits at the transformer and counts all that goes into the street. What it
            counts, minus what the meters below it take, is what is lost on the way, or taken by nobody’s
            account.
          </Text>
          <Text size="sm">
            Open the meter in the archive, choose Edit, and switch on “Balance meter”. With one balance meter
            all other meters are below it; with several, name for each meter the one that it is below.
          </Text>
          {mayWrite && (
            <Group>
              <Button component={Link} to="/meters" variant="default">
                Open the archive
              </Button>
            </Group>
          )}
        </Stack>
      </Card>
    </Page>
  );
}

function Balances({ transformers }: { readonly transformers: readonly Transformer[] }) {
  const [params, setParams] = useSearchParams();
  const zone = useZone();
  const chosen = transformers.find(({ meterId }) => String(meterId) === params.get('of')) ?? transformers[0];
  const days = Number(ranges.includes(params.get('days') ?? '') ? params.get('days') : '7');
  const end = Number(params.get('end')) || roundedNow();
  const interval = { from: end - days * DAY_MS, to: end };
  const id = chosen?.meterId ?? 0;
  const balance = useQuery({
    queryKey: ['balance', id, interval.from, interval.to],
    queryFn: () => request('GET /api/balance/:id', { params: { id }, query: interval }),
    placeholderData: keepPreviousData,
    refetchInterval: 10_000,
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
  if (chosen === undefined) return null;
  return (
    <Page
      title="Balance"
      actions={
        <Button
          component="a"
          href={`/api/balance/${id}/intervals.csv${queryString(interval)}`}
          variant="default"
          leftSection={<IconDownload size={16} />}
        >
          Export CSV
        </Button>
      }
    >
      <Card withBorder radius="lg">
        <Stack gap="sm">
          <Group justify="space-between" align="flex-end">
            <Group gap="lg" align="flex-end">
              {transformers.length > 1 && (
                <Select
                  label="Balance meter"
                  allowDeselect={false}
                  data={transformers.map(({ meterId, meterNo, until }) => ({
                    value: String(meterId),
                    label: until === null ? meterNo : `${meterNo}, until ${dateMinute(until, zone)}`,
                  }))}
                  value={String(id)}
                  onChange={(value) => set({ of: value })}
                />
              )}
              <Text size="sm">
                Balance meter{' '}
                <Anchor component={Link} to={`/meters/${id}`} inherit>
                  {chosen.meterNo}
                </Anchor>
                , {chosen.members} {chosen.members === 1 ? 'meter' : 'meters'} below it
              </Text>
            </Group>
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
          </Group>
          <Text size="sm" c="dimmed" className="numbers">
            {dateMinute(interval.from, zone)} – {dateMinute(interval.to, zone)} ({zone})
          </Text>
          {balance.isError && balance.data === undefined ? (
            <Problem error={balance.error} retry={() => void balance.refetch()} />
          ) : balance.data === undefined ? (
            <Skeleton h={380} />
          ) : (
            <BalanceBody balance={balance.data} />
          )}
        </Stack>
      </Card>
    </Page>
  );
}
