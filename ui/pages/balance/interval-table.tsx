import { Anchor, Modal, ScrollArea, Skeleton, Table, Text } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import type { Balance } from '../../../src/api/contract.ts';
import { request } from '../../api/client.ts';
import { dateMinute, scaledText } from '../../format.ts';
import { NOT_A_PHONE } from '../../parts/phone.tsx';
import { Problem } from '../../parts/problem.tsx';
import { causeTexts, completenessOf, percent } from './balance-data.ts';

const SHOWN = 200;
/** Where the month begins in a date: a phone has no room for the year. */
const MONTH = 5;

type Row = Balance['intervals'][number];

/** The intervals as they were worked out, newest first, exact. */
export function IntervalTable({ balance }: { readonly balance: Balance }) {
  const wide = useMediaQuery(NOT_A_PHONE, true, { getInitialValueInEffect: false });
  const [asked, setAsked] = useState<Row | undefined>();
  const { intervals, zone } = balance;
  const rows = intervals.slice(-SHOWN).toReversed();
  const columns: [string, (row: Row) => number][] = [
    ...(wide
      ? ([
          ['Supplied', (row) => row.imported],
          ['Fed back', (row) => row.exported],
          ['Consumed', (row) => row.consumed],
          ['Fed in', (row) => row.fed],
        ] as [string, (row: Row) => number][])
      : []),
    ['Balance', (row) => row.balance],
  ];
  return (
    <>
      <ScrollArea.Autosize mah={480} type="auto">
        <Table striped="even" highlightOnHover stickyHeader withTableBorder style={{ whiteSpace: 'nowrap' }}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{wide ? `Until (${zone})` : 'Until'}</Table.Th>
              {columns.map(([title]) => (
                <Table.Th key={title} ta="right">
                  {title}
                  <Text span size="xs" c="dimmed" fw={400}>
                    , Wh
                  </Text>
                </Table.Th>
              ))}
              <Table.Th ta="right">Meters</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody className="numbers">
            {rows.map((row) => (
              <Table.Tr key={row.to}>
                <Table.Td>{wide ? dateMinute(row.to, zone) : dateMinute(row.to, zone).slice(MONTH)}</Table.Td>
                {columns.map(([title, of]) => (
                  <Table.Td key={title} ta="right">
                    {scaledText(of(row), row.scaler)}
                  </Table.Td>
                ))}
                <Table.Td ta="right">
                  <Meters row={row} ask={() => setAsked(row)} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea.Autosize>
      {intervals.length > SHOWN && (
        <Text size="sm" c="dimmed">
          The newest {SHOWN} of {intervals.length} intervals; the export has all of them.
        </Text>
      )}
      <Modal
        opened={asked !== undefined}
        onClose={() => setAsked(undefined)}
        title={
          asked === undefined
            ? ''
            : `Missing meters, ${dateMinute(asked.from, zone)} – ${dateMinute(asked.to, zone)} (${zone})`
        }
      >
        {asked !== undefined && <Missing meterId={balance.meterId} to={asked.to} />}
      </Modal>
    </>
  );
}

function Meters({ row, ask }: { readonly row: Row; readonly ask: () => void }) {
  const completeness = completenessOf(row);
  if (completeness === null) return <>—</>;
  const text = `${row.counted} of ${row.expected}`;
  if (row.counted === row.expected) return <>{text}</>;
  return (
    <Anchor component="button" type="button" inherit onClick={ask} title={percent(completeness)}>
      {text}
    </Anchor>
  );
}

function Missing({ meterId, to }: { readonly meterId: number; readonly to: number }) {
  const missing = useQuery({
    queryKey: ['balance', meterId, 'missing', to],
    queryFn: () => request('GET /api/balance/:id/missing', { params: { id: meterId }, query: { to } }),
  });
  if (missing.isError) return <Problem error={missing.error} retry={() => void missing.refetch()} />;
  if (missing.data === undefined) return <Skeleton h={120} />;
  const { rows } = missing.data;
  if (rows.length === 0) return <Text size="sm">All rows are there by now.</Text>;
  return (
    <Table>
      <Table.Tbody>
        {rows.map((row) => (
          <Table.Tr key={row.meterId}>
            <Table.Td>
              {row.meterNo === null ? (
                'A meter that was deleted'
              ) : (
                <Anchor component={Link} to={`/meters/${row.meterId}`} inherit>
                  {row.meterNo}
                </Anchor>
              )}
            </Table.Td>
            <Table.Td>{causeTexts[row.cause]}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
