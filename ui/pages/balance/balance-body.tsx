import { Chip, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { useMemo, useState } from 'react';
import type { Balance } from '../../../src/api/contract.ts';
import { gapColors, ProfileChart } from '../meter/profile-chart.tsx';
import { inReadableUnit } from '../meter/series.ts';
import { balanceChart, percent, totalsOf } from './balance-data.ts';
import { IntervalTable } from './interval-table.tsx';

const NO_MARKS: readonly number[] = [];

/** Figures, chart and rows of a balance. */
export function BalanceBody({ balance }: { readonly balance: Balance }) {
  const chart = useMemo(() => balanceChart(balance), [balance]);
  const [chosen, setChosen] = useState<string[]>(['Balance', 'Supplied', 'Consumed']);
  const drawn = useMemo(() => {
    const known = chart.series.filter(({ key }) => chosen.includes(key));
    return known.length > 0 ? known : chart.series.slice(0, 1);
  }, [chart, chosen]);
  if (balance.intervals.length === 0) {
    return (
      <Text c="dimmed" py="xl" ta="center">
        There is no balance in this time: the balance meter’s load profile has not been read for it.
      </Text>
    );
  }
  return (
    <Stack gap="md">
      <Totals balance={balance} />
      <Chip.Group multiple value={drawn.map(({ key }) => key)} onChange={setChosen}>
        <Group gap={6}>
          {chart.series.map(({ key, label }) => (
            <Chip key={key} value={key} size="xs" variant="light">
              {label}
            </Chip>
          ))}
        </Group>
      </Chip.Group>
      <ProfileChart
        times={chart.times}
        series={drawn}
        gaps={chart.gaps}
        marked={NO_MARKS}
        zone={balance.zone}
        from={balance.from}
        to={balance.to}
      />
      <Group gap="md" justify="flex-end">
        {legends
          .filter(([reason]) => chart.gaps.some((gap) => gap.reason === reason))
          .map(([reason, label]) => (
            <Text key={reason} size="sm" c="dimmed">
              <Text span c={gapColors[reason]} aria-hidden>
                ▨
              </Text>{' '}
              {label}
            </Text>
          ))}
      </Group>
      <IntervalTable balance={balance} />
    </Stack>
  );
}

const legends = [
  ['unread', 'More than 2 % of the meters missing'],
  ['missing', 'No balance'],
] as const;

function Totals({ balance }: { readonly balance: Balance }) {
  const { supplied, consumed, balance: left, share, completeness } = totalsOf(balance.intervals);
  const facts: [string, string][] = [
    ['Supplied', energyText(supplied)],
    ['Consumed', energyText(consumed)],
    ['Balance', `${energyText(left)}${share === null ? '' : ` (${(share * 100).toFixed(1)}\u00a0%)`}`],
    ['Completeness', completeness === null ? '—' : percent(completeness)],
  ];
  return (
    <SimpleGrid cols={{ base: 2, sm: 4 }}>
      {facts.map(([label, text]) => (
        <div key={label}>
          <Text size="sm" c="dimmed">
            {label}
          </Text>
          <Text fw={600} size="lg" className="numbers">
            {text}
          </Text>
        </div>
      ))}
    </SimpleGrid>
  );
}

function energyText(value: number): string {
  const { unit, values } = inReadableUnit('Wh', [value]);
  return `${(values[0] ?? value).toFixed(unit === 'Wh' ? 0 : 1)}\u00a0${unit}`;
}
