import { ScrollArea, Skeleton, Table, Text, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { request } from '../../api/client.ts';
import { scaledText } from '../../format.ts';
import { Problem } from '../../parts/problem.tsx';
import { Time } from '../../parts/time.tsx';

export function RegistersTab({ meterId }: { readonly meterId: number }) {
  const [filter, setFilter] = useState('');
  const registers = useQuery({
    queryKey: ['meter-data', meterId, 'registers'],
    queryFn: () => request('GET /api/meters/:id/registers', { params: { id: meterId } }),
  });
  if (registers.isError) return <Problem error={registers.error} retry={() => void registers.refetch()} />;
  if (registers.data === undefined) return <Skeleton h={240} />;
  const { rows } = registers.data;
  if (rows.length === 0) {
    return (
      <Text c="dimmed" py="xl" ta="center">
        No register has been read yet. “Read now” fetches them.
      </Text>
    );
  }
  const wanted = filter.trim().toLowerCase();
  const shown = rows.filter((row) => `${row.name ?? ''} ${row.obis}`.toLowerCase().includes(wanted));
  return (
    <>
      <TextInput
        placeholder="Search name or OBIS code"
        aria-label="Search name or OBIS code"
        leftSection={<IconSearch size={16} />}
        value={filter}
        onChange={(event) => setFilter(event.currentTarget.value)}
        maw={320}
        mb="sm"
      />
      <ScrollArea type="auto">
        <Table striped="even" highlightOnHover withTableBorder>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Register</Table.Th>
              <Table.Th>OBIS</Table.Th>
              <Table.Th ta="right">Value</Table.Th>
              <Table.Th>Unit</Table.Th>
              <Table.Th>Read at</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody className="numbers">
            {shown.map((row) => (
              <Table.Tr key={`${row.obis}:${row.attribute}`}>
                <Table.Td>{row.name ?? '—'}</Table.Td>
                <Table.Td>{row.obis}</Table.Td>
                <Table.Td ta="right" fw={600}>
                  {scaledText(row.value, row.scaler)}
                </Table.Td>
                <Table.Td>{row.unit}</Table.Td>
                <Table.Td>
                  <Time ms={row.time} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea>
    </>
  );
}
