import { ScrollArea, Skeleton, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Profile, ProfileKind } from '../../../src/api/contract.ts';
import { request } from '../../api/client.ts';
import { useZone } from '../../api/queries.ts';
import { dateMinute, scaledText } from '../../format.ts';
import { Problem } from '../../parts/problem.tsx';
import { markTexts } from './gap-text.ts';

const SHOWN = 200;

const keyOf = (column: Profile['columns'][number]): string =>
  `${column.classId}:${column.obis}:${column.attribute}`;

/** The rows of a profile as they were read, newest first, scaled exactly. */
export function RowsTable({
  meterId,
  kind,
  interval,
}: {
  readonly meterId: number;
  readonly kind: ProfileKind;
  readonly interval?: { readonly from: number; readonly to: number };
}) {
  const zone = useZone();
  const profile = useQuery({
    queryKey: ['meter-data', meterId, 'rows', kind, interval?.from, interval?.to],
    queryFn: () =>
      request('GET /api/meters/:id/profile', { params: { id: meterId }, query: { kind, ...interval } }),
  });
  if (profile.isError) return <Problem error={profile.error} retry={() => void profile.refetch()} />;
  if (profile.data === undefined) return <Skeleton h={240} />;
  const { times, columns, marks } = profile.data;
  const marksOf = new Map(marks.map((row) => [row.row, row.marks]));
  if (times.length === 0) {
    return (
      <Text c="dimmed" py="xl" ta="center">
        Nothing has been read yet. “Collect missing data” fetches it.
      </Text>
    );
  }
  const order = times.map((_, index) => times.length - 1 - index).slice(0, SHOWN);
  return (
    <>
      <ScrollArea.Autosize mah={560} type="auto">
        <Table striped="even" highlightOnHover stickyHeader withTableBorder style={{ whiteSpace: 'nowrap' }}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Time ({zone})</Table.Th>
              {columns.map((column) => (
                <Table.Th
                  key={keyOf(column)}
                  ta="right"
                  maw={190}
                  style={{ whiteSpace: 'normal', verticalAlign: 'bottom' }}
                >
                  {column.name ?? column.obis}
                  <Text size="xs" c="dimmed" fw={400}>
                    {column.obis}
                    {column.unit !== null && `, ${column.unit}`}
                  </Text>
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody className="numbers">
            {order.map((row) => (
              <Table.Tr key={times[row]}>
                <Table.Td>
                  {dateMinute(times[row] ?? 0, zone)}
                  {marksOf.has(row) && (
                    <Text span inherit c="orange" ml={6}>
                      {marksOf
                        .get(row)
                        ?.map((mark) => markTexts[mark])
                        .join(', ')}
                    </Text>
                  )}
                </Table.Td>
                {columns.map((column) => {
                  const value = column.values[row] ?? null;
                  return (
                    <Table.Td key={keyOf(column)} ta="right">
                      {value === null ? '—' : scaledText(value, column.scaler)}
                    </Table.Td>
                  );
                })}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea.Autosize>
      {times.length > SHOWN && (
        <Text size="sm" c="dimmed" mt="xs">
          The newest {SHOWN} of {times.length} rows.
        </Text>
      )}
    </>
  );
}
